/// Whoever watches a transfer and answers its one question.
///
/// Both calls come from threads of the engine, one at a time and in order.
public protocol TransferObserver: Sendable {
    /// Takes note of an event. Must not block for long: bytes wait meanwhile.
    func handle(_ event: TransferEvent)

    /// Answers whether to take what is offered. May block for as long as the user thinks; the session
    /// is kept alive meanwhile. Asked once in a run of the receiver, before anything is claimed, also
    /// where the offer ``OfferSummary/isContinued``; and once more where a sender that went away comes
    /// back with another listing.
    func decide(_ offer: OfferSummary) -> Decision
}

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

    /// Answers whether a device that holds the ticket may see what is offered, and have it. Asked by a
    /// sender with ``SendOptions/Admission/asked``, once a device and run; whoever accepted the ticket
    /// in an earlier run is not asked about again. May block like ``decide(_:)``.
    func admit(_ receiver: PeerConnection) -> Decision
}

extension TransferObserver {
    /// Lets everybody in.
    public func admit(_ receiver: PeerConnection) -> Decision { .accept }
}

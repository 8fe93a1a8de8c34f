import SealiftContent

/// What a receiver's user was asked, and said yes to.
///
/// A yes holds for the listing that was shown, whatever session it comes in.
struct Consent {
    private let observer: ObserverThread
    private let answers: AnswerBox<ContentID>
    /// The listing that the user said yes to.
    private var accepted: ContentID?
    /// The listing that the user is being asked about.
    private var asked: ContentID?

    /// Nothing asked yet; `wake` is called when an answer can be taken.
    init(_ observer: ObserverThread, wake: @escaping @Sendable () -> Void) {
        self.observer = observer
        answers = AnswerBox(wake: wake)
    }

    /// Whether a question waits for its answer.
    var isAsking: Bool { asked != nil }

    /// Whether the user was asked about this very listing and has not answered.
    func isAsking(about listing: ContentID) -> Bool { asked == listing }

    /// Whether the user said yes to this very listing.
    func covers(_ listing: ContentID) -> Bool { accepted == listing }

    /// Puts `question` before the user, on the observer's thread.
    mutating func ask(_ question: OfferSummary, about listing: ContentID) {
        asked = listing
        observer.ask { [answers] observer in
            answers.put(observer.decide(question), about: listing)
        }
    }

    /// The answers that came since the last call.
    mutating func takeAnswers() -> [(subject: ContentID, decision: Decision)] {
        let taken = answers.takeAll()
        for (listing, decision) in taken {
            if asked == listing { asked = nil }
            if decision == .accept { accepted = listing }
        }
        return taken
    }
}

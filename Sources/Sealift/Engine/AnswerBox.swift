import Synchronization

/// The user's answers on their way from the observer's thread to a run's.
final class AnswerBox<Subject: Sendable>: Sendable {
    private let answers = Mutex<[(subject: Subject, decision: Decision)]>([])
    private let wake: @Sendable () -> Void

    /// Makes an empty box; `wake` is called when an answer can be taken.
    init(wake: @escaping @Sendable () -> Void) {
        self.wake = wake
    }

    /// The user decided about `subject`.
    func put(_ decision: Decision, about subject: Subject) {
        answers.withLock { $0.append((subject, decision)) }
        wake()
    }

    /// The answers that came since the last call.
    func takeAll() -> [(subject: Subject, decision: Decision)] {
        answers.withLock { box in
            defer { box = [] }
            return box
        }
    }
}

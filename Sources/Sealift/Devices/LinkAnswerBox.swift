import SealiftIO
import Synchronization

/// The user's answer on its way from the thread that asks.
final class LinkAnswerBox: Sendable {
    private let answer = Mutex<LinkAnswer?>(nil)
    private let waker: Waker

    init(_ waker: Waker) {
        self.waker = waker
    }

    /// The user said this.
    func put(_ answer: LinkAnswer) {
        self.answer.withLock { $0 = answer }
        waker.wake()
    }

    /// The answer, once; nil where there is none yet.
    func take() -> LinkAnswer? {
        answer.withLock { answer in
            defer { answer = nil }
            return answer
        }
    }
}

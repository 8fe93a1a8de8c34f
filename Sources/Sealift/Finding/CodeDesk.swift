import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftRendezvous
import SealiftTraversal
import Synchronization

/// Keeps a code open at a rendezvous server while a sender waits, on a thread of its own.
///
/// A code that was tried in vain, or whose server went away, is followed by a new one. The transfer needs
/// none of this: the ticket works all the while.
final class CodeDesk: Sendable {
    /// What the sender's own thread takes note of.
    enum Event: Sendable {
        /// This code waits for its receiver; the one before it is dead.
        case code(PairingCode)
        /// A receiver proved to know the words and will dial with this key.
        case agreed(PreSharedKey)
        /// Something the user should know.
        case trouble(String)
        /// Too many wrong tries: no further code comes.
        case exhausted(String)
    }

    /// How long after a lost connection the next is tried; twice as long each time, up to a minute.
    private static let firstRetry = Duration.seconds(1)
    private static let longestRetry = Duration.seconds(60)
    /// After so many wrong tries in a row somebody is guessing, and no more codes are given out.
    private static let mostWrongTries = 5

    private let servers: [RendezvousAddress]
    private let meeting: [UInt8]
    private let purpose: CodePurpose
    private let audience: SendOptions.Audience
    private let events: BoundedQueue<Event>
    /// What the thread sleeps at between two tries; closed to wake it up for good.
    private let pause = BoundedQueue<Never>(capacity: 1)
    private let connection = Mutex<RendezvousConnection?>(nil)
    private let thread = Mutex<NamedThread?>(nil)

    /// Begins to offer codes.
    /// - Parameters:
    ///   - purpose: what the codes are for.
    ///   - audience: for many receivers each code that is agreed on is followed by another.
    ///   - waker: woken when there is an event.
    init(
        servers: [RendezvousAddress], meeting: Meeting, purpose: CodePurpose = .transfer,
        audience: SendOptions.Audience, waker: Waker
    ) throws(SystemError) {
        self.servers = servers
        self.purpose = purpose
        self.meeting = meeting.encoded
        self.audience = audience
        events = BoundedQueue(capacity: 64) { waker.wake() }
        let started = try NamedThread(name: "sealift code") { [self] in run() }
        thread.withLock { $0 = started }
    }

    /// Takes the next event; nil where there is none.
    func takeEvent() -> Event? { events.tryPop() }

    /// Takes the code back and ends the thread.
    func finish() {
        pause.close()
        events.closeAndDiscard()
        connection.withLock { $0 }?.close()
        // Not joined: it may be waiting for a server that does not answer, and touches nothing of ours.
        thread.withLock { $0 = nil }
    }

    // MARK: The thread

    private enum Outcome {
        case agreed, wrongWords, again, lost(String)
    }

    private func run() {
        var retry = Self.firstRetry
        var wrongTries = 0
        var isTroubleTold = false
        while !isFinished {
            switch offer() {
            case .agreed:
                guard audience == .manyReceivers else { return }
                wrongTries = 0
                retry = Self.firstRetry
            case .wrongWords:
                wrongTries += 1
                guard wrongTries < Self.mostWrongTries else {
                    tell(
                        .exhausted("\(wrongTries) wrong codes in a row; no more are given out"))
                    return
                }
                tell(.trouble("somebody gave a wrong code; here is a new one"))
                retry = Self.firstRetry
            case .again:
                retry = Self.firstRetry
            case .lost(let reason):
                if !isTroubleTold { tell(.trouble("no code at the moment: \(reason)")) }
                isTroubleTold = true
                guard case .timedOut = pause.pop(until: MonotonicClock.now() + retry) else {
                    return
                }
                retry = min(retry * 2, Self.longestRetry)
            }
        }
    }

    private func tell(_ event: Event) { events.push(event) }

    /// One code at the first server that answers, to its end.
    private func offer() -> Outcome {
        var reason = "no server is named"
        for server in servers {
            let opened: RendezvousConnection
            do throws(RendezvousConnectionError) {
                opened = try RendezvousConnection.open(server)
            } catch {
                reason = error.words(server)
                continue
            }
            connection.withLock { $0 = opened }
            defer {
                connection.withLock { $0 = nil }
                opened.close()
            }
            return serve(opened, server)
        }
        return .lost(reason)
    }

    private func serve(
        _ connection: RendezvousConnection, _ server: RendezvousAddress
    ) -> Outcome {
        var offer = CodeOffer(
            meeting: meeting, purpose: purpose, entropy: SealiftCrypto.SystemEntropy())
        while true {
            // Somebody who asked to stop before the connection was known closed the queue of events.
            guard !isFinished,
                case .message(let message) = connection.receive(until: .distantFuture)
            else { return .lost("the connection to \(server.host) was lost") }
            for action in offer.receive(message) {
                switch action {
                case .send(let message): connection.send(message)
                case .show(let code): tell(.code(code))
                case .agreed(let key):
                    tell(.agreed(key))
                    settle(connection)
                    return .agreed
                case .wrongWords:
                    return .wrongWords
                case .abandoned:
                    tell(.trouble("somebody took the code and left; here is a new one"))
                    return .again
                case .refused(let seconds):
                    return .lost("\(server.host) is busy for \(seconds) s")
                case .violated:
                    return .lost("\(server.host) does not keep to the protocol")
                }
            }
        }
    }

    private var isFinished: Bool {
        if case .closed = pause.pop(until: .zero) { true } else { false }
    }

    /// Stays until the receiver has taken the last box, a few seconds at most: leaving would end the
    /// number before it is through.
    private func settle(_ connection: RendezvousConnection) {
        let end = MonotonicClock.now() + .seconds(10)
        while case .message(let message) = connection.receive(until: end) {
            if case .closed = message { return }
        }
    }
}

extension RendezvousConnectionError {
    /// Why `server` could not be used, as a clause.
    func words(_ server: RendezvousAddress) -> String {
        switch self {
        case .unreachable(let reason):
            "\(server.host) cannot be reached (\(PrintableText.escape(reason)))"
        case .wrongKey: "\(server.host) has another key than the one named"
        }
    }
}

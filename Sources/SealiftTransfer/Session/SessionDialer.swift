internal import DequeModule
internal import SealiftBase
internal import SealiftCrypto
internal import SealiftTransport

/// Dials until somebody who answers is heard: the handshake of the end that goes to the other
/// (`docs/PROTOCOL.md` §4.2).
///
/// A flight goes on every path at once and is repeated; a handshake that nobody answered, or whose
/// last message nobody confirmed, is given up after three seconds for a new one, until the time for
/// the first contact is over.
struct SessionDialer {
    /// What came of a datagram.
    enum OnDatagram {
        case nothing
        /// Message 2 was right: the session's keys. What they were before is void.
        case established(EstablishedSession)
        /// Somebody with the secret answered and is not to be talked to.
        case failed(HandshakeError)
    }

    /// What came of the time that passed.
    enum OnTimeout {
        case nothing
        /// A new handshake began: a session that was not confirmed is void.
        case began
        /// Nobody answered in time.
        case noAnswer
        case failed(HandshakeError)
    }

    /// How long one handshake is tried: a responder keeps it half-open for three seconds and answers
    /// nothing for it afterwards (`docs/PROTOCOL.md` §4.2), so then a new one begins.
    static let handshakeLifetime = Duration.seconds(3)

    private enum Stage {
        /// Message 1 is on its way.
        case calling(HandshakeInitiator)
        /// Message 3 is on its way, there.
        case confirming(finalFlight: [[UInt8]], PathID)
        /// A packet of the other end opened, or dialling was stopped.
        case over
    }

    private var stage = Stage.over
    private var renewal = Instant.zero
    private var schedule = RetransmissionSchedule(start: .zero)
    private var flights: Deque<(PathID, [UInt8])> = []
    private let begin: @Sendable () throws(HandshakeError) -> HandshakeInitiator
    /// When trying for the first contact ends.
    private let deadline: Instant
    /// Every way to the other end that is known.
    private(set) var paths: [PathID]
    /// Where message 1 goes too, and nothing else: nobody there is known to be the other end.
    private let groups: [PathID]

    /// Begins to dial at once.
    /// - Parameter begin: makes a new handshake each time it is called.
    /// - Throws: what `begin` throws.
    init(
        paths: [PathID], groups: [PathID], contactTimeout: Duration, now: Instant,
        begin: @escaping @Sendable () throws(HandshakeError) -> HandshakeInitiator
    ) throws(HandshakeError) {
        self.paths = paths
        self.groups = groups
        self.begin = begin
        deadline = now + contactTimeout
        try renew(now: now)
        repeatFlight(now: now)
    }

    /// Whether nobody has answered yet and somebody still may.
    var isCalling: Bool { if case .calling = stage { true } else { false } }

    /// Whether a session waits for its confirmation.
    var isConfirming: Bool { if case .confirming = stage { true } else { false } }

    /// When ``handleTimeout(now:)`` wants to be called; nil for never.
    var nextTimeout: Instant? {
        switch stage {
        case .calling: min(schedule.due, renewal, deadline)
        case .confirming: min(schedule.due, renewal)
        case .over: nil
        }
    }

    /// Takes a datagram that came on `path`.
    mutating func receive(
        _ datagram: UnsafeRawBufferPointer, on path: PathID, now: Instant
    ) -> OnDatagram {
        guard case .calling(var handshake) = stage else { return .nothing }
        do throws(HandshakeError) {
            switch try handshake.receive(datagram) {
            case .established(let session, let finalFlight):
                flights.removeAll()
                stage = .confirming(finalFlight: finalFlight, path)
                renewal = now + Self.handshakeLifetime
                schedule = RetransmissionSchedule(start: now)
                repeatFlight(now: now)
                return .established(session)
            case .ignored, .waiting:
                stage = .calling(handshake)
                return .nothing
            }
        } catch {
            stop()
            return .failed(error)
        }
    }

    /// Does what is due.
    mutating func handleTimeout(now: Instant) -> OnTimeout {
        switch stage {
        case .over:
            return .nothing
        case .calling where now < renewal && now < deadline, .confirming where now < renewal:
            repeatFlight(now: now)
            return .nothing
        case .calling, .confirming:
            break
        }
        stop()
        guard now < deadline else { return .noAnswer }
        do throws(HandshakeError) { try renew(now: now) } catch { return .failed(error) }
        repeatFlight(now: now)
        return .began
    }

    /// Another way to the other end became known. Message 1 goes there at once, the bytes that went
    /// everywhere else (`docs/PROTOCOL.md` §4.2).
    mutating func addPath(_ path: PathID, now: Instant) {
        paths.append(path)
        guard case .calling(let handshake) = stage else { return }
        flights.append(contentsOf: handshake.firstFlight.map { (path, $0) })
        // Repeated as soon as a first flight is, though the other paths were given longer by now.
        schedule = RetransmissionSchedule(start: now + RetransmissionSchedule.firstInterval)
    }

    /// A packet of the other end opened: it has the session too.
    mutating func confirm() { stop() }

    /// Dials no more.
    mutating func stop() {
        stage = .over
        flights.removeAll()
    }

    /// Takes the next datagram to send; nil where there is none.
    mutating func pollTransmit() -> (path: PathID, datagram: [UInt8])? {
        flights.popFirst().map { (path: $0.0, datagram: $0.1) }
    }

    private mutating func renew(now: Instant) throws(HandshakeError) {
        stage = .calling(try begin())
        renewal = now + Self.handshakeLifetime
        schedule = RetransmissionSchedule(start: now)
    }

    private mutating func repeatFlight(now: Instant) {
        switch stage {
        case .calling(let handshake):
            guard schedule.fire(now: now) else { return }
            for path in paths + groups {
                flights.append(contentsOf: handshake.firstFlight.map { (path, $0) })
            }
        case .confirming(let finalFlight, let path):
            guard schedule.fire(now: now) else { return }
            flights.append(contentsOf: finalFlight.map { (path, $0) })
        case .over:
            return
        }
    }
}

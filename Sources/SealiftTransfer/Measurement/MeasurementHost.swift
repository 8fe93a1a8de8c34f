public import SealiftBase
public import SealiftCrypto
public import SealiftTransport

/// The waiting end of measuring sessions, as one value: answers handshakes, sends, counts, reports.
///
/// Serves one session at a time: who comes meanwhile repeats its handshake until its own time is over.
/// Owns no socket and no clock (`docs/PROTOCOL.md` §7.5).
public struct MeasurementHost {
    /// What the driver tells its user.
    public enum Event {
        /// A device began to measure.
        case began(DevicePublicKeys, PathID)
        /// It is done, or gone.
        case ended(SessionEnding)
    }

    /// The longest session: two stretches of a minute and what lies between.
    public static let longestSession = Duration.seconds(150)

    /// What the driver knows of its machine, for the next report.
    public var machine = MeasurementReport.Machine()

    private var responder: HandshakeResponder
    private let configuration: ConnectionConfiguration
    private var guest: MeasurementLink?
    /// What the guest wants to move now.
    private var phase = MeasurementPhase.idle
    private var flights: [(PathID, [UInt8])] = []
    private var events: [Event] = []

    /// The most handshake replies that wait to be sent.
    private static let maximumFlights = 64

    /// Makes a host that answers whom `responder` knows.
    public init(responder: HandshakeResponder, configuration: ConnectionConfiguration) {
        self.responder = responder
        self.configuration = configuration
    }

    /// Whether somebody measures now.
    public var isMeasuring: Bool { guest != nil }

    /// When ``handleTimeout(now:)`` wants to be called; nil for never.
    public var nextTimeout: Instant? {
        var earliest = responder.nextTimeout
        let start = guest?.start
        for timeout in [guest?.connection.nextTimeout, start.map { $0 + Self.longestSession }] {
            if let timeout { earliest = min(earliest ?? timeout, timeout) }
        }
        return earliest
    }

    /// Takes the next event; nil where there is none.
    public mutating func pollEvent() -> Event? { events.isEmpty ? nil : events.removeFirst() }

    /// Takes a datagram that came on `path`.
    public mutating func receive(
        _ datagram: UnsafeRawBufferPointer, on path: PathID, ecn: ECN, now: Instant
    ) {
        if PacketProtection.connectionID(ofPacket: datagram) != nil {
            guest?.connection.receive(datagram, on: path, ecn: ecn, now: now)
            return
        }
        switch responder.receive(datagram, now: now) {
        case .ignored:
            break
        case .reply(let datagrams):
            guard flights.count < Self.maximumFlights else { return }
            flights.append(contentsOf: datagrams.map { (path, $0) })
        case .established(let session):
            guard guest == nil || guest?.peer == session.peer else { return }
            if guest != nil { events.append(.ended(.lost)) }
            guest = MeasurementLink(session, configuration: configuration, on: path, now: now)
            phase = .idle
            // The dialing end is sure of the session once a packet of it opens.
            guest?.connection.ping()
            events.append(.began(session.peer, path))
        }
    }

    /// Does what is due.
    public mutating func handleTimeout(now: Instant) {
        responder.handleTimeout(now: now)
        guest?.connection.handleTimeout(now: now)
        if let start = guest?.start, now >= start + Self.longestSession {
            close(now: now)
        }
    }

    /// A batch, or the rest of one, did not leave.
    public mutating func sendFailed(_ batch: PacketBatch, _ failure: SendFailure, now: Instant) {
        guest?.sendFailed(batch, failure, now: now)
    }

    /// Ends the session that there is.
    public mutating func close(now: Instant) {
        guest?.connection.close(code: .done, reason: "the measurement is over", now: now)
    }

    /// Moves what the machines found between them: to be called after inputs, and before
    /// ``pollEvent()`` and ``pollTransmit(into:now:)``.
    public mutating func process(now: Instant) {
        while let event = guest?.connection.pollEvent() {
            switch event {
            case .established, .objectDelivered, .pathMeasured:
                break
            case .objectReceived:
                guest?.objectArrived()
            case .controlReadable:
                readMessages(now: now)
            case .closed(let reason):
                guest?.ending = SessionEnding(reason)
            }
        }
        switch phase {
        case .download: guest?.sendObjects()
        case .upload: guest?.grantObjects()
        case .idle: break
        }
        if guest?.connection.state == .closed {
            events.append(.ended(guest?.ending ?? .lost))
            guest = nil
        }
    }

    private mutating func readMessages(now: Instant) {
        while let message = guest?.nextMessage(now: now) {
            switch message {
            case .phase(let phase): self.phase = phase
            case .ask:
                if let report = guest?.report(machine, now: now) { guest?.send(.report(report)) }
            case .report, .grant: guest?.close(violation: .unexpectedMessage, now: now)
            }
        }
    }

    /// Writes the datagrams to send next into `buffer`; nil where there is nothing to send now.
    public mutating func pollTransmit(
        into buffer: UnsafeMutableRawBufferPointer, now: Instant
    ) -> PacketBatch? {
        if let (path, datagram) = flights.first {
            flights.removeFirst()
            return PacketBatch(writing: datagram, on: path, into: buffer)
        }
        guard let sent = guest?.connection.pollTransmit(into: buffer, now: now) else { return nil }
        return PacketBatch(sent)
    }
}

public import SealiftBase
public import SealiftCrypto
public import SealiftTransport

/// The dialing end of a measuring session, as one value: connects, measures both ways, adds up.
///
/// Owns no socket and no clock (`docs/PROTOCOL.md` §7.5).
public struct MeasurementCaller {
    /// What the driver tells its user.
    public enum Event {
        /// The session stands.
        case connected(DevicePublicKeys, PathID)
        /// A stretch began.
        case began(MeasurementPhase)
        /// All that was to be measured is; the session is being closed.
        case measured(PathMeasurement)
        /// Nothing more will come.
        case ended(SessionEnding)
    }

    /// How long each stretch may be made.
    public static let stretchRange: ClosedRange<Duration> = .seconds(1)...(.seconds(60))
    /// Before the first stretch the path is only pinged.
    static let idleStretch = Duration.milliseconds(500)
    private static let pingInterval = Duration.milliseconds(50)
    /// How long an answer of the other end is waited for, once a stretch is over.
    private static let reportPatience = Duration.seconds(10)

    /// What the driver knows of its machine, for the next report.
    public var machine = MeasurementReport.Machine()

    private let configuration: ConnectionConfiguration
    private let stretch: Duration
    private var dialer: SessionDialer
    private var link: MeasurementLink?
    private var isOver = false
    private var events: [Event] = []

    private var phase = MeasurementPhase.idle
    private var phaseStart = Instant.zero
    /// When the next thing of a stretch is due: a ping, a question, its end.
    private var due = Instant.distantFuture
    /// Questions asked in this stretch, and both ends' answers.
    private var asked = 0
    private var own: [MeasurementReport] = []
    private var theirs: [MeasurementReport] = []
    private var idleRoundTrip: Duration?
    private var download: PathMeasurement.Stretch?

    /// Questions in a stretch: at its beginning, in the middle, at its end.
    private static let questions = 3

    /// Begins to dial on every path at once.
    /// - Parameters:
    ///   - groups: multicast groups to dial too.
    ///   - stretch: how long each direction is measured, within ``stretchRange``.
    ///   - beginHandshake: makes a new handshake each time it is called.
    /// - Throws: what `beginHandshake` throws.
    public init(
        paths: [PathID], groups: [PathID] = [], configuration: ConnectionConfiguration,
        stretch: Duration, contactTimeout: Duration = ReceiverEndpoint.contactTimeout, now: Instant,
        beginHandshake: @escaping @Sendable () throws(HandshakeError) -> HandshakeInitiator
    ) throws(HandshakeError) {
        self.configuration = configuration
        self.stretch = min(max(stretch, Self.stretchRange.lowerBound), Self.stretchRange.upperBound)
        dialer = try SessionDialer(
            paths: paths, groups: groups, contactTimeout: contactTimeout, now: now,
            begin: beginHandshake)
    }

    /// When ``handleTimeout(now:)`` wants to be called; nil for never.
    public var nextTimeout: Instant? {
        var earliest = due
        for timeout in [dialer.nextTimeout, link?.connection.nextTimeout] {
            if let timeout { earliest = min(earliest, timeout) }
        }
        return earliest == .distantFuture ? nil : earliest
    }

    /// Takes the next event; nil where there is none.
    public mutating func pollEvent() -> Event? { events.isEmpty ? nil : events.removeFirst() }

    // MARK: Inputs

    /// Takes a datagram that came on `path`.
    public mutating func receive(
        _ datagram: UnsafeRawBufferPointer, on path: PathID, ecn: ECN, now: Instant
    ) {
        if link?.connection.receive(datagram, on: path, ecn: ecn, now: now) != nil { return }
        switch dialer.receive(datagram, on: path, now: now) {
        case .nothing: break
        case .established(let session):
            link = MeasurementLink(session, configuration: configuration, on: path, now: now)
        case .failed(let error): end(.handshakeFailed(error))
        }
    }

    /// Does what is due.
    public mutating func handleTimeout(now: Instant) {
        switch dialer.handleTimeout(now: now) {
        case .nothing: break
        case .began: link = nil
        case .noAnswer: end(.noAnswer)
        case .failed(let error): end(.handshakeFailed(error))
        }
        link?.connection.handleTimeout(now: now)
        if now >= due { continueStretch(now: now) }
    }

    /// A batch, or the rest of one, did not leave.
    public mutating func sendFailed(_ batch: PacketBatch, _ failure: SendFailure, now: Instant) {
        link?.sendFailed(batch, failure, now: now)
    }

    /// Gives up: the user stopped it.
    public mutating func close(code: CloseCode, reason: String, now: Instant) {
        due = .distantFuture
        if link == nil { return end(.closed(code, reason: reason)) }
        link?.connection.close(code: code, reason: reason, now: now)
    }

    private mutating func end(_ ending: SessionEnding) {
        guard !isOver else { return }
        isOver = true
        dialer.stop()
        link = nil
        due = .distantFuture
        events.append(.ended(ending))
    }

    // MARK: Work between inputs and outputs

    /// Moves what the machines found between them: to be called after inputs, and before
    /// ``pollEvent()`` and ``pollTransmit(into:now:)``.
    public mutating func process(now: Instant) {
        while let event = link?.connection.pollEvent() {
            switch event {
            case .established:
                dialer.confirm()
                guard let link else { return }
                events.append(.connected(link.peer, link.connection.remote))
                begin(.idle, now: now)
            case .objectReceived:
                link?.objectArrived()
            case .objectDelivered, .pathMeasured:
                break
            case .controlReadable:
                readMessages(now: now)
            case .closed(let reason):
                link?.ending = SessionEnding(reason)
            }
        }
        switch phase {
        case .download: link?.grantObjects()
        case .upload: link?.sendObjects()
        case .idle: break
        }
        if link?.connection.state == .closed { end(link?.ending ?? .lost) }
    }

    private mutating func readMessages(now: Instant) {
        while let message = link?.nextMessage(now: now) {
            // No more answers than questions.
            guard case .report(let report) = message, theirs.count < asked else {
                link?.close(violation: .unexpectedMessage, now: now)
                return
            }
            take(report, now: now)
        }
    }

    // MARK: Stretches

    private mutating func begin(_ phase: MeasurementPhase, now: Instant) {
        self.phase = phase
        phaseStart = now
        asked = 0
        own = []
        theirs = []
        link?.send(.phase(phase))
        events.append(.began(phase))
        if phase == .idle {
            due = now + Self.pingInterval
        } else {
            ask(now: now)
        }
    }

    private mutating func continueStretch(now: Instant) {
        guard let opened = link?.connection, opened.state == .open else {
            due = .distantFuture
            return
        }
        guard phase == .idle else {
            guard asked < Self.questions else {
                // The last answer did not come.
                close(code: .interrupted, reason: "no answer to a question", now: now)
                return
            }
            return ask(now: now)
        }
        guard now - phaseStart >= Self.idleStretch else {
            link?.connection.ping()
            due = now + Self.pingInterval
            return
        }
        idleRoundTrip = opened.statistics.minimumRTT
        begin(.download, now: now)
    }

    private mutating func ask(now: Instant) {
        guard let report = link?.report(machine, now: now) else { return }
        asked += 1
        own.append(report)
        link?.send(.ask)
        if asked < Self.questions {
            due = phaseStart + stretch * asked / (Self.questions - 1)
        } else {
            // Nothing more is wanted of this direction.
            link?.send(.phase(.idle))
            due = now + Self.reportPatience
        }
    }

    private mutating func take(_ report: MeasurementReport, now: Instant) {
        theirs.append(report)
        guard theirs.count == Self.questions else { return }
        let took = now - phaseStart
        switch phase {
        case .download:
            download = PathMeasurement.Stretch(sender: theirs, receiver: own, took: took)
            begin(.upload, now: now)
        case .upload:
            let upload = PathMeasurement.Stretch(sender: own, receiver: theirs, took: took)
            due = .distantFuture
            phase = .idle
            events.append(
                .measured(
                    PathMeasurement(
                        idleRoundTrip: idleRoundTrip,
                        datagramSize: link?.connection.maximumDatagramSize ?? 0,
                        download: download ?? PathMeasurement.Stretch(), upload: upload)))
            link?.connection.close(code: .done, reason: "measured", now: now)
        case .idle:
            break
        }
    }

    // MARK: Output

    /// Writes the datagrams to send next into `buffer`; nil where there is nothing to send now.
    public mutating func pollTransmit(
        into buffer: UnsafeMutableRawBufferPointer, now: Instant
    ) -> PacketBatch? {
        if let (path, datagram) = dialer.pollTransmit() {
            return PacketBatch(writing: datagram, on: path, into: buffer)
        }
        guard let sent = link?.connection.pollTransmit(into: buffer, now: now) else { return nil }
        return PacketBatch(sent)
    }
}

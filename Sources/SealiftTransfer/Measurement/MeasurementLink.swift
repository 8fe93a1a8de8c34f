internal import SealiftBase
internal import SealiftCrypto
internal import SealiftTransport

/// One end's half of a measuring session that stands: its connection, and what moves on it.
struct MeasurementLink {
    var connection: Connection
    /// The other end.
    let peer: DevicePublicKeys
    /// When the session began.
    let start: Instant
    /// Why the connection closes, once it does.
    var ending: SessionEnding?
    private var stream = MeasurementStream()
    private var unread: [UInt8] = []

    init(
        _ session: EstablishedSession, configuration: ConnectionConfiguration, on path: PathID,
        now: Instant
    ) {
        connection = Connection(session: session, configuration: configuration, on: path, now: now)
        peer = session.peer
        start = now
    }

    /// What this end counted so far.
    func report(_ machine: MeasurementReport.Machine, now: Instant) -> MeasurementReport {
        MeasurementReport(connection, machine: machine, since: start, now: now)
    }

    mutating func send(_ message: MeasurementMessage) { connection.writeControl(message.encoded) }

    /// Hands the transport as many objects as it wants and the other end allows.
    mutating func sendObjects() { stream.send(on: &connection) }

    /// Lets the other end send more objects.
    mutating func grantObjects() { stream.grant(on: &connection) }

    mutating func objectArrived() { stream.objectArrived() }

    /// Takes the next message but a grant, which is noted. A message that cannot be read, or grants too
    /// much, closes the connection.
    mutating func nextMessage(now: Instant) -> MeasurementMessage? {
        connection.readControl(into: &unread)
        do throws(TransferViolation) {
            while let message = try MeasurementMessage.cut(from: &unread) {
                guard case .grant(let bound) = message else { return message }
                try stream.allow(below: bound)
            }
        } catch {
            close(violation: error, now: now)
        }
        return nil
    }

    mutating func close(violation: TransferViolation, now: Instant) {
        unread = []
        connection.close(code: .violation, reason: violation.reason, now: now)
    }

    /// A batch, or the rest of one, did not leave.
    mutating func sendFailed(_ batch: PacketBatch, _ failure: SendFailure, now: Instant) {
        guard connection.remote == batch.path else { return }
        switch failure {
        case .tooLarge: connection.datagramRefused(size: batch.datagramSize, now: now)
        case .localAddressChanged: connection.localAddressChanged(now: now)
        case .unreachable, .other: break
        }
    }
}

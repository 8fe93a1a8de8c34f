import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftPeople
import SealiftStore
import SealiftTransfer

/// What one run sends or receives, in this machine's log: an entry before the first byte of content may
/// move, one for its end, one for each device that got nothing.
///
/// Every call returns when its entry is on the disk, or throws: the run then stops, so that nothing
/// moves unlogged. A call takes a few milliseconds; none is made while content moves to nobody else.
final class TransferRecords {
    /// A transfer whose end is not logged yet.
    private struct Running {
        let id: TransferID
        let decision: AuditEntry.Decision
        let subject: [UInt8]
        var bytes: UInt64 = 0
    }

    /// What was denied to whom; each is logged once a run, so that nobody fills the log by asking.
    private struct Denial: Hashable {
        let device: DeviceID
        let reason: ErrorCode
    }

    /// The most devices whose denials one run logs.
    private static let maximumDenials = 1_024

    private let log: AuditLog
    private let direction: AuditEntry.Direction
    private var entropy = SealiftCrypto.SystemEntropy()
    private var running: [DeviceID: Running] = [:]
    private var denials: Set<Denial> = []

    /// Opens the log of this machine.
    /// - Throws: where it cannot be written, or is not what it was.
    init(
        home: StateHome, device: DeviceKeyPair, direction: AuditEntry.Direction
    ) throws(SealiftError) {
        self.direction = direction
        do throws(StoreFailure) {
            log = try AuditLog(Store(in: home.folder), of: device)
        } catch {
            throw SealiftError(log: error)
        }
    }

    /// Content may move to or from `device` from now on. Says so once, also when it comes back.
    /// - Parameter subject: the paths it is about.
    func started(
        _ device: DeviceID, decision: AuditEntry.Decision, subject: [[UInt8]]
    ) throws(SealiftError) {
        guard running[device] == nil else { return }
        let transfer = Running(
            id: TransferID(entropy: &entropy), decision: decision,
            subject: Array(subject.joined(separator: [0])))
        try append(
            AuditEntry(
                .transferStarted, at: SystemWallClock.now(), direction: direction,
                transfer: transfer.id, peer: device, decision: decision,
                subject: transfer.subject))
        running[device] = transfer
    }

    /// So many bytes of content crossed the network to or from `device`.
    func count(_ bytes: UInt64, to device: DeviceID) {
        running[device]?.bytes = bytes
    }

    /// Both ends agreed on what `device` sent or has.
    func ended(
        _ device: DeviceID, with completion: Completion, isWhole: Bool, bytes: UInt64
    ) throws(SealiftError) {
        guard let transfer = running.removeValue(forKey: device) else { return }
        try append(
            AuditEntry(
                .transferEnded, at: SystemWallClock.now(), direction: direction,
                transfer: transfer.id, peer: device,
                content: AuditEntry.Content(length: completion.bytes, root: completion.root),
                bytes: bytes, decision: transfer.decision, result: isWhole ? .complete : .partial,
                subject: transfer.subject))
    }

    /// `device` got nothing, or what it offered was not taken.
    func denied(
        _ device: DeviceID, _ reason: ErrorCode, paths: [[UInt8]]
    ) throws(SealiftError) {
        guard running[device] == nil, denials.count < Self.maximumDenials,
            denials.insert(Denial(device: device, reason: reason)).inserted
        else { return }
        try append(
            AuditEntry(
                .transferDenied, at: SystemWallClock.now(), direction: direction, peer: device,
                result: .refused, subject: Array(paths.joined(separator: [0])),
                reason: reason.rawValue))
    }

    /// The run ends: so does everything that still runs in it.
    /// - Parameter failure: why, nil where the user of many receivers said so.
    func finish(_ failure: SealiftError?) throws(SealiftError) {
        for (device, transfer) in running.sorted(by: { $0.key.value < $1.key.value }) {
            running[device] = nil
            let reason = failure?.code ?? .interrupted
            try append(
                AuditEntry(
                    .transferEnded, at: SystemWallClock.now(), direction: direction,
                    transfer: transfer.id, peer: device, bytes: transfer.bytes,
                    decision: transfer.decision,
                    result: reason.exitStatus == .interrupted ? .interrupted : .failed,
                    subject: transfer.subject, reason: reason.rawValue))
        }
    }

    private func append(_ entry: AuditEntry) throws(SealiftError) {
        do throws(StoreFailure) { try log.append(entry) } catch { throw SealiftError(log: error) }
    }
}

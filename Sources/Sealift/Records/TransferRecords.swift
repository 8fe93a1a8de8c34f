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

    /// The most denials that one run logs.
    private static let maximumDenials = 1_024

    private let log: AuditLog
    private let store: Store
    private let device: DeviceKeyPair
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
        self.device = device
        do throws(StoreFailure) {
            store = try Store(in: home.folder)
            log = try AuditLog(store, of: device)
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
    /// - Returns: the transfer's name and where the log stands now; nil where its end was logged before.
    @discardableResult
    func ended(
        _ device: DeviceID, with completion: Completion, isWhole: Bool, bytes: UInt64
    ) throws(SealiftError) -> (transfer: TransferID, log: LogHead)? {
        guard let transfer = running.removeValue(forKey: device) else { return nil }
        let head = try append(
            AuditEntry(
                .transferEnded, at: SystemWallClock.now(), direction: direction,
                transfer: transfer.id, peer: device,
                content: AuditEntry.Content(length: completion.bytes, root: completion.root),
                bytes: bytes, decision: transfer.decision, result: isWhole ? .complete : .partial,
                subject: transfer.subject))
        return (transfer.id, head)
    }

    // MARK: Receipts

    /// What a sender says in a receipt of `transfer`, and the newest receipt with `peer` that is kept here.
    func witness(
        _ transfer: TransferID, _ head: LogHead, for peer: DeviceID
    ) throws(SealiftError) -> ReceiptWitness {
        ReceiptWitness(transfer: transfer, log: head, former: try newestReceipt(with: peer))
    }

    /// A receiver's receipt of what `sender` gave and witnessed.
    /// - Returns: nil where the library fails.
    func proposal(
        _ witness: ReceiptWitness, from sender: DevicePublicKeys, with completion: Completion,
        isReadBack: Bool, log head: LogHead
    ) throws(SealiftError) -> ReceiptProposal? {
        let statement = ReceiptStatement(
            transfer: witness.transfer,
            content: AuditEntry.Content(length: completion.bytes, root: completion.root),
            files: completion.files, verification: isReadBack ? .disk : .memory,
            time: SystemWallClock.now(), sender: sender, receiver: device.publicKeys,
            senderLog: witness.log, receiverLog: head)
        guard let signature = Receipt.signature(of: statement, as: .receiver, by: device) else {
            return nil
        }
        return ReceiptProposal(
            statement, signature: signature, former: try newestReceipt(with: sender.id))
    }

    /// Signs a receiver's receipt as the sender, where it says what is so, and keeps it.
    /// - Returns: the receipt with both signatures; nil for one that is not right.
    func countersign(
        _ proposal: ReceiptProposal, of receiver: DevicePublicKeys, _ witness: ReceiptWitness,
        with completion: Completion
    ) throws(SealiftError) -> Receipt? {
        guard
            let receipt = proposal.countersigned(
                by: device, for: receiver, witness,
                content: AuditEntry.Content(length: completion.bytes, root: completion.root),
                files: completion.files)
        else { return nil }
        try keep(receipt)
        return receipt
    }

    /// Keeps a receipt on the disk.
    func keep(_ receipt: Receipt) throws(SealiftError) {
        do throws(StoreFailure) { try store.keep(receipt, of: device.publicKeys.id) } catch {
            throw SealiftError(log: error)
        }
    }

    /// Keeps what the other end shows of earlier transfers between the two, where it is such: it bears
    /// witness to this machine's log, also where that was put back to an older state.
    func keep(former receipt: Receipt?, with peer: DevicePublicKeys) throws(SealiftError) {
        guard let receipt, receipt.isBetween(device.publicKeys, and: peer) else { return }
        try keep(receipt)
    }

    private func newestReceipt(with peer: DeviceID) throws(SealiftError) -> Receipt? {
        do throws(StoreFailure) { return try store.newestReceipt(with: peer) } catch {
            throw SealiftError(log: error)
        }
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

    @discardableResult
    private func append(_ entry: AuditEntry) throws(SealiftError) -> LogHead {
        do throws(StoreFailure) { return try log.append(entry) } catch {
            throw SealiftError(log: error)
        }
    }
}

import SealiftBase
import SealiftCrypto
import SealiftPeople

extension FuzzTarget {
    /// What a log holds, as a disk or a peer gives it: entries, checkpoints, receipts.
    static let auditLog = FuzzTarget(
        "audit-log", maximumLength: AuditEntry.maximumByteCount,
        seeds: {
            var entropy = SeededEntropy(seed: 6)
            let device = DeviceKeyPair.generate(entropy: &entropy)
            let entry = AuditEntry(
                .transferEnded, at: WallTime(secondsSince1970: 1_790_000_000),
                direction: .received, transfer: TransferID(entropy: &entropy),
                peer: device.publicKeys.id,
                content: AuditEntry.Content(length: 1 << 40, root: LogHash.empty), bytes: 77,
                decision: .ticket, result: .failed, subject: Array("model".utf8),
                reason: "disk_full")
            let head = LogHead(log: LogID(entropy: &entropy), size: 9, root: LogHash.empty)
            let checkpoint = LogCheckpoint(head, at: entry.time, by: device)
            return [
                entry.encoded, AuditEntry(.deleted, at: WallTime(secondsSince1970: -1)).encoded,
                checkpoint?.encoded ?? [],
            ]
        }
    ) { input throws(BrokenRule) in
        let bytes = input.rest()
        if let entry = try? AuditEntry(encoded: bytes) {
            try demand(entry.encoded == bytes, "an entry has two encodings")
        }
        if let checkpoint = LogCheckpoint(encoded: bytes) {
            try demand(checkpoint.encoded == bytes, "a checkpoint has two encodings")
        }
        if let receipt = Receipt(encoded: bytes) {
            try demand(receipt.encoded == bytes, "a receipt has two encodings")
        }
    }
}

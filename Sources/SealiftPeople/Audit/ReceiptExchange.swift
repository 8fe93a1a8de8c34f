internal import SealiftBase
public import SealiftCrypto

/// What the giving end contributes to a receipt (`docs/PROTOCOL.md` §7.6), and the newest receipt that it
/// keeps of the two: a log that was put back on the other side is found by it.
///
///     transfer (16) ‖ log head (56) ‖ former receipt (445, or nothing)
public struct ReceiptWitness: Hashable, Sendable {
    /// What joins the transfer's entries in its log.
    public var transfer: TransferID
    /// Where its log stands, the transfer's end included.
    public var log: LogHead
    /// The newest receipt between both devices; nil for none.
    public var former: Receipt?

    /// Puts the parts together.
    public init(transfer: TransferID, log: LogHead, former: Receipt?) {
        self.transfer = transfer
        self.log = log
        self.former = former
    }

    /// The bytes of the table above.
    public var encoded: [UInt8] {
        var writer = ByteWriter(capacity: 72)
        writer.write(transfer.bytes)
        writer.write(log)
        return writer.bytes + (former?.encoded ?? [])
    }

    /// Reads ``encoded``; nil for anything else, also where the former receipt's signatures do not hold.
    public init?(encoded: [UInt8]) {
        let count = TransferID.byteCount + LogHead.byteCount
        guard let former = Receipt.former(in: encoded, after: count) else { return nil }
        let read = encoded.withUnsafeBytes { bytes -> (TransferID, LogHead)? in
            var reader = ByteReader(bytes)
            guard let name = try? reader.readBytes(count: TransferID.byteCount),
                let transfer = TransferID(name), let log = try? reader.readLogHead()
            else { return nil }
            return (transfer, log)
        }
        guard let read else { return nil }
        (transfer, log, self.former) = (read.0, read.1, former.receipt)
    }
}

/// The receipt as the taking end proposes it, signed by it (`docs/PROTOCOL.md` §7.6).
///
///     statement (317) ‖ the receiver's signature (64) ‖ former receipt (445, or nothing)
public struct ReceiptProposal: Hashable, Sendable {
    /// What both are to say.
    public var statement: ReceiptStatement
    /// The receiver's, over it.
    public var signature: [UInt8]
    /// The newest receipt between both devices; nil for none.
    public var former: Receipt?

    /// Puts the parts together; nil unless the signature has 64 bytes.
    public init?(_ statement: ReceiptStatement, signature: [UInt8], former: Receipt?) {
        guard signature.count == Receipt.signatureByteCount else { return nil }
        self.statement = statement
        self.signature = signature
        self.former = former
    }

    /// The bytes of the table above.
    public var encoded: [UInt8] { statement.encoded + signature + (former?.encoded ?? []) }

    /// Reads ``encoded``; nil for anything else. The proposal's own signature is not looked at.
    public init?(encoded: [UInt8]) {
        let end = ReceiptStatement.byteCount + Receipt.signatureByteCount
        guard let former = Receipt.former(in: encoded, after: end),
            let statement = ReceiptStatement(
                encoded: Array(encoded[..<ReceiptStatement.byteCount]))
        else { return nil }
        self.init(
            statement, signature: Array(encoded[ReceiptStatement.byteCount..<end]),
            former: former.receipt)
    }

    /// The sender's answer: the receipt with both signatures, where the statement says exactly this and
    /// the receiver signed it; else nil, and nothing is signed.
    public func countersigned(
        by device: DeviceKeyPair, for receiver: DevicePublicKeys, _ witness: ReceiptWitness,
        content: AuditEntry.Content, files: UInt64
    ) -> Receipt? {
        guard statement.transfer == witness.transfer, statement.senderLog == witness.log,
            statement.content == content, statement.files == files,
            statement.sender == device.publicKeys, statement.receiver == receiver,
            let own = Receipt.signature(of: statement, as: .sender, by: device)
        else { return nil }
        return Receipt(statement, sender: own, receiver: signature)
    }
}

extension Receipt {
    /// Whether it is between these two devices, whichever gave.
    public func isBetween(_ one: DevicePublicKeys, and other: DevicePublicKeys) -> Bool {
        (statement.sender == one && statement.receiver == other)
            || (statement.sender == other && statement.receiver == one)
    }

    /// The receipt, or none, behind the first `count` of `bytes`; nil for other lengths, and for a receipt
    /// that does not hold.
    fileprivate static func former(in bytes: [UInt8], after count: Int) -> (
        receipt: Receipt?, Void
    )? {
        if bytes.count == count { return (nil, ()) }
        guard bytes.count == count + byteCount,
            let receipt = Receipt(encoded: Array(bytes[count...]))
        else { return nil }
        return (receipt, ())
    }
}

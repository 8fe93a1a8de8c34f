public import SealiftBase
public import SealiftCrypto

/// What both ends of a transfer put their names to: who gave what to whom, when, how it was verified,
/// and where both logs stood (`docs/PROTOCOL.md` §12.3). Each end's log is witnessed by the other.
public struct ReceiptStatement: Hashable, Sendable {
    /// How the receiver made sure of what it has.
    public enum Verification: UInt8, CaseIterable, Sendable {
        /// Each piece was proven in memory before it was written.
        case memory = 1
        /// Every file was also read back from the disk.
        case disk = 2
    }

    /// What joins the transfer's entries in the sender's log.
    public var transfer: TransferID
    /// What was delivered.
    public var content: AuditEntry.Content
    /// How many files that is.
    public var files: UInt64
    /// How the receiver made sure of it.
    public var verification: Verification
    /// When the receiver had it, by the receiver's clock.
    public var time: WallTime
    /// The giving end's keys.
    public var sender: DevicePublicKeys
    /// The taking end's keys.
    public var receiver: DevicePublicKeys
    /// Where the sender's log stood.
    public var senderLog: LogHead
    /// Where the receiver's log stood.
    public var receiverLog: LogHead

    /// Makes a statement.
    public init(
        transfer: TransferID, content: AuditEntry.Content, files: UInt64,
        verification: Verification, time: WallTime, sender: DevicePublicKeys,
        receiver: DevicePublicKeys, senderLog: LogHead, receiverLog: LogHead
    ) {
        self.transfer = transfer
        self.content = content
        self.files = files
        self.verification = verification
        self.time = time
        self.sender = sender
        self.receiver = receiver
        self.senderLog = senderLog
        self.receiverLog = receiverLog
    }

    fileprivate static let magic = Array("SLQ1".utf8)
    /// `"SLQ1"` ‖ transfer (16) ‖ u64 length ‖ root (32) ‖ u64 files ‖ u8 verification ‖ time
    /// ‖ sender's keys (64) ‖ receiver's keys (64) ‖ sender's log (56) ‖ receiver's log (56).
    static let byteCount = 4 + 16 + 8 + 32 + 8 + 1 + 8 + 2 * 64 + 2 * LogHead.byteCount

    var encoded: [UInt8] {
        var writer = ByteWriter(capacity: Self.byteCount)
        writer.write(Self.magic)
        writer.write(transfer.bytes)
        writer.write(content.length)
        writer.write(content.root)
        writer.write(files)
        writer.write(verification.rawValue)
        writer.write(UInt64(bitPattern: time.secondsSince1970))
        for keys in [sender, receiver] { writer.write(keys.agreement + keys.signing) }
        writer.write(senderLog)
        writer.write(receiverLog)
        return writer.bytes
    }

    /// Reads what ``encoded`` gave; nil for anything else.
    init?(encoded: [UInt8]) {
        guard encoded.count == Self.byteCount else { return nil }
        let statement = encoded.withUnsafeBytes { bytes -> ReceiptStatement? in
            var reader = ByteReader(bytes)
            return try? ReceiptStatement(&reader)
        }
        guard let statement else { return nil }
        self = statement
    }

    private init?(_ reader: inout ByteReader) throws(ByteReader.Failure) {
        guard try reader.readArray(count: Self.magic.count) == Self.magic,
            let transfer = TransferID(try reader.readBytes(count: TransferID.byteCount))
        else { return nil }
        self.transfer = transfer
        content = AuditEntry.Content(
            length: try reader.readUInt64(), root: try reader.readHash())
        files = try reader.readUInt64()
        guard let verification = Verification(rawValue: try reader.readUInt8()) else { return nil }
        self.verification = verification
        time = WallTime(secondsSince1970: Int64(bitPattern: try reader.readUInt64()))
        guard let sender = try Self.readKeys(&reader), let receiver = try Self.readKeys(&reader)
        else { return nil }
        self.sender = sender
        self.receiver = receiver
        senderLog = try reader.readLogHead()
        receiverLog = try reader.readLogHead()
    }

    private static func readKeys(
        _ reader: inout ByteReader
    ) throws(ByteReader.Failure) -> DevicePublicKeys? {
        DevicePublicKeys(
            agreement: try reader.readArray(count: 32), signing: try reader.readArray(count: 32))
    }
}

/// A statement that both ends signed: proof for either, against the other, with nobody in between.
public struct Receipt: Hashable, Sendable {
    /// Which end signs. Bound into the signature, so that one end's cannot stand for the other's.
    public enum Party: UInt8, CaseIterable, Sendable {
        /// Who gave the content.
        case sender = 1
        /// Who has it now.
        case receiver = 2
    }

    /// The size of a signature: 64 bytes.
    public static let signatureByteCount = 64
    private static let label = Array("sealift/1 receipt".utf8)

    /// What both say.
    public let statement: ReceiptStatement
    /// The sender's: Ed25519, 64 bytes, over label ‖ u8 party ‖ statement.
    public let senderSignature: [UInt8]
    /// The receiver's, over the same with its own party.
    public let receiverSignature: [UInt8]

    /// The size of an encoding: 445 bytes.
    public static let byteCount = ReceiptStatement.byteCount + 2 * signatureByteCount

    /// One party's signature; nil where `device` is not that party, or the library fails.
    public static func signature(
        of statement: ReceiptStatement, as party: Party, by device: DeviceKeyPair
    ) -> [UInt8]? {
        let own = party == .sender ? statement.sender : statement.receiver
        guard own == device.publicKeys else { return nil }
        return device.sign(message(statement, party))
    }

    /// Joins both signatures.
    /// - Returns: nil unless each is its party's over this statement, and the parties are two.
    public init?(_ statement: ReceiptStatement, sender: [UInt8], receiver: [UInt8]) {
        guard statement.sender != statement.receiver,
            statement.sender.isValidSignature(sender, of: Self.message(statement, .sender)),
            statement.receiver.isValidSignature(receiver, of: Self.message(statement, .receiver))
        else { return nil }
        self.statement = statement
        senderSignature = sender
        receiverSignature = receiver
    }

    /// Statement (317) ‖ the sender's signature (64) ‖ the receiver's signature (64).
    public var encoded: [UInt8] { statement.encoded + senderSignature + receiverSignature }

    /// Reads a receipt and checks both signatures; nil where anything is wrong.
    public init?(encoded: [UInt8]) {
        guard encoded.count == Self.byteCount else { return nil }
        let body = encoded.prefix(ReceiptStatement.byteCount)
        guard let statement = ReceiptStatement(encoded: Array(body)) else { return nil }
        let signatures = encoded.dropFirst(ReceiptStatement.byteCount)
        self.init(
            statement, sender: Array(signatures.prefix(Self.signatureByteCount)),
            receiver: Array(signatures.suffix(Self.signatureByteCount)))
    }

    private static func message(_ statement: ReceiptStatement, _ party: Party) -> [UInt8] {
        label + [party.rawValue] + statement.encoded
    }
}

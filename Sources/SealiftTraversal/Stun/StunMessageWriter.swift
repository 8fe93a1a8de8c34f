import SealiftBase

/// Puts a STUN message together (RFC 8489 §5, §14): attributes padded to four bytes, the length in the
/// header always that of what was written.
struct StunMessageWriter {
    private var body = ByteWriter(capacity: 64)
    private let type: StunMessageType
    private let transactionID: StunTransactionID

    init(_ type: StunMessageType, _ transactionID: StunTransactionID) {
        self.type = type
        self.transactionID = transactionID
    }

    mutating func add(_ type: StunAttributeType, _ value: [UInt8]) {
        body.write(type.rawValue)
        body.write(UInt16(value.count))
        body.write(value)
        body.writeZeros(-value.count & 3)
    }

    /// The whole message.
    func finish() -> [UInt8] { header(bodyCount: body.count) + body.bytes }

    /// What is written so far, with a header that counts `addedCount` bytes more: what an integrity code
    /// covers.
    func unfinished(addedCount: Int) -> [UInt8] {
        header(bodyCount: body.count + addedCount) + body.bytes
    }

    /// The whole message with a fingerprint behind everything else.
    func finishWithFingerprint() -> [UInt8] {
        let message = header(bodyCount: body.count + 8) + body.bytes
        var end = ByteWriter(capacity: 8)
        end.write(StunAttributeType.fingerprint.rawValue)
        end.write(UInt16(4))
        end.write(StunFingerprint.value(of: message))
        return message + end.bytes
    }

    private func header(bodyCount: Int) -> [UInt8] {
        var header = ByteWriter(capacity: StunMessage.headerSize)
        header.write(type.rawValue)
        header.write(UInt16(bodyCount))
        header.write(StunMessage.magicCookie)
        header.write(transactionID.bytes)
        return header.bytes
    }
}

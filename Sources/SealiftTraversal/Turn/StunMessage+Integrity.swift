import SealiftBase
import SealiftCrypto

extension StunMessage {
    /// Whether the holder of `credential` made this message, as its integrity attribute says
    /// (RFC 8489 §14.5, §14.6). Where both kinds are there, the stronger counts.
    func isAuthentic(under credential: StunCredential) -> Bool {
        let kind: StunAttributeType =
            value(of: .messageIntegritySHA256) == nil ? .messageIntegrity : .messageIntegritySHA256
        guard let attribute = attributes.first(where: { $0.type == kind }) else { return false }
        let given = Array(bytes[attribute.value])
        let size =
            kind == .messageIntegrity
            ? StunCredential.sha1ByteCount : StunCredential.sha256ByteCount
        guard given.count == size else { return false }
        // The code is over what comes before, with a length that ends behind it.
        var covered = Array(bytes[..<(attribute.value.lowerBound - 4)])
        let length = UInt16(attribute.value.upperBound - Self.headerSize)
        covered[2] = UInt8(length >> 8)
        covered[3] = UInt8(length & 0xFF)
        return credential.isCode(given, of: covered)
    }

    /// An attribute that holds one number of four bytes.
    func number(of type: StunAttributeType) -> UInt32? {
        guard let value = value(of: type), value.count == 4 else { return nil }
        return value.reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// An attribute that holds an address xored with the transaction.
    func address(of type: StunAttributeType) -> TransportAddress? {
        value(of: type).flatMap { StunAddress.decode($0, unmaskedWith: transactionID) }
    }
}

extension StunMessageWriter {
    /// The whole message with an integrity attribute and a fingerprint behind everything else.
    mutating func finish(sealedUnder credential: StunCredential) -> [UInt8] {
        switch credential.derivation {
        case .md5:
            let code = credential.sha1Code(
                of: unfinished(addedCount: 4 + StunCredential.sha1ByteCount))
            add(.messageIntegrity, code)
        case .sha256:
            let code = credential.sha256Code(
                of: unfinished(addedCount: 4 + StunCredential.sha256ByteCount))
            add(.messageIntegritySHA256, code)
        }
        return finishWithFingerprint()
    }
}

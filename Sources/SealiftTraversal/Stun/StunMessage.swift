import SealiftBase

/// The 96 bits that join a STUN response to its request (RFC 8489 §5).
public struct StunTransactionID: Hashable, Sendable {
    /// The size on the wire.
    public static let byteCount = 12

    let bytes: [UInt8]

    /// Takes 12 bytes, random in a request; nil for another number.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = Array(bytes)
    }
}

/// A STUN message as it came: its header, and its attributes where they lie (RFC 8489 §5, §14).
///
/// Making one checks the whole form: lengths, padding, the magic cookie, and the fingerprint where
/// there is one. No bytes trap it, and nothing is allocated for what is not there.
public struct StunMessage: Sendable {
    /// Why bytes are no STUN message.
    public enum Malformation: Error, Equatable, Sendable {
        /// Too short, the top bits are not zero, or the magic cookie is missing: something else.
        case notStun
        /// The length is no multiple of four or not that of the datagram.
        case wrongLength
        /// An attribute reaches past the end.
        case truncatedAttribute
        /// There are more attributes than any message of ours has.
        case tooManyAttributes
        /// The fingerprint is not that of the bytes before it, or not last.
        case wrongFingerprint
    }

    /// The size of the header.
    public static let headerSize = 20
    /// RFC 8489 §5.
    static let magicCookie: UInt32 = 0x2112_A442
    /// An implementation limit; RFC messages have fewer than ten.
    private static let maximumAttributes = 32

    /// The method and class: 14 bits.
    public let type: StunMessageType
    /// The transaction.
    public let transactionID: StunTransactionID
    let bytes: [UInt8]
    /// Each attribute's type, and where in `bytes` its value lies.
    let attributes: [(type: StunAttributeType, value: Range<Int>)]
    /// Whether the message ends in a (right) fingerprint.
    public let hasFingerprint: Bool

    /// Whether a datagram may be STUN: what tells it from sealift's own on one port. Ours begin with
    /// 0xE1 or more, STUN with 0x00 to 0x3F and the cookie.
    public static func mayBegin(_ datagram: UnsafeRawBufferPointer) -> Bool {
        guard datagram.count >= headerSize, datagram[0] & 0xC0 == 0 else { return false }
        return UInt32(bigEndian: datagram.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
            == magicCookie
    }

    /// Reads a whole datagram.
    /// - Throws: what is wrong with it.
    public init(_ datagram: UnsafeRawBufferPointer) throws(Malformation) {
        guard Self.mayBegin(datagram) else { throw .notStun }
        var reader = ByteReader(datagram)
        guard let type = try? reader.readUInt16(), let length = try? reader.readUInt16(),
            (try? reader.readUInt32()) != nil,
            let id = try? reader.readBytes(count: StunTransactionID.byteCount),
            let transactionID = StunTransactionID(id)
        else { throw .notStun }
        guard length % 4 == 0, Int(length) == reader.remaining else { throw .wrongLength }
        var attributes: [(type: StunAttributeType, value: Range<Int>)] = []
        while !reader.isAtEnd {
            guard attributes.count < Self.maximumAttributes else { throw .tooManyAttributes }
            guard let tag = try? reader.readUInt16(), let count = try? reader.readUInt16(),
                (try? reader.readBytes(count: (Int(count) + 3) & ~3)) != nil
            else { throw .truncatedAttribute }
            let start = reader.offset - ((Int(count) + 3) & ~3)
            attributes.append((StunAttributeType(rawValue: tag), start..<(start + Int(count))))
        }
        self.type = StunMessageType(rawValue: type)
        self.transactionID = transactionID
        self.attributes = attributes
        bytes = Array(datagram)
        hasFingerprint = attributes.contains { $0.type == .fingerprint }
        if hasFingerprint { try checkFingerprint() }
    }

    private func checkFingerprint() throws(Malformation) {
        guard let last = attributes.last, last.type == .fingerprint, last.value.count == 4 else {
            throw .wrongFingerprint
        }
        let expected = StunFingerprint.value(of: bytes[..<(last.value.lowerBound - 4)])
        let given = bytes[last.value].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        guard given == expected else { throw .wrongFingerprint }
    }

    /// The value of the first attribute of a type; later ones are ignored (RFC 8489 §14).
    func value(of type: StunAttributeType) -> ArraySlice<UInt8>? {
        attributes.first { $0.type == type }.map { bytes[$0.value] }
    }

    /// Attributes that a receiver must understand, and we do not (RFC 8489 §6.3).
    public var unknownRequired: [UInt16] {
        attributes.map(\.type).filter { $0.isRequired && !$0.isKnown }.map(\.rawValue)
    }

    /// What the server saw the request come from: XOR-MAPPED-ADDRESS, or MAPPED-ADDRESS of an old
    /// server; nil where both are missing or malformed.
    public var mappedAddress: TransportAddress? {
        if let value = value(of: .xorMappedAddress) {
            return StunAddress.decode(value, unmaskedWith: transactionID)
        }
        return value(of: .mappedAddress).flatMap { StunAddress.decode($0, unmaskedWith: nil) }
    }

    /// The number of an error response, 300 to 699; nil where it is missing or malformed (§14.8).
    public var errorCode: Int? {
        guard let value = value(of: .errorCode), value.count >= 4 else { return nil }
        let start = value.startIndex
        let hundreds = Int(value[start + 2] & 7)
        let number = Int(value[start + 3])
        guard (3...6).contains(hundreds), number < 100 else { return nil }
        return hundreds * 100 + number
    }
}

public import SealiftBase

/// A message on the control stream of a session in which two people become contacts
/// (`docs/PROTOCOL.md` §11.8).
public enum PairingMessage: Equatable, Sendable {
    /// Who speaks: the first message of each end.
    ///
    ///     identity 32 ‖ varint chain length (1 to ``DeviceChain/maximumByteCount``)
    ///     ‖ varint (≤ 64) ‖ suggested name
    case introduction(IdentityID, chainLength: Int, suggestion: [UInt8])
    /// The next bytes of the chain; 1 to ``maximumPartLength``.
    case chain([UInt8])
    /// Its user said yes to what both ends showed: the hash over both.
    case agreed(Hash256)
    /// The other end is a contact here, on the disk.
    case stored

    /// The most bytes of a chain in one message.
    public static let maximumPartLength = 16_384
    /// The longest message, without its length.
    static let maximumLength = maximumPartLength + 8

    private enum Kind: UInt8 {
        case introduction = 0x01
        case chain, agreed, stored
    }

    /// The message with its length in front, ready for the control stream.
    public var encoded: [UInt8] {
        var body = ByteWriter(capacity: 128)
        switch self {
        case .introduction(let identity, let chainLength, let suggestion):
            body.write(Kind.introduction.rawValue)
            body.write(identity.value)
            body.writeVariableLengthInteger(UInt64(chainLength))
            body.writeLengthPrefixed(suggestion)
        case .chain(let part):
            body.write(Kind.chain.rawValue)
            body.write(part)
        case .agreed(let hash):
            body.write(Kind.agreed.rawValue)
            body.write(hash)
        case .stored:
            body.write(Kind.stored.rawValue)
        }
        var whole = ByteWriter(capacity: body.count + 4)
        whole.writeLengthPrefixed(body.bytes)
        return whole.bytes
    }

    /// Cuts the first whole message off `bytes`; nil where more bytes are needed.
    /// - Throws: ``PairingFailure/violation`` for a message too long, or not one of the above.
    public static func cut(from bytes: inout [UInt8]) throws(PairingFailure) -> PairingMessage? {
        do throws(MalformedMessage) {
            return try MessageFraming.cut(from: &bytes, atMost: maximumLength) {
                reader throws(ByteReader.Failure) in try Self(&reader)
            }
        } catch {
            throw .violation
        }
    }

    private init(_ reader: inout ByteReader) throws(ByteReader.Failure) {
        switch Kind(rawValue: try reader.readUInt8()) {
        case .introduction:
            let identity = IdentityID(try reader.readHash())
            let length = try reader.readVariableLengthInteger(
                atMost: UInt64(DeviceChain.maximumByteCount))
            guard length > 0 else { throw .outOfBounds }
            let count = try reader.readVariableLengthInteger(
                atMost: UInt64(ContactName.maximumByteCount))
            self = .introduction(
                identity, chainLength: Int(length),
                suggestion: try reader.readArray(count: Int(count)))
        case .chain:
            let part = Array(reader.readRemaining())
            guard (1...Self.maximumPartLength).contains(part.count) else { throw .outOfBounds }
            self = .chain(part)
        case .agreed: self = .agreed(try reader.readHash())
        case .stored: self = .stored
        case nil: throw .outOfBounds
        }
    }
}

/// Why two ends do not become contacts.
public enum PairingFailure: Error, Equatable, Sendable {
    /// The other end broke the protocol.
    case violation
    /// It is this user's own identity.
    case ownIdentity
    /// The invitation names another identity.
    case unexpectedIdentity(expected: IdentityID, offered: IdentityID)
    /// Their chain is refused.
    case chain(ChainError)
    /// The device at the other end does not speak for the identity that it claims.
    case deviceNotTheirs
}

internal import SealiftBase

/// A message on the control stream of a session in which a machine becomes a further device of its user
/// (`docs/PROTOCOL.md` §11.13). The device that is there waits; the new one dials.
public enum LinkMessage: Equatable, Sendable {
    /// Who the user is: the first message of the device that is there.
    ///
    ///     identity 32 ‖ varint chain length (1 to ``DeviceChain/maximumByteCount``)
    case identity(IdentityID, chainLength: Int)
    /// The next bytes of the chain; 1 to ``maximumPartLength``.
    case chain([UInt8])
    /// The new device stands for the identity from now on, if its user says so there.
    ///
    ///     certificate 128 ‖ varint (≤ 64) ‖ suggested name
    case consent(DeviceCertificate, suggestion: [UInt8])
    /// The user said yes, and the chain has the device: so many bytes of ``LinkBundle`` follow.
    case bundle(length: Int)
    /// The next bytes of the bundle; 1 to ``maximumPartLength``.
    case part([UInt8])
    /// The new device has everything on its disk.
    case stored

    /// The most bytes of a chain or a bundle in one message.
    public static let maximumPartLength = 16_384
    /// The longest message, without its length.
    static let maximumLength = maximumPartLength + 8

    private enum Kind: UInt8 {
        case identity = 0x01
        case chain, consent, bundle, part, stored
    }

    /// The message with its length in front, ready for the control stream.
    public var encoded: [UInt8] {
        var body = ByteWriter(capacity: 256)
        switch self {
        case .identity(let identity, let chainLength):
            body.write(Kind.identity.rawValue)
            body.write(identity.value)
            body.writeVariableLengthInteger(UInt64(chainLength))
        case .chain(let part):
            body.write(Kind.chain.rawValue)
            body.write(part)
        case .consent(let certificate, let suggestion):
            body.write(Kind.consent.rawValue)
            body.write(certificate.encoded)
            body.writeLengthPrefixed(suggestion)
        case .bundle(let length):
            body.write(Kind.bundle.rawValue)
            body.writeVariableLengthInteger(UInt64(length))
        case .part(let part):
            body.write(Kind.part.rawValue)
            body.write(part)
        case .stored:
            body.write(Kind.stored.rawValue)
        }
        var whole = ByteWriter(capacity: body.count + 4)
        whole.writeLengthPrefixed(body.bytes)
        return whole.bytes
    }

    /// Cuts the first whole message off `bytes`; nil where more bytes are needed.
    /// - Throws: ``LinkFailure/violation`` for a message too long, or not one of the above.
    public static func cut(from bytes: inout [UInt8]) throws(LinkFailure) -> LinkMessage? {
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
        case .identity:
            let identity = IdentityID(try reader.readHash())
            self = .identity(
                identity,
                chainLength: try Self.readLength(&reader, atMost: DeviceChain.maximumByteCount))
        case .chain: self = .chain(try Self.readPart(&reader))
        case .consent:
            let bytes = try reader.readBytes(count: DeviceCertificate.byteCount)
            guard let certificate = DeviceCertificate(decoding: bytes) else { throw .outOfBounds }
            let count = try reader.readVariableLengthInteger(
                atMost: UInt64(ContactName.maximumByteCount))
            self = .consent(
                certificate, suggestion: try reader.readArray(count: Int(count)))
        case .bundle:
            self = .bundle(
                length: try Self.readLength(&reader, atMost: LinkBundle.maximumByteCount))
        case .part: self = .part(try Self.readPart(&reader))
        case .stored: self = .stored
        case nil: throw .outOfBounds
        }
    }

    private static func readLength(
        _ reader: inout ByteReader, atMost bound: Int
    ) throws(ByteReader.Failure) -> Int {
        let length = try reader.readVariableLengthInteger(atMost: UInt64(bound))
        guard length > 0 else { throw .outOfBounds }
        return Int(length)
    }

    private static func readPart(
        _ reader: inout ByteReader
    ) throws(ByteReader.Failure) -> [UInt8] {
        let part = Array(reader.readRemaining())
        guard (1...maximumPartLength).contains(part.count) else { throw .outOfBounds }
        return part
    }
}

/// Why a machine does not become a device of the user.
public enum LinkFailure: Error, Equatable, Sendable {
    /// The other end broke the protocol.
    case violation
    /// The invitation names another identity.
    case unexpectedIdentity(expected: IdentityID, offered: IdentityID)
    /// The chain is refused.
    case chain(ChainError)
    /// The device at the other end does not speak for the identity that it shows.
    case deviceNotTheirs
    /// The device that wants to join was ended in this generation: its keys never come back.
    case endedDevice
}

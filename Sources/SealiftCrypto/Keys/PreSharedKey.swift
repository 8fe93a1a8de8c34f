import SealiftBase

/// The way a handshake datagram goes; part of its tag, so that none can be reflected.
public enum HandshakeDirection: UInt8, Hashable, Sendable, CaseIterable {
    /// From the side that dials.
    case initiatorToResponder = 0
    /// From the side that waits.
    case responderToInitiator = 1

    /// The opposite way.
    public var reversed: HandshakeDirection {
        self == .initiatorToResponder ? .responderToInitiator : .initiatorToResponder
    }
}

/// The 16 bytes by which a responder recognises a datagram before anything is computed
/// (PROTOCOL §2). Public: it stands in clear in every handshake datagram.
public struct HandshakeTag: Hashable, Sendable {
    /// The size of a tag on the wire.
    public static let byteCount = 16

    // Two words instead of an array: looking up a stranger's tag allocates nothing.
    private let high: UInt64
    private let low: UInt64

    /// Reads 16 bytes; nil for another length.
    public init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count == Self.byteCount else { return nil }
        high = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self))
        low = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    }

    /// The 16 bytes.
    public var bytes: [UInt8] {
        var writer = ByteWriter(capacity: Self.byteCount)
        writer.write(high)
        writer.write(low)
        return writer.bytes
    }
}

/// The secret that two ends share before they meet: the ticket's secret, later a pairing code's
/// result or a device pair's key. Without it nothing is answered.
public struct PreSharedKey: Sendable {
    /// The size of the key: 32 bytes.
    public static let byteCount = 32

    /// The 32 bytes, as the Noise psk.
    public let secret: SecretBytes
    /// Authenticates handshake datagrams (PROTOCOL §2).
    let macKey: SecretBytes
    private let hintKey: SecretBytes

    /// The key of `secret`; nil if it is not 32 bytes.
    public init?(_ secret: SecretBytes) {
        guard secret.count == Self.byteCount else { return nil }
        self.init(checked: secret)
    }

    /// Copies the key from `bytes`; nil if they are not 32.
    public init?(_ bytes: some Collection<UInt8>) {
        self.init(SecretBytes(copying: bytes))
    }

    private init(checked secret: SecretBytes) {
        self.secret = secret
        hintKey = KeyDerivation.hkdf(secret, info: Array("sealift/1 hint".utf8), count: 32)
        macKey = KeyDerivation.hkdf(secret, info: Array("sealift/1 handshake mac".utf8), count: 32)
    }

    /// A new key from `entropy`.
    public static func generate(entropy: inout some EntropySource) -> PreSharedKey {
        PreSharedKey(checked: SecretBytes(count: byteCount, entropy: &entropy))
    }

    /// The key by which the other device of a pair dials `device`, made of the pair's key (PROTOCOL §11.5).
    /// So what goes one way is another secret than what goes the other: both may dial at once.
    public func dialing(_ device: DeviceID) -> PreSharedKey {
        PreSharedKey(
            checked: KeyDerivation.hkdf(
                secret, info: Array("sealift/1 pair dial".utf8) + device.value.bytes,
                count: Self.byteCount))
    }

    /// The key of the first session between `device`, which this key's other holder brought into the identity,
    /// and a contact's device `other`, made of the key that both of the identity share (PROTOCOL §11.13).
    public func introducing(_ device: DeviceID, to other: DeviceID) -> PreSharedKey {
        PreSharedKey(
            checked: KeyDerivation.hkdf(
                secret,
                info: Array("sealift/1 introduction".utf8) + device.value.bytes
                    + other.value.bytes,
                count: Self.byteCount))
    }

    /// tag(hour, direction) of PROTOCOL §2; the hour is 0 for a ticket.
    public func tag(direction: HandshakeDirection, hour: UInt64 = 0) -> HandshakeTag {
        var message = ByteWriter(capacity: 9)
        message.write(hour)
        message.write(direction.rawValue)
        let tag = message.bytes.withUnsafeBytes { KeyDerivation.shortMAC(hintKey, $0) }
            .withUnsafeBytes { HandshakeTag($0) }
        guard let tag else { preconditionFailure("a short mac has 16 bytes") }
        return tag
    }
}

extension PreSharedKey: CustomStringConvertible {
    /// Always `<secret>`.
    public var description: String { "<secret>" }
}

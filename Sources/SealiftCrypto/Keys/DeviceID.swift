public import SealiftBase

/// The name of a device: a hash over both of its public keys (PROTOCOL §2), so that neither can be
/// exchanged without changing the name.
public struct DeviceID: Hashable, Sendable, CustomStringConvertible {
    /// The 32 bytes.
    public let value: Hash256

    /// Wraps a value that was stored or received.
    public init(_ value: Hash256) {
        self.value = value
    }

    /// Computes the id of a pair of public keys.
    init(agreement: [UInt8], signing: [UInt8]) {
        value = SHA256Digest.hash(Array("sealift/1 device".utf8) + agreement + signing)
    }

    /// The first 16 bytes, as a ticket carries them.
    public var fingerprint: DeviceFingerprint {
        DeviceFingerprint(bytes: Array(value.bytes.prefix(DeviceFingerprint.byteCount)))
    }

    /// The 64 hexadecimal digits.
    public var description: String { value.hexadecimal }
}

/// The first 16 bytes of a device id: enough that nobody finds a second device with the same
/// (2^128 work), short enough for a ticket.
public struct DeviceFingerprint: Hashable, Sendable, CustomStringConvertible {
    /// The size of a fingerprint: 16 bytes.
    public static let byteCount = 16

    /// The 16 bytes.
    public let bytes: [UInt8]

    fileprivate init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Copies 16 bytes; nil for another length.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = Array(bytes)
    }

    /// The 32 hexadecimal digits.
    public var description: String { Hexadecimal.encode(bytes) }
}

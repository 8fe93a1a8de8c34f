import SealiftBase

/// The number in clear by which a receiver finds a packet's session, key and counter (PROTOCOL §5).
///
/// Both ends compute it from the session's secret; to anyone else it is random, and two of one
/// session cannot be linked.
public struct ConnectionID: Hashable, Sendable {
    /// The 8 bytes on the wire as a big-endian number.
    public let rawValue: UInt64

    /// Wraps a number read from a packet.
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// connection id(direction, sequence, lane) of PROTOCOL §5.
    init(secret: SecretBytes, direction: HandshakeDirection, sequence: UInt32, lane: UInt8) {
        var info = ByteWriter()
        info.write("sealift/1 connection id".utf8)
        info.write(direction.rawValue)
        info.write(sequence)
        info.write(lane)
        rawValue = KeyDerivation.hkdf(secret, info: info.bytes, count: 8).withUnsafeBytes {
            UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self))
        }
    }
}

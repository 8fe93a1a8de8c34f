public import SealiftBase
public import SealiftCrypto

/// What a sender tells a receiver that proved to know its code: who it is, and where
/// (`docs/PROTOCOL.md` §10.6).
///
///     u8 version (1) ‖ fingerprint (16) ‖ u64 expiry ‖ candidates
public struct Meeting: Equatable, Sendable {
    private static let version: UInt8 = 1

    /// Whose device waits.
    public let fingerprint: DeviceFingerprint
    /// Until when, by the sender's clock; at least 0.
    public let expires: WallTime
    /// Where it waits.
    public let candidates: CandidateList

    /// Puts the parts together.
    public init(fingerprint: DeviceFingerprint, expires: WallTime, candidates: CandidateList) {
        self.fingerprint = fingerprint
        self.expires = expires
        self.candidates = candidates
    }

    /// Reads a peer's meeting, less the candidates that may not be used; nil where the bytes break the
    /// form.
    public init?(peer bytes: [UInt8], policy: AddressPolicy = AddressPolicy()) {
        guard let read = bytes.withUnsafeBytes({ Self.read($0, policy) }) else { return nil }
        self = read
    }

    private static func read(_ bytes: UnsafeRawBufferPointer, _ policy: AddressPolicy) -> Meeting? {
        var reader = ByteReader(bytes)
        guard let version = try? reader.readUInt8(), version == Self.version,
            let name = try? reader.readBytes(count: DeviceFingerprint.byteCount),
            let fingerprint = DeviceFingerprint(name), let expires = try? reader.readUInt64(),
            let seconds = Int64(exactly: expires),
            let candidates = CandidateList(peer: &reader, policy: policy), reader.isAtEnd
        else { return nil }
        return Meeting(
            fingerprint: fingerprint, expires: WallTime(secondsSince1970: seconds),
            candidates: candidates)
    }

    /// The bytes for the peer.
    public var encoded: [UInt8] {
        var writer = ByteWriter(capacity: 64)
        writer.write(Self.version)
        writer.write(fingerprint.bytes)
        writer.write(UInt64(clamping: expires.secondsSince1970))
        writer.write(candidates.encoded)
        return writer.bytes
    }
}

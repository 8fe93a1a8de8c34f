import SealiftBase

/// What makes and recognises the probes of one direction of one call (PROTOCOL §10.9): only the two ends
/// of the call can do either.
///
///     tag (16) ‖ mac key (32) = HKDF(psk, call id, "sealift/1 probe" ‖ u8 direction, 48)
///
/// The direction is part of the keys, so that a probe turned back at its sender is a stranger's; the call
/// id is, so that nothing of one call means anything in another.
public struct ProbeKey: Sendable {
    /// The size of a mac on the wire.
    public static let macByteCount = 16

    /// Stands in clear in every probe and reply of this direction.
    public let tag: HandshakeTag
    private let macKey: SecretBytes

    /// Derives the key of `direction` from what the ends share and the id of their call.
    public init(psk: PreSharedKey, callID: [UInt8], direction: HandshakeDirection) {
        let derived = KeyDerivation.hkdf(
            psk.secret, salt: SecretBytes(copying: callID),
            info: Array("sealift/1 probe".utf8) + [direction.rawValue],
            count: HandshakeTag.byteCount + 32)
        let tag = derived.slice(0..<HandshakeTag.byteCount).withUnsafeBytes { HandshakeTag($0) }
        guard let tag else { preconditionFailure("a tag has 16 bytes") }
        self.tag = tag
        macKey = derived.slice(HandshakeTag.byteCount..<derived.count)
    }

    /// The mac over `bytes`: 16 bytes.
    public func mac(over bytes: [UInt8]) -> [UInt8] {
        bytes.withUnsafeBytes { KeyDerivation.shortMAC(macKey, $0) }
    }

    /// Whether the last 16 bytes of `datagram` are the mac over those before.
    public func isAuthentic(_ datagram: UnsafeRawBufferPointer) -> Bool {
        let end = datagram.count - Self.macByteCount
        guard end >= 0 else { return false }
        let expected = KeyDerivation.shortMAC(
            macKey, UnsafeRawBufferPointer(rebasing: datagram[..<end]))
        return expected.withUnsafeBytes {
            constantTimeEquals($0, UnsafeRawBufferPointer(rebasing: datagram[end...]))
        }
    }
}

extension ProbeKey: CustomStringConvertible {
    /// Always `<secret>`.
    public var description: String { "<secret>" }
}

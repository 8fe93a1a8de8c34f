/// What an exchange came to at one end: a key that is the same at the other end if, and only if, the
/// password, the channel and every byte of both messages were.
///
/// Nothing may be protected by the key before ``verify(_:)`` has passed: until then the peer may be
/// anybody.
public struct PasswordAgreement: Sendable {
    /// The size of a confirmation: 64 bytes.
    public static let confirmationByteCount = 64

    /// ISK of the draft, 64 bytes.
    let key: SecretBytes
    /// What the peer gets to see that this end knows the password (§10.4 of the draft).
    public let confirmation: [UInt8]
    private let expected: [UInt8]

    init(
        key: SecretBytes, sessionID: [UInt8], own: (share: [UInt8], data: [UInt8]),
        peer: (share: [UInt8], data: [UInt8])
    ) {
        // mac_key = H("CPaceMac" ‖ sid ‖ ISK); T = HMAC-SHA-512(mac_key, lv_cat(Y, AD)), each end over
        // the message that it sent.
        var hash = LengthValueHash()
        hash.addPlain(Array("CPaceMac".utf8))
        hash.addPlain(sessionID)
        hash.addPlain(key)
        let macKey = hash.finalize()
        self.key = key
        confirmation = Self.tag(macKey, own)
        expected = Self.tag(macKey, peer)
    }

    private static func tag(
        _ key: SecretBytes, _ message: (share: [UInt8], data: [UInt8])
    ) -> [UInt8] {
        let parts = [message.share, message.data].flatMap {
            LengthValueHash.lengthPrefix($0.count) + $0
        }
        return parts.withUnsafeBytes { KeyDerivation.wideMAC(key, $0) }
    }

    /// Checks the peer's confirmation, in constant time.
    /// - Throws: ``PasswordExchangeError/wrongConfirmation``: the password is then used up.
    public func verify(_ peerConfirmation: [UInt8]) throws(PasswordExchangeError) {
        let isEqual = peerConfirmation.withUnsafeBytes { given in
            expected.withUnsafeBytes { constantTimeEquals(given, $0) }
        }
        // Equal by reflection would be this end's own message come back.
        guard isEqual, peerConfirmation != confirmation else { throw .wrongConfirmation }
    }

    /// A key of 32 bytes for the purpose that `label` names.
    public func derivedKey(label: String) -> SecretBytes {
        KeyDerivation.hkdf(key, info: Array(label.utf8), count: 32)
    }
}

extension PasswordAgreement: CustomStringConvertible, CustomReflectable {
    /// Always `<secret>`.
    public var description: String { "<secret>" }
    /// No children: `dump` shows nothing either.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

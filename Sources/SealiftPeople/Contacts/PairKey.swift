internal import SealiftBase
public import SealiftCrypto

/// The key that two devices of two contacts share from their first session on (`docs/PROTOCOL.md`
/// §11.5). Without it there is no mailbox, no answer to a datagram and no prompt.
public struct PairKey: Sendable {
    /// What the secrets of the handshakes are made of.
    private let key: PreSharedKey
    /// Names the mailboxes of each day; nil for a key that was born in a session with an older version, or
    /// told: its mailboxes follow from the key itself.
    public let mailboxes: MailboxRatchet?

    private init(_ key: PreSharedKey, _ mailboxes: MailboxRatchet?) {
        self.key = key
        self.mailboxes = mailboxes
    }

    /// A key that a third device told both (§11.13).
    public init(told key: PreSharedKey) {
        self.init(key, nil)
    }

    /// Two exports of the session over both identities, the lower first, K and the first key of the mailboxes:
    ///
    ///     HKDF(exporter, handshake hash, "sealift/1 export" ‖ u8 4 ‖ "pair" ‖ lower ‖ higher, 32)
    ///     HKDF(exporter, handshake hash, "sealift/1 export" ‖ u8 9 ‖ "mailboxes" ‖ lower ‖ higher, 32)
    ///
    /// The exporter comes from a hybrid key exchange, so K is post-quantum though the code or the
    /// invitation that opened the session was short or stayed in a drawer. Both ends compute the same
    /// only if they mean the same two identities. Neither of the two tells anything about the other.
    /// - Parameter features: what both ends of the session can: the mailboxes of days are for those who do.
    /// - Returns: nil for one identity twice: nobody is a contact of himself.
    public static func derive(
        from session: SessionSecrets, _ features: SessionFeatures, between mine: IdentityID,
        and theirs: IdentityID
    ) -> PairKey? {
        guard mine != theirs else { return nil }
        let context = min(mine, theirs).value.bytes + max(mine, theirs).value.bytes
        guard let key = PreSharedKey(session.export(label: "pair", context: context)) else {
            return nil
        }
        guard features.contains(.dailyMailboxes) else { return PairKey(key, nil) }
        let first = session.export(label: "mailboxes", context: context)
        return PairKey(key, MailboxRatchet(beginningWith: first))
    }

    // MARK: Use

    /// The psk by which the other device dials `device`.
    public func dialing(_ device: DeviceID) -> PreSharedKey { key.dialing(device) }

    /// The mailboxes of calls to `device`.
    public func mailboxes(dialing device: DeviceID) -> MailboxSecret {
        mailboxes.map { MailboxSecret($0, dialing: device) }
            ?? MailboxSecret(lasting: dialing(device))
    }

    /// The key after a contact on a day that both clocks agreed on, in days since 1970; nil where it stays as it
    /// is.
    public func moved(byContactOn day: UInt64) -> PairKey? {
        mailboxes?.moved(byContactOn: day).map { PairKey(key, $0) }
    }

    // MARK: On disk

    /// What the vault keeps: key (32), and where there is a ratchet, u64 day ‖ key (32) of its day.
    public var encoded: SecretBytes {
        guard let tail = mailboxes?.encoded else { return key.secret }
        let size = PreSharedKey.byteCount
        return SecretBytes(count: size + tail.count) { target in
            key.secret.withUnsafeBytes { target.copyMemory(from: $0) }
            tail.withUnsafeBytes {
                UnsafeMutableRawBufferPointer(rebasing: target[size...]).copyMemory(from: $0)
            }
        }
    }

    /// Reads what the vault kept; nil where it is anything else.
    public init?(encoded: SecretBytes) {
        let size = PreSharedKey.byteCount
        guard encoded.count != size else {
            guard let key = PreSharedKey(encoded) else { return nil }
            self.init(key, nil)
            return
        }
        let parts = encoded.withUnsafeBytes { bytes -> (PreSharedKey?, MailboxRatchet?) in
            guard bytes.count == size + MailboxRatchet.byteCount else { return (nil, nil) }
            let tail = SecretBytes(
                copying: UnsafeRawBufferPointer(rebasing: bytes[size...]))
            return (
                PreSharedKey(
                    SecretBytes(copying: UnsafeRawBufferPointer(rebasing: bytes[..<size]))),
                MailboxRatchet(encoded: tail)
            )
        }
        guard case (let key?, let mailboxes?) = parts else { return nil }
        self.init(key, mailboxes)
    }

    /// Whether both open the same sessions. The time taken tells nothing.
    public func opensTheSame(as other: PairKey) -> Bool {
        key.secret.constantTimeEquals(other.key.secret)
    }
}

extension PairKey: CustomStringConvertible {
    /// Always `<secret>`.
    public var description: String { "<secret>" }
}

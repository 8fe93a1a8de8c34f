internal import SealiftBase
public import SealiftCrypto

/// The key that two devices of two contacts share from their first session on (`docs/PROTOCOL.md`
/// §11.5). Without it there is no mailbox, no answer to a datagram and no prompt.
public enum PairKey {
    /// K = the session's export "pair" over both identities, the lower first:
    ///
    ///     HKDF(exporter, handshake hash, "sealift/1 export" ‖ u8 4 ‖ "pair" ‖ lower ‖ higher, 32)
    ///
    /// The exporter comes from a hybrid key exchange, so K is post-quantum though the code or the
    /// invitation that opened the session was short or stayed in a drawer. Both ends compute the same
    /// only if they mean the same two identities.
    /// - Returns: nil for one identity twice: nobody is a contact of himself.
    public static func derive(
        from session: SessionSecrets, between mine: IdentityID, and theirs: IdentityID
    ) -> PreSharedKey? {
        guard mine != theirs else { return nil }
        let context = min(mine, theirs).value.bytes + max(mine, theirs).value.bytes
        return PreSharedKey(session.export(label: "pair", context: context))
    }
}

internal import SealiftBase
internal import SealiftCrypto

/// The key that two devices of one user share from the session on in which one brought the other
/// (`docs/PROTOCOL.md` §11.13).
public enum LinkKey {
    /// K = the session's export "link" over the identity and both devices, the lower first.
    static func derive(
        from session: SessionSecrets, of identity: IdentityID, _ one: DeviceID, _ other: DeviceID
    ) -> PreSharedKey? {
        let (lower, higher) = one.value < other.value ? (one, other) : (other, one)
        let context = identity.value.bytes + lower.value.bytes + higher.value.bytes
        return PreSharedKey(session.export(label: "link", context: context))
    }
}

public import SealiftBase
public import SealiftCrypto

/// Who somebody is: a hash over both public keys of their root (`docs/PROTOCOL.md` §11.1).
///
/// Two identities are the same person's claim only if these 32 bytes are equal. What contacts pin.
public struct IdentityID: Hashable, Comparable, Sendable {
    /// The 32 bytes.
    public let value: Hash256

    /// Wraps a value that was stored or received.
    public init(_ value: Hash256) {
        self.value = value
    }

    /// The identity of `root`.
    public init(of root: HybridPublicKey) {
        value = root.fingerprint
    }

    /// The form people compare and type; see ``ShortIdentity``.
    public var short: ShortIdentity { ShortIdentity(self) }

    /// The order of the bytes: where two identities must be named in one order by both ends.
    public static func < (left: IdentityID, right: IdentityID) -> Bool { left.value < right.value }
}

extension IdentityID: CustomStringConvertible {
    /// The short form.
    public var description: String { short.text }
}

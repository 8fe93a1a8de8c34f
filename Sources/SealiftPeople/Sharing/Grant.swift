public import SealiftBase
public import SealiftCrypto

/// The name of a share: 16 random bytes, so that nobody can ask for one that nobody told them of.
public struct ShareID: Hashable, Sendable, CustomStringConvertible {
    /// The size: 16 bytes.
    public static let byteCount = 16

    /// The 16 bytes.
    public let bytes: [UInt8]

    /// Copies 16 bytes; nil for another number.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = Array(bytes)
    }

    /// A new id.
    public init(entropy: inout some EntropySource) {
        bytes = entropy.bytes(Self.byteCount)
    }

    /// The 32 hexadecimal digits.
    public var description: String { Hexadecimal.encode(bytes) }
}

/// What one member may do in one share, as the owner's device keeps it.
public struct Grant: Hashable, Sendable {
    /// Whether somebody else has to agree before the first download.
    public enum Approval: Hashable, Sendable {
        /// Nobody has to.
        case notNeeded
        /// Somebody has to, and has not.
        case awaited
        /// This identity agreed.
        case given(by: IdentityID)
    }

    /// The share.
    public let share: ShareID
    /// The member.
    public let member: IdentityID
    /// What the member is.
    public var role: Role
    /// The part of the share that the member sees.
    public var paths: PathSubset
    /// From this second on it holds no more; nil for no end. Judged by the side that granted.
    public var expires: WallTime?
    /// How many bytes the member may move in all, both ways; nil for any number.
    public var quota: UInt64?
    /// Whether a second person has to agree first.
    public var approval: Approval

    /// A grant.
    public init(
        share: ShareID, member: IdentityID, role: Role, paths: PathSubset = .everything,
        expires: WallTime? = nil, quota: UInt64? = nil, approval: Approval = .notNeeded
    ) {
        self.share = share
        self.member = member
        self.role = role
        self.paths = paths
        self.expires = expires
        self.quota = quota
        self.approval = approval
    }

    /// Takes a second person's yes.
    ///
    /// Only somebody whose role there governs members counts, and nobody for himself.
    /// - Returns: whether it counted.
    public mutating func approve(by identity: IdentityID, role: Role) -> Bool {
        guard approval == .awaited, identity != member, role >= .admin else { return false }
        approval = .given(by: identity)
        return true
    }
}

public import SealiftBase

/// What an admin wants a member to have. What is not said stays as it is for somebody who is a member,
/// and has no limit for somebody who is not.
public struct GrantWish: Hashable, Sendable {
    /// The longest time, in seconds: some thirty thousand years.
    public static let maximumLifetime: UInt64 = 1 << 40
    /// The largest quota, in bytes: the database's.
    public static let maximumQuota = UInt64(Int64.max) - 1

    /// What the member is; a viewer where nothing is said.
    public let role: Role?
    /// The only paths that the member sees.
    public let paths: [GrantedPath]?
    /// How long it holds, in seconds from the change on, by the owner's clock.
    public let lifetime: UInt64?
    /// How many bytes the member may move in all.
    public let quota: UInt64?
    /// Whether somebody has to agree first. What is awaited already stays so.
    public let needsApproval: Bool

    /// A wish; nil for an owner's role, more paths than one request has, a time of nothing, or a bound
    /// broken.
    public init?(
        role: Role? = nil, paths: [GrantedPath]? = nil, lifetime: UInt64? = nil,
        quota: UInt64? = nil, needsApproval: Bool = false
    ) {
        if let role { guard role < .owner else { return nil } }
        if let paths {
            guard paths.count <= ContactRequest.maximumPartCount,
                paths.reduce(0, { $0 + $1.bytes.count }) <= ContactRequest.maximumPartByteCount
            else { return nil }
        }
        if let lifetime { guard (1...Self.maximumLifetime).contains(lifetime) else { return nil } }
        if let quota { guard quota <= Self.maximumQuota else { return nil } }
        self.role = role
        self.paths = paths
        self.lifetime = lifetime
        self.quota = quota
        self.needsApproval = needsApproval
    }

    /// What becomes of `former` by it.
    /// - Parameter time: from when on its time counts.
    public func applied(to former: Grant, at time: WallTime) -> Grant {
        var grant = former
        if let role { grant.role = role }
        if let paths { grant.paths = .only(paths) }
        if let lifetime { grant.expires = time.adding(seconds: Int64(clamping: lifetime)) }
        if let quota { grant.quota = quota }
        if needsApproval { grant.approval = .awaited }
        return grant
    }
}

public import SealiftBase

/// A member of a share as an admin of it sees them.
public struct VisibleMember: Equatable, Sendable {
    /// What of the share a member sees, as far as the admin may know.
    public enum Part: Equatable, Sendable {
        /// All of it.
        case everything
        /// These paths, and others that are not shown where `hasMore`: outside the admin's own part, or too many
        /// for one message.
        case only([GrantedPath], hasMore: Bool)
    }

    /// The most paths of a member that are shown.
    public static let maximumPathCount = ContactRequest.maximumPartCount
    /// The most bytes of them together.
    public static let maximumPathByteCount = 8_192

    /// Who.
    public var identity: IdentityID
    /// What they are.
    public var role: Role
    /// What of the share they see.
    public var part: Part
    /// From when on the grant holds no more, by the owner's clock; nil for no end.
    public var expires: WallTime?
    /// How many bytes they may move in all; nil for any number.
    public var quota: UInt64?
    /// How many they moved.
    public var movedBytes: UInt64
    /// Whether a second person has to agree first.
    public var approval: Grant.Approval

    /// A member.
    public init(
        identity: IdentityID, role: Role, part: Part, expires: WallTime?, quota: UInt64?,
        movedBytes: UInt64, approval: Grant.Approval
    ) {
        self.identity = identity
        self.role = role
        self.part = part
        self.expires = expires
        self.quota = quota
        self.movedBytes = movedBytes
        self.approval = approval
    }

    /// What somebody whose own part is `part` sees of a grant.
    public init(_ grant: Grant, movedBytes: UInt64, within part: PathSubset) {
        let shown: Part
        switch grant.paths {
        case .everything: shown = .everything
        case .only(let paths):
            var fitting: [GrantedPath] = []
            var byteCount = 0
            for path in paths where part.contains(path) {
                byteCount += path.bytes.count
                guard fitting.count < Self.maximumPathCount,
                    byteCount <= Self.maximumPathByteCount
                else { break }
                fitting.append(path)
            }
            shown = .only(fitting, hasMore: fitting.count < paths.count)
        }
        self.init(
            identity: grant.member, role: grant.role, part: shown, expires: grant.expires,
            quota: grant.quota, movedBytes: movedBytes, approval: grant.approval)
    }

    /// Cuts a list into answers that fit a message each, the last of which says so.
    public static func answers(_ members: [VisibleMember]) -> [ContactAnswer] {
        var pages: [[VisibleMember]] = [[]]
        var byteCount = 0
        for member in members {
            let size = member.encodedByteCount
            if byteCount + size > ContactMessage.maximumPartLength - 16
                || (pages.last?.count ?? 0) >= ContactMessage.maximumItemCount
            {
                pages.append([])
                byteCount = 0
            }
            pages[pages.count - 1].append(member)
            byteCount += size
        }
        return pages.enumerated().map { index, page in
            .members(page, isLast: index == pages.count - 1)
        }
    }
}

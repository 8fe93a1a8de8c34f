/// What a member of a share is. Each may do everything that those before it may.
public enum Role: UInt8, Hashable, Comparable, Sendable, CaseIterable {
    /// Looks and downloads.
    case viewer = 1
    /// Uploads too.
    case editor = 2
    /// Brings in, changes and removes viewers and editors too.
    case admin = 3
    /// The one whose device holds the share; does everything, and cannot be removed.
    case owner = 4

    /// The word for it, in commands, in the log and for scripts.
    public var word: String {
        switch self {
        case .viewer: "viewer"
        case .editor: "editor"
        case .admin: "admin"
        case .owner: "owner"
        }
    }

    /// The order of rights.
    public static func < (left: Role, right: Role) -> Bool { left.rawValue < right.rawValue }
}

/// What somebody asks of a share.
public enum Verb: Hashable, Sendable {
    /// See that the share exists, and the paths granted in it.
    case browse
    /// Read content.
    case download
    /// Write content that was not there.
    case upload
    /// See who else is a member.
    case listMembers
    /// Make somebody a member.
    case addMember(Role)
    /// Give a member another role.
    case changeRole(from: Role, to: Role)
    /// End somebody's membership.
    case removeMember(Role)
    /// End one's own membership.
    case leave
    /// Change the share's name, paths, limits and rules.
    case changeShare
    /// End the share.
    case removeShare

    /// Every verb, with every role it may hold: for tables.
    public static let all: [Verb] =
        [.browse, .download, .upload, .listMembers, .leave, .changeShare, .removeShare]
        + Role.allCases.flatMap { role in
            [.addMember(role), .removeMember(role)]
                + Role.allCases.map { .changeRole(from: role, to: $0) }
        }
}

extension Role {
    /// Whether the role alone allows `verb`. Closed: what is not named is refused.
    ///
    /// Nobody touches an owner, and only the owner touches admins: else two admins could throw each
    /// other out, and a stolen admin device could make itself permanent.
    public func allows(_ verb: Verb) -> Bool {
        switch verb {
        case .browse, .download: self >= .viewer
        case .upload: self >= .editor
        case .listMembers: self >= .admin
        case .addMember(let role), .removeMember(let role): governs(role)
        case .changeRole(let from, let to): governs(from) && governs(to)
        case .leave: self < .owner
        case .changeShare, .removeShare: self == .owner
        }
    }

    /// Whether members of `role` are for this one to bring in and remove.
    private func governs(_ role: Role) -> Bool {
        switch self {
        case .viewer, .editor: false
        case .admin: role <= .editor
        case .owner: role <= .admin
        }
    }
}

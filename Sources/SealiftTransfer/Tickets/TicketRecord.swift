public import SealiftBase
public import SealiftCrypto

/// What the sender remembers of a ticket it issued, across runs (`docs/PROTOCOL.md` §9, "Ticket
/// record").
///
/// Holds the secret: stored in the home folder only (0600), never printed.
public struct TicketRecord: Sendable {
    /// The ticket's secret.
    public let secret: PreSharedKey
    /// When it was issued.
    public let created: WallTime
    /// Until when it may be claimed.
    public let expires: WallTime
    /// The canonical absolute paths it serves, as bytes, in the order of the command line.
    public let paths: [[UInt8]]
    /// The addresses with real ports that the sender listened on, to be bound again; 1 to 16.
    public let listen: [PeerAddress]
    /// Who may claim it.
    public let audience: Audience
    /// Who owns the ticket and since when; nil while nobody has claimed it, and for many.
    public internal(set) var claim: Claim?
    /// When its owner confirmed the whole: from then on the ticket is spent. Nil for many.
    public internal(set) var completed: WallTime?
    /// The devices that accepted a ticket for many, in that order; at most ``maximumMemberCount``.
    public internal(set) var members: [Member] = []
    /// When the sender took it back.
    public internal(set) var withdrawn: WallTime?
    /// When the record was first seen to be old enough to be forgotten; see ``TicketRules``.
    public internal(set) var forgettableSince: WallTime?

    /// Who may claim a ticket.
    public enum Audience: Equatable, Sendable {
        /// The first device that accepts.
        case oneDevice
        /// Every device that accepts before the ticket expires (`send --keep`).
        case manyDevices
    }

    /// A device that accepted a ticket for many.
    public struct Member: Hashable, Sendable {
        /// The device, and when it accepted.
        public let claim: Claim
        /// When it confirmed the whole; nil before.
        public internal(set) var completed: WallTime?
    }

    /// The first receiver that accepted, and when.
    public struct Claim: Hashable, Sendable {
        /// The device that owns the ticket.
        public let owner: DeviceID
        /// When it accepted.
        public let time: WallTime
    }

    /// The most paths a record may hold, and the longest path in bytes.
    static let maximumPathCount = 65_536
    static let maximumPathLength = 4_096
    /// The most devices that may accept a ticket for many.
    public static let maximumMemberCount = 4_096

    /// Makes the record of a new ticket; nil unless there are 1 to 65,536 paths of 1 to 4,096 bytes and
    /// 1 to 16 addresses.
    public init?(
        secret: PreSharedKey, created: WallTime, expires: WallTime, paths: [[UInt8]],
        listen: [PeerAddress], audience: Audience = .oneDevice
    ) {
        guard (1...Self.maximumPathCount).contains(paths.count),
            paths.allSatisfy({ (1...Self.maximumPathLength).contains($0.count) }),
            (1...PeerAddress.maximumCount).contains(listen.count)
        else { return nil }
        self.secret = secret
        self.created = created
        self.expires = expires
        self.paths = paths
        self.listen = listen
        self.audience = audience
    }

    /// Whether `device` accepted this ticket.
    public func isClaimed(by device: DeviceID) -> Bool {
        switch audience {
        case .oneDevice: claim?.owner == device
        case .manyDevices: members.contains { $0.claim.owner == device }
        }
    }
}

extension TicketRecord: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Says what it is, and nothing of what it holds.
    public var description: String { "<ticket record>" }
    /// The same in a debugger.
    public var debugDescription: String { description }
    /// Shows nothing to `dump` and string interpolation.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

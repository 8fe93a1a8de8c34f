import Foundation
import GRDB
public import SealiftBase
public import SealiftPeople

/// A share as its owner's device keeps it (`docs/PROTOCOL.md` §11.10).
public struct StoredShare: Hashable, Sendable {
    /// The most shares of one device.
    public static let maximumCount = 10_000
    /// The longest path, in bytes: the kernel's.
    static let maximumPathByteCount = 4_096

    /// What members name it by.
    public let id: ShareID
    /// What people name it by.
    public let name: ShareName
    /// The file or folder: absolute, without links, as bytes.
    public let path: [UInt8]
    /// When it was made, by this machine's clock.
    public let created: WallTime

    /// A share; nil for a path that is not absolute, is longer than 4,096 bytes or has a zero byte.
    public init?(id: ShareID, name: ShareName, path: [UInt8], created: WallTime) {
        guard path.first == UInt8(ascii: "/"), path.count <= Self.maximumPathByteCount,
            !path.contains(0)
        else { return nil }
        self.id = id
        self.name = name
        self.path = path
        self.created = created
    }
}

/// A member of a share, as the owner's device keeps it.
public struct StoredMember: Hashable, Sendable {
    /// What the member may do.
    public let grant: Grant
    /// What the member moved until now, both ways, under this grant and those before.
    public let movedBytes: UInt64
    /// When the grant was given or last changed, by this machine's clock.
    public let granted: WallTime
}

/// A share and somebody's grant in it.
public struct GrantedShare: Hashable, Sendable {
    /// The share.
    public let share: StoredShare
    /// The grant.
    public let grant: Grant
}

extension Store {
    /// Every share, by name.
    public func shares() throws(StoreFailure) -> [StoredShare] {
        try read { database in
            try database.all("SELECT \(StoredShare.columns) FROM share s ORDER BY s.name", []) {
                try StoredShare($0)
            }
        }
    }

    /// The share of this very name; a name that only looks like it finds nothing.
    public func share(named name: String) -> Lookup<StoredShare> {
        look { try StoredShare(named: name, in: $0) }
    }

    /// A share.
    public func share(_ id: ShareID) -> Lookup<StoredShare> {
        look { try StoredShare(id, in: $0) }
    }

    /// What `member` may do in a share. Whether it is over, and whether the member is heard at all, is for
    /// ``AccessDecision`` to say.
    public func grant(of member: IdentityID, in share: ShareID) -> Lookup<Grant> {
        look { try Grant(of: member, in: share, $0) }
    }

    /// What `member` moved in a share until now; nothing where no byte was counted.
    public func movedBytes(by member: IdentityID, in share: ShareID) -> Lookup<UInt64> {
        look { try Grant.movedBytes(by: member, in: share, $0) }
    }

    /// The shares in which `member` has a grant, with the grant, by name. One that is over is among them.
    public func sharesVisible(to member: IdentityID) -> Lookup<[GrantedShare]> {
        look { database in
            try database.all(
                Self.visibleShares, [member.stored, StoredShare.maximumCount]
            ) { row in
                GrantedShare(share: try StoredShare(row), grant: try Grant(row))
            }
        }
    }

    /// The members of a share, in the order of their identities.
    public func members(of share: ShareID) throws(StoreFailure) -> [StoredMember] {
        try read { database in
            try database.all(Self.sharesMembers, [share.stored, ContactBook.maximumCount]) { row in
                StoredMember(
                    grant: try Grant(row), movedBytes: try row.count("moved"),
                    granted: try row.time("granted"))
            }
        }
    }

    /// How many members each share has; none are in it that have no member.
    public func memberCounts() throws(StoreFailure) -> [ShareID: Int] {
        try read { database in
            let counts = try database.all(
                "SELECT share, count(*) AS members FROM membership GROUP BY share", []
            ) { row in
                (
                    try StoredRow.demand(
                        ShareID(try row.bytes("share", atMost: ShareID.byteCount))),
                    Int(clamping: try row.count("members"))
                )
            }
            return Dictionary(counts, uniquingKeysWith: { first, _ in first })
        }
    }

    static let visibleShares = """
        SELECT \(StoredShare.columns), \(Grant.columns)
        FROM membership m JOIN share s ON s.id = m.share
        WHERE m.member = ? ORDER BY s.name LIMIT ?
        """
    static let sharesMembers = """
        SELECT \(Grant.columns), m.granted AS granted, coalesce(v.bytes, 0) AS moved
        FROM membership m LEFT JOIN moved v ON v.share = m.share AND v.member = m.member
        WHERE m.share = ? ORDER BY m.member LIMIT ?
        """
}

// MARK: Rows

extension StoredShare {
    static let columns = "s.id AS id, s.name AS name, s.path AS path, s.created AS created"
    static let byID = "SELECT \(columns) FROM share s WHERE s.id = ?"
    static let byName = "SELECT \(columns) FROM share s WHERE s.name = ?"

    init(_ row: StoredRow) throws {
        let id = try ShareID(row.bytes("id", atMost: ShareID.byteCount))
        let path = try row.bytes("path", atMost: Self.maximumPathByteCount)
        let share = StoredShare(
            id: try StoredRow.demand(id),
            name: try StoredRow.demand(try? ShareName(try row.required("name"))), path: path,
            created: try row.time("created"))
        self = try StoredRow.demand(share)
    }

    init?(_ id: ShareID, in database: Database) throws {
        guard let row = try database.first(Self.byID, [id.stored]) else { return nil }
        try self.init(row)
    }

    init?(named name: String, in database: Database) throws {
        guard let row = try database.first(Self.byName, [name]) else { return nil }
        try self.init(row)
    }
}

extension Grant {
    static let columns = """
        m.share AS share, m.member AS member, m.role AS role, m.paths AS paths,
        m.expires AS expires, m.quota AS quota, m.approval AS approval, m.approver AS approver
        """
    static let byMember = "SELECT \(columns) FROM membership m WHERE m.share = ? AND m.member = ?"
    static let moved = "SELECT bytes FROM moved WHERE share = ? AND member = ?"

    /// No list of paths is longer in the database.
    private static let maximumPathsByteCount =
        PathSubset.maximumPathCount * (GrantedPath.maximumByteCount + 1)

    private static let everything = [UInt8(ascii: "/")]

    /// The paths as they stand in the column.
    var storedPaths: Data {
        switch paths {
        case .everything: Data(Self.everything)
        case .only(let paths): StoredPaths.join(paths.map(\.bytes))
        }
    }

    init(_ row: StoredRow) throws {
        let role: Int64 = try row.required("role")
        self.init(
            share: try StoredRow.demand(
                ShareID(try row.bytes("share", atMost: ShareID.byteCount))),
            member: try row.identity("member"),
            role: try StoredRow.demand(UInt8(exactly: role).flatMap(Role.init(rawValue:))),
            paths: try Self.paths(in: row), expires: try row.end("expires"),
            quota: try row.limit("quota"), approval: try Self.approval(in: row))
        // Nobody but the device itself is the owner.
        guard self.role < .owner else { throw StoredRow.damaged }
    }

    init?(of member: IdentityID, in share: ShareID, _ database: Database) throws {
        guard
            let row = try database.first(Self.byMember, [share.stored, member.stored])
        else { return nil }
        try self.init(row)
    }

    static func movedBytes(
        by member: IdentityID, in share: ShareID, _ database: Database
    ) throws -> UInt64 {
        try database.first(moved, [share.stored, member.stored])?.count("bytes") ?? 0
    }

    /// A slash, which is no path, stands for everything, and an empty piece for no path at all.
    private static func paths(in row: StoredRow) throws -> PathSubset {
        let piece = try row.bytes("paths", atMost: maximumPathsByteCount)
        if piece == everything { return .everything }
        guard let parts = StoredPaths.split(piece, atMost: PathSubset.maximumPathCount) else {
            throw StoredRow.damaged
        }
        return .only(try parts.map { try StoredRow.demand(GrantedPath($0)) })
    }

    private static func approval(in row: StoredRow) throws -> Approval {
        let number: Int64 = try row.required("approval")
        switch number {
        case 0: return .notNeeded
        case 1: return .awaited
        case 2: return .given(by: try row.identity("approver"))
        default: throw StoredRow.damaged
        }
    }
}

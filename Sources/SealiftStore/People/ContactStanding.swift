import Foundation
import GRDB
import SealiftBase
public import SealiftPeople

/// What of a contact stands beside its chain: enough to name it and to say how far it was checked, for
/// lists of many. Who is let in is judged by ``Contact``, whose chain is verified.
public struct ContactStanding: Hashable, Sendable {
    /// What the user calls them.
    public let name: ContactName
    /// Whether the identity is who the user means.
    public let isVerified: Bool
    /// Whether they recovered, and have to be paired again.
    public let mustPairAgain: Bool
    /// Whether the user wants to hear nothing of them.
    public let isBlocked: Bool
}

extension Store {
    /// Everybody whom the user added, without their devices.
    public func contactStandings() throws(StoreFailure) -> [IdentityID: ContactStanding] {
        try read { database in
            let pairs = try database.all(
                "SELECT \(ContactStanding.columns), identity FROM contact", []
            ) { row in (try row.identity("identity"), try ContactStanding(row)) }
            return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
        }
    }

    /// Somebody whom the user added, with the chain verified as it stands there.
    public func contact(_ identity: IdentityID) -> Lookup<Contact> {
        look { try Contact(identity, in: $0, chains) }
    }
}

extension ContactStanding {
    fileprivate static let columns = "name, verification, blocked"
    static let byIdentity = "SELECT \(columns) FROM contact WHERE identity = ?"
    private static let verified: ClosedRange<Int64> = 1...3
    private static let mustPairAgainNumber: Int64 = 4

    init(_ row: StoredRow) throws {
        let verification: Int64 = try row.required("verification")
        let blocked: Int64 = try row.required("blocked")
        self.init(
            name: try StoredRow.demand(try? ContactName(try row.required("name"))),
            isVerified: Self.verified.contains(verification),
            mustPairAgain: verification == Self.mustPairAgainNumber, isBlocked: blocked != 0)
    }

    init?(_ identity: IdentityID, in database: Database) throws {
        guard let row = try database.first(Self.byIdentity, [identity.stored]) else { return nil }
        try self.init(row)
    }
}

/// Somebody, as the log names them.
struct NamedIdentity {
    let identity: IdentityID
    /// Empty for one who is no contact any more.
    let name: String

    /// Name and identity, as they begin the subject of an entry.
    var subject: [[UInt8]] {
        [Array(name.utf8), Array(identity.value.hexadecimal.utf8)]
    }
}

extension IdentityID {
    /// Whether it is the identity of this machine's user.
    func isOwn(in database: Database) throws -> Bool {
        try database.first("SELECT 1 FROM identity WHERE id = ?", [stored]) != nil
    }

    /// With a contact go its grants, its rules, its offers that wait, with their tickets, and those
    /// made to it: who is added again begins with nothing. What it moved stays counted. What lies in
    /// quarantine stays listed: it is on this machine, and only the user's word moves or deletes it.
    func forgetSharing(in database: Database) throws {
        for sql in [
            "DELETE FROM membership WHERE member = ?", "DELETE FROM rule WHERE sender = ?",
            "DELETE FROM offer WHERE sender = ? AND state NOT IN (4, 5, 6)",
            "DELETE FROM outgoing WHERE recipient = ?",
        ] {
            try database.execute(sql: sql, arguments: [stored])
        }
        try StoredOffer.forgetTickets(in: database)
    }
}

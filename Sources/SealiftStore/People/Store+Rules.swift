import Foundation
import GRDB
public import SealiftBase
import SealiftCrypto
import SealiftIO
public import SealiftPeople

/// A rule as the user wrote it, and what it took.
public struct StoredRule: Hashable, Sendable {
    /// The most rules.
    public static let maximumCount = 1_000

    /// Its number, from 1, in the order in which they were written; never used again.
    public let number: Int64
    /// The rule.
    public let rule: AcceptanceRule
    /// The bytes of all offers that it took.
    public let accepted: UInt64
    /// When it was written, by this machine's clock.
    public let created: WallTime
}

/// Why a change of rules was refused. Nothing changed then.
public enum RuleRefusal: Error, Equatable, Sendable {
    /// There is no such rule.
    case unknown
    /// There are ``StoredRule/maximumCount`` rules.
    case full
    /// The identity is no contact.
    case unknownContact
    /// The contact is not verified: no rule takes anything of theirs.
    case notVerified
    /// The destination is not absolute, too long, or has a zero byte.
    case destination
}

extension Store {
    /// The rules, in the order in which the first that fits decides.
    public func rules() -> Lookup<[StoredRule]> {
        look { database in
            try database.all(
                "SELECT \(StoredRule.columns) FROM rule ORDER BY number", [], StoredRule.init)
        }
    }
}

extension AuditLog {
    /// Writes a rule behind those that there are.
    public func addRule(
        _ rule: AcceptanceRule
    ) throws(StoreFailure) -> Result<StoredRule, RuleRefusal> {
        try change { database in
            let destination = Array(rule.destination.utf8)
            guard destination.first == UInt8(ascii: "/"), !destination.contains(0),
                destination.count <= StoredRule.maximumDestinationByteCount
            else { return .failure(.destination) }
            guard let contact = try ContactStanding(rule.from, in: database) else {
                return .failure(.unknownContact)
            }
            guard contact.isVerified else { return .failure(.notVerified) }
            guard try database.count("SELECT count(*) FROM rule") < StoredRule.maximumCount else {
                return .failure(.full)
            }
            let now = SystemWallClock.now()
            try database.execute(
                sql: """
                    INSERT INTO rule
                        (sender, destination, maximum, quota, accepted, expires, created,
                         quarantine)
                    VALUES (?, ?, ?, ?, 0, ?, ?, ?)
                    """,
                arguments: [
                    rule.from.stored, Data(destination), Int64(clamping: rule.maximumByteCount),
                    StoredLimit.of(rule.quota), StoredLimit.of(rule.expires),
                    now.secondsSince1970, rule.quarantines ? 1 : 0,
                ])
            let stored = StoredRule(
                number: database.lastInsertedRowID, rule: rule, accepted: 0, created: now)
            let named = NamedIdentity(identity: rule.from, name: contact.name.text)
            return .success((value: stored, entries: [.of(stored, named, word: "rule_added")]))
        }
    }

    /// Takes a rule back. Offers that it took stay taken.
    public func removeRule(
        _ number: Int64
    ) throws(StoreFailure) -> Result<StoredRule, RuleRefusal> {
        try change { database in
            guard let rule = try StoredRule(number, in: database) else { return .failure(.unknown) }
            try database.execute(sql: "DELETE FROM rule WHERE number = ?", arguments: [number])
            let from = rule.rule.from
            let named = NamedIdentity(
                identity: from, name: try ContactStanding(from, in: database)?.name.text ?? "")
            return .success((value: rule, entries: [.of(rule, named, word: "rule_removed")]))
        }
    }
}

// MARK: Rows

extension StoredRule {
    fileprivate static let columns =
        "number, sender, destination, maximum, quota, accepted, expires, created, quarantine"
    static let ofSender = "SELECT \(columns) FROM rule WHERE sender = ? ORDER BY number"
    fileprivate static let maximumDestinationByteCount = 4_096

    init(_ row: StoredRow) throws {
        let destination = try row.bytes("destination", atMost: Self.maximumDestinationByteCount)
        let rule = AcceptanceRule(
            from: try row.identity("sender"),
            destination: try StoredRow.demand(String(validating: destination, as: UTF8.self)),
            maximumByteCount: try row.count("maximum"), quota: try row.limit("quota"),
            expires: try row.end("expires"), quarantines: try Self.flag(row))
        guard destination.first == UInt8(ascii: "/"), !destination.contains(0) else {
            throw StoredRow.damaged
        }
        self.init(
            number: try row.required("number"), rule: try StoredRow.demand(rule),
            accepted: try row.count("accepted"), created: try row.time("created"))
    }

    /// Whether it quarantines; what is neither yes nor no is a damage, not a no.
    private static func flag(_ row: StoredRow) throws -> Bool {
        switch try row.count("quarantine") {
        case 0: return false
        case 1: return true
        default: throw StoredRow.damaged
        }
    }

    fileprivate init?(_ number: Int64, in database: Database) throws {
        guard
            let row = try database.first(
                "SELECT \(Self.columns) FROM rule WHERE number = ?", [number])
        else { return nil }
        try self.init(row)
    }

    /// Counts what the rule takes; a negative number gives it back.
    static func count(_ bytes: Int64, for number: Int64, in database: Database) throws {
        try database.execute(
            sql: "UPDATE rule SET accepted = max(0, accepted + ?) WHERE number = ?",
            arguments: [bytes, number])
    }
}

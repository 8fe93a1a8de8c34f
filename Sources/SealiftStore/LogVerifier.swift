import Foundation
import GRDB
public import SealiftBase
import SealiftCrypto
import SealiftPeople

/// The first thing in a log that is not what it was. Positions count from 0.
public enum LogFinding: Equatable, Sendable {
    /// The entry, or what the device signed about it, was changed.
    case edited(UInt64)
    /// The entry is gone.
    case deleted(UInt64)
    /// Another entry of the log stands in the entry's place.
    case reordered(UInt64)
    /// The device never signed an entry at this place.
    case inserted(UInt64)
    /// Entries from this one on are gone; the log had `size`.
    case truncated(UInt64, size: UInt64)
    /// A head of this log that was kept elsewhere contradicts it: something before `size` was
    /// rewritten by who has the device's key.
    case rewritten(size: UInt64)
    /// The head beside the database is missing.
    case headMissing
    /// The head beside the database is another log's.
    case otherLog
}

/// What came of looking at a whole log.
public struct LogVerdict: Equatable, Sendable {
    /// How many entries it has that the device signed.
    public var size: UInt64
    /// The root over them.
    public var root: Hash256
    /// When the first entry was signed, and the last; nil for an empty log.
    public var times: ClosedRange<WallTime>?
    /// The first thing wrong; nil where everything is as it was.
    public var finding: LogFinding?
}

/// Where a log lies in the database: this device's own, or one that a backup brought.
enum LogPlace {
    case own
    case former(LogID)

    /// The query for the log's id.
    var id: String {
        switch self {
        case .own: "SELECT id FROM log"
        case .former: "SELECT id FROM former_log WHERE id = ?"
        }
    }

    /// What stands behind `FROM` for its entries.
    var entries: String {
        switch self {
        case .own: "entry"
        case .former: "(SELECT * FROM former_entry WHERE log = ?)"
        }
    }

    /// What stands behind `FROM` for its checkpoints.
    var checkpoints: String {
        switch self {
        case .own: "checkpoint"
        case .former: "(SELECT * FROM former_checkpoint WHERE log = ?)"
        }
    }

    /// The argument that each of them takes.
    var arguments: StatementArguments {
        switch self {
        case .own: []
        case .former(let log): [Data(log.bytes)]
        }
    }
}

/// Compares a log with the checkpoints in it and with heads kept outside.
///
/// Each checkpoint is the device's signature over the root after one more entry, so whoever lacks the
/// device's key cannot change, move, add or remove an entry and leave that unseen. What the key cannot
/// protect from, a database put back to an earlier day, the head outside it does.
struct LogVerifier {
    let device: DevicePublicKeys
    let kept: LogCheckpoint?
    let witnesses: [LogHead]
    /// Which log.
    var place = LogPlace.own

    func run(on database: Database) throws -> LogVerdict {
        guard
            let log = try Data.fetchOne(database, sql: place.id, arguments: place.arguments)
                .flatMap({ LogID($0) })
        else { throw StoreFailure.damaged("there is no log") }
        var signed = try SignedLeaves(of: log, by: device, at: place, in: database)
        let size = UInt64(signed.leaves.count)
        var finding = try firstChangedEntry(signed, in: database)
        if let broken = signed.broken, finding == nil { finding = broken }
        finding = finding ?? outsideFinding(log, &signed)
        return LogVerdict(
            size: size, root: signed.roots.last ?? LogHash.empty, times: signed.times,
            finding: finding)
    }

    /// What the heads outside the database say; nil where they agree.
    private func outsideFinding(_ log: LogID, _ signed: inout SignedLeaves) -> LogFinding? {
        guard let kept else { return .headMissing }
        guard kept.head.log == log else { return .otherLog }
        for head in [kept.head] + witnesses where head.log == log && head.size > 0 {
            let size = UInt64(signed.leaves.count)
            guard head.size <= size else { return .truncated(size, size: head.size) }
            guard signed.roots[Int(head.size - 1)] == head.root else {
                return .rewritten(size: head.size)
            }
        }
        return nil
    }

    /// Walks the entries beside what was signed.
    private func firstChangedEntry(
        _ signed: SignedLeaves, in database: Database
    ) throws -> LogFinding? {
        let count =
            try Int.fetchOne(
                database, sql: "SELECT count(*) FROM \(place.entries)", arguments: place.arguments)
            ?? 0
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT position, time, event, peer, transfer, bytes FROM \(place.entries)
                ORDER BY position
                """, arguments: place.arguments)
        var position: UInt64 = 0
        while let row = try rows.next() {
            guard let leaf = signed.leaf(at: position) else {
                // Signed, but the signature is broken: that is the finding. Otherwise nobody signed.
                return signed.broken ?? .inserted(position)
            }
            guard row["position"] as Int64 == Int64(clamping: position) else {
                return .deleted(position)
            }
            let bytes = Array(row["bytes"] as Data)
            guard LogHash.leaf(bytes) == leaf else {
                return try nature(
                    of: LogHash.leaf(bytes), at: position, signed, count: count, in: database)
            }
            guard Self.columnsAgree(row, bytes) else { return .edited(position) }
            position += 1
        }
        guard position == signed.leaves.count else {
            let isTail = signed.broken == nil
            return isTail
                ? .truncated(position, size: UInt64(signed.leaves.count)) : .deleted(position)
        }
        return nil
    }

    /// What was done at the first place whose entry is not the signed one.
    private func nature(
        of found: Hash256, at position: UInt64, _ signed: SignedLeaves, count: Int,
        in database: Database
    ) throws -> LogFinding {
        if count < signed.leaves.count, signed.leaf(at: position + 1) == found {
            return .deleted(position)
        }
        let next = try Data.fetchOne(
            database, sql: "SELECT bytes FROM \(place.entries) WHERE position = ?",
            arguments: place.arguments + [Int64(clamping: position + 1)])
        let wanted = signed.leaf(at: position)
        if count > signed.leaves.count, let next, LogHash.leaf(Array(next)) == wanted {
            return .inserted(position)
        }
        return signed.leaves.contains(found) ? .reordered(position) : .edited(position)
    }

    /// What the table is searched by must be what the entry says.
    private static func columnsAgree(_ row: Row, _ bytes: [UInt8]) -> Bool {
        // A newer version's entry is not read here; its hash counted.
        guard let entry = try? AuditEntry(encoded: bytes) else { return true }
        return row["time"] as Int64 == entry.time.secondsSince1970
            && row["event"] as Int64 == Int64(entry.event.rawValue)
            && (row["peer"] as Data?).map(Array.init) == entry.peer?.value.bytes
            && (row["transfer"] as Data?).map(Array.init) == entry.transfer?.bytes
    }
}

/// The hashes of entries that the device's signatures vouch for.
private struct SignedLeaves {
    private(set) var leaves: [Hash256] = []
    /// The root after each.
    private(set) var roots: [Hash256] = []
    private(set) var times: ClosedRange<WallTime>?
    /// The first signature that is missing or wrong; nothing after it is vouched for.
    private(set) var broken: LogFinding?

    init(
        of log: LogID, by device: DevicePublicKeys, at place: LogPlace, in database: Database
    ) throws {
        var frontier = LogFrontier()
        let rows = try Row.fetchCursor(
            database, sql: "SELECT size, leaf, bytes FROM \(place.checkpoints) ORDER BY size",
            arguments: place.arguments)
        while let row = try rows.next() {
            let position = frontier.size
            guard row["size"] as Int64 == Int64(clamping: position + 1) else {
                broken = .deleted(position)
                return
            }
            guard let leaf = Hash256(row["leaf"] as Data),
                let checkpoint = LogCheckpoint(encoded: Array(row["bytes"] as Data)),
                checkpoint.isSigned(by: device)
            else {
                broken = .edited(position)
                return
            }
            frontier.append(leaf)
            guard
                checkpoint.head
                    == LogHead(log: log, size: frontier.size, root: frontier.root)
            else {
                broken = .edited(position)
                return
            }
            leaves.append(leaf)
            roots.append(frontier.root)
            let time = checkpoint.time
            times = times.map { min($0.lowerBound, time)...max($0.upperBound, time) } ?? time...time
        }
    }

    func leaf(at position: UInt64) -> Hash256? {
        position < UInt64(leaves.count) ? leaves[Int(position)] : nil
    }
}

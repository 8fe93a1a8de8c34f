import Foundation
import GRDB
import SealiftBase
import SealiftCrypto
import SealiftPeople
import Testing

@testable import SealiftStore

/// Somebody who may write the user's files, but has not the device's key, edits the log.
@Suite("A log that somebody edited")
struct TamperTests {
    @Test(
        "is found out at the first place that is not what it was",
        arguments: [
            (
                "UPDATE entry SET bytes = CAST(bytes || x'00' AS BLOB) WHERE position = 4",
                .edited(4)
            ),
            ("UPDATE entry SET time = 5 WHERE position = 3", .edited(3)),
            ("UPDATE entry SET peer = NULL WHERE position = 3", .edited(3)),
            ("DELETE FROM entry WHERE position = 2", .deleted(2)),
            ("DELETE FROM entry WHERE position = 0", .deleted(0)),
            (
                """
                DELETE FROM entry WHERE position = 2;
                UPDATE entry SET position = -position WHERE position > 2;
                UPDATE entry SET position = -position - 1 WHERE position < 0;
                """, .deleted(2)
            ),
            (
                """
                UPDATE entry SET position = 100 WHERE position = 5;
                UPDATE entry SET position = 5 WHERE position = 7;
                UPDATE entry SET position = 7 WHERE position = 100;
                """, .reordered(5)
            ),
            (
                "INSERT INTO entry SELECT 10, time, event, peer, transfer, bytes FROM entry LIMIT 1",
                .inserted(10)
            ),
            ("DELETE FROM entry WHERE position >= 6", .truncated(6, size: 10)),
            ("DELETE FROM checkpoint WHERE size = 5", .deleted(4)),
            ("UPDATE checkpoint SET leaf = zeroblob(32) WHERE size = 8", .edited(7)),
            (
                """
                DELETE FROM entry WHERE position >= 6; DELETE FROM checkpoint WHERE size > 6;
                """, .truncated(6, size: 10)
            ),
            (
                "DELETE FROM entry; DELETE FROM checkpoint;"
                    + "UPDATE log SET size = 0, peaks = x''", .truncated(0, size: 10)
            ),
            ("UPDATE log SET id = zeroblob(16)", .edited(0)),
        ] as [(String, LogFinding)])
    func tampered(sql: String, finding: LogFinding) throws {
        let store = try TemporaryStore()
        try store.filledLog(10)
        #expect(try store.finding() == nil)
        // The table refuses negative positions; whoever edits it need not keep the rule.
        try store.tamper("PRAGMA ignore_check_constraints = ON; \(sql)")
        #expect(try store.finding() == finding)
    }

    @Test("is found out where every hash and root was made to fit, but not the signatures")
    func reforged() throws {
        let store = try TemporaryStore()
        try store.filledLog(6)
        // The forger signs with a key of their own.
        let forger = TemporaryStore.device(66)
        let log = try store.log().head().log
        var frontier = LogFrontier()
        for number in 0..<6 {
            let entry = TemporaryStore.entry(number == 3 ? 77 : number)
            frontier.append(LogHash.leaf(entry.encoded))
            let head = LogHead(log: log, size: frontier.size, root: frontier.root)
            let checkpoint = try #require(LogCheckpoint(head, at: entry.time, by: forger))
            guard number >= 3 else { continue }
            try store.tamper(
                "UPDATE entry SET bytes = ?, time = ? WHERE position = ?",
                [Data(entry.encoded), entry.time.secondsSince1970, number])
            try store.tamper(
                "UPDATE checkpoint SET leaf = ?, bytes = ? WHERE size = ?",
                [
                    Data(LogHash.leaf(entry.encoded).bytes), Data(checkpoint.encoded), number + 1,
                ])
        }
        #expect(try store.finding() == .edited(3))
    }

    @Test("is found out when yesterday's database is put back, and is not continued")
    func rolledBack() throws {
        let store = try TemporaryStore()
        try store.filledLog(4)
        try store.tamper("SELECT 1")
        let yesterday = try Data(contentsOf: URL(filePath: store.databasePath))
        try store.filledLog(3)
        for suffix in ["-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: store.databasePath + suffix)
        }
        try yesterday.write(to: URL(filePath: store.databasePath))
        #expect(try store.finding() == .truncated(4, size: 7))
        #expect(throws: StoreFailure.rolledBack(expected: 7, found: 4)) {
            try store.log().append(TemporaryStore.entry(4))
        }
    }

    @Test("is found out through one peer when even the head beside it is put back")
    func witnessed() throws {
        let store = try TemporaryStore()
        try store.filledLog(4)
        try store.tamper("SELECT 1")
        let database = try Data(contentsOf: URL(filePath: store.databasePath))
        let head = try Data(contentsOf: URL(filePath: store.headPath))
        try store.filledLog(3)
        let witness = try store.log().head()
        for suffix in ["-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: store.databasePath + suffix)
        }
        try database.write(to: URL(filePath: store.databasePath))
        try head.write(to: URL(filePath: store.headPath))
        #expect(try store.finding() == nil)
        #expect(try store.finding(witnesses: [witness]) == .truncated(4, size: 7))
        // And when other entries were appended since.
        let log = try store.log()
        for number in 10..<14 { try log.append(TemporaryStore.entry(number)) }
        #expect(try store.finding() == nil)
        #expect(try store.finding(witnesses: [witness]) == .rewritten(size: 7))
    }

    @Test("is found out, and is not continued, where its head or the whole database is gone")
    func missing() throws {
        let store = try TemporaryStore()
        try store.filledLog(4)
        let head = try Data(contentsOf: URL(filePath: store.headPath))
        try FileManager.default.removeItem(atPath: store.headPath)
        #expect(try store.finding() == .headMissing)
        #expect(throws: StoreFailure.headMissing) {
            try store.log().append(TemporaryStore.entry(4))
        }
        try head.write(to: URL(filePath: store.headPath))
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: store.databasePath + suffix)
        }
        #expect(throws: StoreFailure.rolledBack(expected: 4, found: 0)) { try store.log() }
    }

    @Test("is refused where the database is no database")
    func garbage() throws {
        let store = try TemporaryStore()
        try Data("this is no database at all, though it is long enough".utf8)
            .write(to: URL(filePath: store.databasePath))
        #expect {
            try store.log()
        } throws: { error in
            if case .damaged = error as? StoreFailure { true } else { false }
        }
    }
}

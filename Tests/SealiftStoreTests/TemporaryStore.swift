import Foundation
import GRDB
import Glibc
import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftPeople

@testable import SealiftStore

/// A home in a folder of its own, and a device with a log in it.
final class TemporaryStore: Sendable {
    let path: String
    let home: Home

    /// The device of every test: another process makes the same.
    static let device = device(1)

    static func device(_ seed: UInt64) -> DeviceKeyPair {
        var entropy = SeededEntropy(seed: seed)
        return DeviceKeyPair.generate(entropy: &entropy)
    }

    init() throws {
        var template = Array("/tmp/sealift-store-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else {
            throw SystemError(code: errno, operation: "mkdtemp")
        }
        path = String(cString: made)
        home = try Home.open(path: Array(path.utf8))
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    var databasePath: String { "\(path)/\(Store.fileName)" }
    var headPath: String { "\(path)/\(AuditLog.headRecord)" }

    func log(_ device: DeviceKeyPair = TemporaryStore.device) throws -> AuditLog {
        try AuditLog(Store(in: home), of: device)
    }

    /// A log of `count` entries.
    @discardableResult
    func filledLog(_ count: Int) throws -> AuditLog {
        let log = try log()
        for number in 0..<count { try log.append(Self.entry(number)) }
        return log
    }

    static func entry(_ number: Int) -> AuditEntry {
        AuditEntry(
            .transferStarted, at: WallTime(secondsSince1970: 1_790_000_000 + Int64(number)),
            direction: .sent, peer: device(2).publicKeys.id, subject: Array("file \(number)".utf8))
    }

    /// Does to the database what somebody with an editor would.
    func tamper(_ sql: String, _ arguments: StatementArguments = []) throws {
        let queue = try DatabaseQueue(path: databasePath)
        try queue.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA foreign_keys = OFF")
            try database.execute(sql: sql, arguments: arguments)
            try database.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
        }
        try queue.close()
    }

    /// How the vault keeps the secret called `name`: sealed, as its bytes stand in the database.
    func storedSecret(_ name: String) throws -> Data {
        let bytes = try Store(in: home).read {
            try Data.fetchOne(
                $0, sql: "SELECT bytes FROM secret WHERE name = ?", arguments: [name])
        }
        guard let bytes else { throw StoreFailure.failed("there is no secret \(name)") }
        return bytes
    }

    /// Whether these bytes stand anywhere in a file of the home: the database, its write-ahead log, or another.
    func holds(_ bytes: Data) throws -> Bool {
        try FileManager.default.contentsOfDirectory(atPath: path).contains { name in
            try Data(contentsOf: URL(filePath: "\(path)/\(name)")).range(of: bytes) != nil
        }
    }

    /// What verification finds now, in a process that opens everything anew.
    func finding(witnesses: [LogHead] = []) throws -> LogFinding? {
        let device = Self.device.publicKeys
        let kept = try home.readRecord(AuditLog.headRecord).flatMap { LogCheckpoint(encoded: $0) }
        return try Store(in: home).read {
            try LogVerifier(device: device, kept: kept, witnesses: witnesses).run(on: $0).finding
        }
    }
}

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

    /// What verification finds now, in a process that opens everything anew.
    func finding(witnesses: [LogHead] = []) throws -> LogFinding? {
        let device = Self.device.publicKeys
        let kept = try home.readRecord(AuditLog.headRecord).flatMap { LogCheckpoint(encoded: $0) }
        return try Store(in: home).read {
            try LogVerifier(device: device, kept: kept, witnesses: witnesses).run(on: $0).finding
        }
    }
}

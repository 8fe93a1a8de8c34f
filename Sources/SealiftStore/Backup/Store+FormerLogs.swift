import Foundation
import GRDB
public import SealiftBase
public import SealiftCrypto
public import SealiftPeople

/// The log of a device that was before this one, as a backup brought it: to be read and checked, never
/// continued.
public struct FormerLog: Sendable {
    /// The log's name.
    public let id: LogID
    /// The device that signed it.
    public let device: DevicePublicKeys
    /// The head that lay beside it.
    public let head: LogCheckpoint?
    /// When the backup was restored, by this machine's clock.
    public let restored: WallTime
}

extension Store {
    /// The logs that backups brought, in the order in which they were signed last.
    public func formerLogs() throws(StoreFailure) -> [FormerLog] {
        try read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT id, keys, head, restored FROM former_log
                    ORDER BY (SELECT max(time) FROM former_entry WHERE log = former_log.id), id
                    """)
            return try rows.map { row in
                let keys = Array(row["keys"] as Data)
                guard let id = LogID(row["id"] as Data), keys.count == 64,
                    let device = DevicePublicKeys(
                        agreement: Array(keys.prefix(32)), signing: Array(keys.suffix(32)))
                else { throw StoreFailure.damaged("a log of a former device cannot be read") }
                return FormerLog(
                    id: id, device: device,
                    head: (row["head"] as Data?).flatMap { LogCheckpoint(encoded: Array($0)) },
                    restored: WallTime(secondsSince1970: row["restored"]))
            }
        }
    }

    /// Looks for the first entry of a former log that is not what its device signed.
    public func verify(_ log: FormerLog) throws(StoreFailure) -> LogVerdict {
        let witnesses = try formerReceipts().compactMap { receipt -> LogHead? in
            let statement = receipt.statement
            if statement.sender == log.device { return statement.senderLog }
            return statement.receiver == log.device ? statement.receiverLog : nil
        }
        return try read { database in
            try LogVerifier(
                device: log.device, kept: log.head, witnesses: witnesses, place: .former(log.id)
            ).run(on: database)
        }
    }

    /// The receipts that former devices kept, oldest first. One whose signatures do not hold is left out.
    public func formerReceipts() throws(StoreFailure) -> [Receipt] {
        try read { database in
            try Data.fetchAll(
                database, sql: "SELECT bytes FROM former_receipt ORDER BY time, transfer"
            ).compactMap { Receipt(encoded: Array($0)) }
        }
    }

    /// The contacts with whose devices this device shares a key. The others have to be paired again before
    /// anything passes between them; after a restore that is everybody.
    public func contactsWithKeys() throws(StoreFailure) -> Set<IdentityID> {
        try read { database in
            let names = try String.fetchCursor(
                database, sql: "SELECT name FROM secret WHERE substr(name, 1, 5) = 'pair '")
            var found: Set<IdentityID> = []
            while let name = try names.next() {
                let digits = name.dropFirst(5).prefix { $0 != " " }
                if let value = Hash256(hexadecimal: digits) { found.insert(IdentityID(value)) }
            }
            return found
        }
    }
}

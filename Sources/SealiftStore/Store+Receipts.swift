import Foundation
import GRDB
import SealiftBase
public import SealiftCrypto
public import SealiftPeople

extension Store {
    /// Keeps `receipt` under its transfer and the other end's name. The same receipt again changes
    /// nothing; the first that was kept stands.
    /// - Parameter device: this device, one of the receipt's two ends.
    public func keep(_ receipt: Receipt, of device: DeviceID) throws(StoreFailure) {
        let statement = receipt.statement
        let peer = statement.sender.id == device ? statement.receiver.id : statement.sender.id
        try write { database in
            try database.execute(
                sql: """
                    INSERT INTO receipt (transfer, peer, time, bytes) VALUES (?, ?, ?, ?)
                    ON CONFLICT DO NOTHING
                    """,
                arguments: [
                    Data(statement.transfer.bytes), Data(peer.value.bytes),
                    statement.time.secondsSince1970, Data(receipt.encoded),
                ])
        }
    }

    /// The receipts that were kept, oldest first. One whose signatures do not hold is left out.
    public func receipts() throws(StoreFailure) -> [Receipt] {
        try read { database in
            try Data.fetchAll(
                database, sql: "SELECT bytes FROM receipt ORDER BY time, transfer"
            ).compactMap { Receipt(encoded: Array($0)) }
        }
    }

    /// The newest receipt with `peer`, whichever end gave; nil for none. Of several in one second it is the
    /// one that saw most of the peer's log.
    public func newestReceipt(with peer: DeviceID) throws(StoreFailure) -> Receipt? {
        let newest = try read { database in
            try Data.fetchAll(
                database,
                sql: "SELECT bytes FROM receipt WHERE peer = ? ORDER BY time DESC LIMIT 16",
                arguments: [Data(peer.value.bytes)]
            ).compactMap { Receipt(encoded: Array($0)) }
        }
        func order(_ receipt: Receipt) -> (Int64, UInt64) {
            let statement = receipt.statement
            let log = statement.sender.id == peer ? statement.senderLog : statement.receiverLog
            return (statement.time.secondsSince1970, log.size)
        }
        return newest.max { order($0) < order($1) }
    }

    /// What the other ends signed of where `device`'s log stood: they bear witness to it.
    public func witnessedHeads(of device: DeviceID) throws(StoreFailure) -> [LogHead] {
        try receipts().map { receipt in
            receipt.statement.sender.id == device
                ? receipt.statement.senderLog : receipt.statement.receiverLog
        }
    }
}

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

    /// What the other ends signed of where `device`'s log stood: they bear witness to it.
    public func witnessedHeads(of device: DeviceID) throws(StoreFailure) -> [LogHead] {
        try receipts().map { receipt in
            receipt.statement.sender.id == device
                ? receipt.statement.senderLog : receipt.statement.receiverLog
        }
    }
}

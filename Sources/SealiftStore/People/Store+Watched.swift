import Foundation
import GRDB
public import SealiftBase
public import SealiftCrypto
public import SealiftPeople

/// A version of a checkpoint that a contact has (`docs/PROTOCOL.md` §9.9).
public struct WatchedDelivery: Hashable, Sendable {
    /// The most that are kept of one folder; the oldest go first.
    static let maximumCount = 65_536

    /// The checkpoint's name in the folder.
    public let name: [UInt8]
    /// Which version.
    public let version: Hash256
    /// Who has it.
    public let recipient: IdentityID
    /// The receipt for the whole of it: its transfer, and the device that gave it; nil for none.
    public let receipt: Evidence?

    /// How a receipt is found.
    public struct Evidence: Hashable, Sendable {
        /// What joins the transfer's entries in this machine's log.
        public let transfer: TransferID
        /// The device at the other end.
        public let peer: DeviceID

        /// Names a receipt.
        public init(transfer: TransferID, peer: DeviceID) {
            self.transfer = transfer
            self.peer = peer
        }
    }

    /// Puts the parts together.
    public init(
        name: [UInt8], version: Hash256, recipient: IdentityID, receipt: Evidence?
    ) {
        self.name = name
        self.version = version
        self.recipient = recipient
        self.receipt = receipt
    }
}

/// A deletion that was logged and may not be done yet.
public struct PendingRemoval: Hashable, Sendable {
    /// The size of ``holder``: 16 bytes.
    public static let holderByteCount = 16

    /// The checkpoint's name in the folder.
    public let name: [UInt8]
    /// The version that is deleted.
    public let version: Hash256
    /// The same without the ctime that moving it changes.
    public let moved: Hash256
    /// Names the place that it is moved to first.
    public let holder: [UInt8]

    /// Puts the parts together; nil for a holder of another length.
    public init?(name: [UInt8], version: Hash256, moved: Hash256, holder: [UInt8]) {
        guard holder.count == Self.holderByteCount else { return nil }
        self.name = name
        self.version = version
        self.moved = moved
        self.holder = holder
    }
}

extension Store {
    /// What contacts have of the checkpoints in `folder`, an absolute path.
    public func watched(in folder: [UInt8]) throws(StoreFailure) -> [WatchedDelivery] {
        try read { database in
            try database.all(
                """
                SELECT name, version, recipient, transfer, peer FROM watched
                WHERE folder = ? ORDER BY name
                """, [Data(folder)], WatchedDelivery.init)
        }
    }

    /// Keeps that a contact has this version; what they had before of that name is forgotten.
    public func keep(
        _ delivery: WatchedDelivery, in folder: [UInt8], at time: WallTime
    ) throws(StoreFailure) {
        try write { database in
            try database.execute(
                sql: """
                    INSERT OR REPLACE INTO watched
                    (folder, name, recipient, version, transfer, peer, time)
                    VALUES (?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    Data(folder), Data(delivery.name), delivery.recipient.stored,
                    Data(delivery.version.bytes),
                    delivery.receipt.map { Data($0.transfer.bytes) },
                    delivery.receipt.map { Data($0.peer.value.bytes) }, time.secondsSince1970,
                ])
            try database.execute(
                sql: """
                    DELETE FROM watched WHERE folder = ?1 AND (name, recipient) IN (
                        SELECT name, recipient FROM watched WHERE folder = ?1
                        ORDER BY time DESC LIMIT -1 OFFSET ?2)
                    """,
                arguments: [Data(folder), WatchedDelivery.maximumCount])
        }
    }

    /// The receipt of a transfer with `peer`; nil for none, and for one whose signatures do not hold.
    public func receipt(_ evidence: WatchedDelivery.Evidence) throws(StoreFailure) -> Receipt? {
        try read { database in
            try Data.fetchOne(
                database, sql: "SELECT bytes FROM receipt WHERE transfer = ? AND peer = ?",
                arguments: [
                    Data(evidence.transfer.bytes), Data(evidence.peer.value.bytes),
                ]
            ).flatMap { Receipt(encoded: Array($0)) }
        }
    }

    /// The deletions in `folder` that were logged and not finished.
    public func removals(in folder: [UInt8]) throws(StoreFailure) -> [PendingRemoval] {
        try read { database in
            try database.all(
                "SELECT name, version, moved, holder FROM removal WHERE folder = ? ORDER BY name",
                [Data(folder)], PendingRemoval.init)
        }
    }

    /// A deletion is done: it, and what was kept of the checkpoint, is forgotten.
    public func finish(_ removal: PendingRemoval, in folder: [UInt8]) throws(StoreFailure) {
        try write { database in
            try removal.forget(in: folder, database)
            try database.execute(
                sql: "DELETE FROM watched WHERE folder = ? AND name = ? AND version = ?",
                arguments: [Data(folder), Data(removal.name), Data(removal.version.bytes)])
        }
    }
}

extension AuditLog {
    /// Logs a deletion before it happens, and keeps that it is to be finished.
    public func begin(
        _ removal: PendingRemoval, in folder: [UInt8], _ entry: AuditEntry
    ) throws(StoreFailure) {
        try append { database in
            try database.execute(
                sql: """
                    INSERT OR REPLACE INTO removal (folder, name, version, moved, holder)
                    VALUES (?, ?, ?, ?, ?)
                    """,
                arguments: [
                    Data(folder), Data(removal.name), Data(removal.version.bytes),
                    Data(removal.moved.bytes), Data(removal.holder),
                ])
            return entry
        }
    }

    /// Logs that a deletion did not happen.
    public func abandon(
        _ removal: PendingRemoval, in folder: [UInt8], _ entry: AuditEntry
    ) throws(StoreFailure) {
        try append { database in
            try removal.forget(in: folder, database)
            return entry
        }
    }
}

// MARK: Rows

extension WatchedDelivery {
    fileprivate init(_ row: StoredRow) throws {
        let transfer: Data? = try row.optional("transfer")
        let peer: Data? = try row.optional("peer")
        var receipt: Evidence?
        if let transfer, let peer {
            receipt = Evidence(
                transfer: try StoredRow.demand(TransferID(transfer)),
                peer: DeviceID(try StoredRow.demand(Hash256(peer))))
        }
        self.init(
            name: try row.bytes("name", atMost: 255), version: try row.hash("version"),
            recipient: try row.identity("recipient"), receipt: receipt)
    }
}

extension PendingRemoval {
    fileprivate init(_ row: StoredRow) throws {
        let removal = PendingRemoval(
            name: try row.bytes("name", atMost: 255), version: try row.hash("version"),
            moved: try row.hash("moved"),
            holder: try row.bytes("holder", atMost: Self.holderByteCount))
        self = try StoredRow.demand(removal)
    }

    fileprivate func forget(in folder: [UInt8], _ database: Database) throws {
        try database.execute(
            sql: "DELETE FROM removal WHERE folder = ? AND name = ?",
            arguments: [Data(folder), Data(name)])
    }
}

extension StoredRow {
    fileprivate func hash(_ column: String) throws -> Hash256 {
        try Self.demand(Hash256(try bytes(column, atMost: Hash256.byteCount)))
    }
}

import Foundation
import GRDB
public import SealiftCrypto
import SealiftIO
public import SealiftPeople

extension AuditLog {
    /// Puts a longer chain of this user's identity, which a contact's device had, in the place of the one that
    /// is stored, and logs it. Keys shared with devices that have ended go.
    /// - Parameters:
    ///   - former: the head that `chain` goes on from.
    ///   - peer: the contact's device.
    /// - Returns: false where the stored chain is another by now; nothing changed then.
    public func catchUp(
        to chain: DeviceChain, from former: ChainHead, by peer: DeviceID
    ) throws(StoreFailure) -> Bool {
        try extend(
            to: chain, from: former, as: "chain_gained", device: peer, decision: .none
        ) { _ in }
    }

    /// Puts a longer chain of this user's identity in the place of the one that is stored, and logs it, both
    /// or neither.
    /// - Parameters:
    ///   - former: the head that `chain` goes on from.
    ///   - word: what the log says that was done.
    ///   - device: whom it was done to.
    /// - Returns: false where the stored chain is another by now; nothing changed then.
    public func extend(
        to chain: DeviceChain, from former: ChainHead, as word: String, device: DeviceID
    ) throws(StoreFailure) -> Bool {
        try extend(to: chain, from: former, as: word, device: device) { _ in }
    }

    /// The same, with what else belongs to the transaction. Keys shared with devices that have ended go.
    func extend(
        to chain: DeviceChain, from former: ChainHead, as word: String, device: DeviceID,
        decision: AuditEntry.Decision = .user, also: (Database) throws -> Void
    ) throws(StoreFailure) -> Bool {
        var isStale = false
        do throws(StoreFailure) {
            try append { database in
                let row = try Row.fetchOne(database, sql: "SELECT id, chain FROM identity")
                let stored = row.flatMap { DeviceChain(stored: $0["chain"] as Data) }
                guard let stored, stored.entries.last?.head == former,
                    let devices = try? ChainView(verifying: stored, of: former.identity),
                    (try? ChainView(verifying: chain, of: former.identity)) != nil
                else {
                    isStale = true
                    throw StoreFailure.failed("the chain is another by now")
                }
                var view = devices
                _ = try view.take(chain)
                try database.execute(
                    sql: "UPDATE identity SET chain = ?", arguments: [Data(chain.encoded)])
                for ended in view.devices.values where ended.ended != nil {
                    try StoredLinkKey.remove(ended.keys.id, in: database)
                }
                try also(database)
                return AuditEntry(
                    .keyChanged, at: SystemWallClock.now(), peer: device, decision: decision,
                    subject: Array(former.identity.short.text.utf8), reason: word)
            }
        } catch {
            if isStale { return false }
            throw error
        }
        return true
    }
}

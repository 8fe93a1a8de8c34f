import Foundation
import GRDB
public import SealiftCrypto
import SealiftIO
public import SealiftPeople

extension AuditLog {
    /// Puts a longer chain of this user's identity, which a contact's device had, in the place of the one that
    /// is stored, and logs it. Keys shared with devices that have ended go.
    ///
    /// Several sessions may catch up at once, from one head to different ones: `chain` also goes on from a stored
    /// one that it holds whole.
    /// - Parameters:
    ///   - former: the head that the session began with.
    ///   - peer: the contact's device.
    /// - Returns: the head that was stored before; nil where the stored chain is another by now, or
    ///   as long already, and nothing changed.
    public func catchUp(
        to chain: DeviceChain, from former: ChainHead, by peer: DeviceID
    ) throws(StoreFailure) -> ChainHead? {
        try extend(
            to: chain, of: former.identity, as: "chain_gained", device: peer, decision: .none,
            where: { $0 == former || chain.leads(on: $0) }
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
        also: (Database) throws -> Void
    ) throws(StoreFailure) -> Bool {
        try extend(
            to: chain, of: former.identity, as: word, device: device, decision: .user,
            where: { $0 == former }, also: also) != nil
    }

    /// - Parameter isRight: whether `chain` may take the place of a stored one with this head.
    /// - Returns: the head that was stored before; nil where that is not right, and nothing changed.
    private func extend(
        to chain: DeviceChain, of identity: IdentityID, as word: String, device: DeviceID,
        decision: AuditEntry.Decision, where isRight: (ChainHead) -> Bool,
        also: (Database) throws -> Void
    ) throws(StoreFailure) -> ChainHead? {
        var before: ChainHead?
        var isStale = false
        do throws(StoreFailure) {
            try append { database in
                let row = try Row.fetchOne(database, sql: "SELECT id, chain FROM identity")
                let stored = row.flatMap { DeviceChain(stored: $0["chain"] as Data) }
                guard let stored, let head = stored.entries.last?.head, isRight(head),
                    let devices = try? ChainView(verifying: stored, of: identity),
                    (try? ChainView(verifying: chain, of: identity)) != nil
                else {
                    isStale = true
                    throw StoreFailure.failed("the chain is another by now")
                }
                before = head
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
                    subject: Array(identity.short.text.utf8), reason: word)
            }
        } catch {
            if isStale { return nil }
            throw error
        }
        // Keys that went, or were replaced, are not to be found behind it.
        store.emptyWriteAheadLog()
        return before
    }
}

extension DeviceChain {
    /// Whether `head` is one of its entries, and not the newest.
    fileprivate func leads(on head: ChainHead) -> Bool {
        entries.dropLast().first { $0.position == head.position }?.head == head
    }
}

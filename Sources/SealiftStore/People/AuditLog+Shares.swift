import Foundation
import GRDB
import SealiftBase
import SealiftCrypto
import SealiftIO
public import SealiftPeople

extension AuditLog {
    /// Makes a share with its first members, all of it or nothing.
    /// - Parameter grants: of contacts, each for this share.
    public func addShare(
        _ share: StoredShare, grants: [Grant] = []
    ) throws(StoreFailure) -> Result<Void, ShareRefusal> {
        try refusable { database in
            try share.insert(into: database)
            var entries = [AuditEntry.of(share, word: "share_added")]
            for grant in grants {
                guard grant.share == share.id else { throw ShareRefusal.unknownShare }
                let contact = try grant.requireContact(in: database)
                try grant.save(in: database)
                entries.append(
                    .of(.granted, contact, share, by: .owner, word: grant.role.word))
            }
            return ((), entries)
        }
    }

    /// Ends a share: its grants and counts go with it. What it led to stays where it is.
    public func removeShare(_ id: ShareID) throws(StoreFailure) -> Result<Void, ShareRefusal> {
        try refusable { database in
            let share = try StoredShare.require(id, in: database)
            try database.execute(sql: "DELETE FROM share WHERE id = ?", arguments: [id.stored])
            return ((), [.of(share, word: "share_removed")])
        }
    }

    /// Makes somebody a member, or changes what a member may do.
    ///
    /// The contact has to exist, and to be verified for more than a viewer's role. A member who grants needs
    /// the right to, and gives no more than he has.
    public func grant(
        _ grant: Grant, by author: ShareAuthor = .owner
    ) throws(StoreFailure) -> Result<Void, ShareRefusal> {
        try self.grant(to: grant.member, in: grant.share, by: author) { _ in grant }.map { _ in }
    }

    /// The same for a grant that depends on the one before.
    /// - Parameter change: from the grant that there is, or nil; share and member stay what they are.
    public func grant(
        to member: IdentityID, in share: ShareID, by author: ShareAuthor = .owner,
        _ change: (Grant?) -> Grant
    ) throws(StoreFailure) -> Result<Grant, ShareRefusal> {
        try refusable(ShareWish(.granted, of: member, in: share), by: author) { database in
            let stored = try StoredShare.require(share, in: database)
            // Who governs nobody learns nothing of members and contacts by asking.
            try author.requireRight(
                to: .listMembers, in: share, giving: nil, database, store.chains)
            let former = try Grant(of: member, in: share, database)
            let grant = change(former)
            guard grant.member == member, grant.share == share else {
                throw ShareRefusal.unknownShare
            }
            let contact = try grant.requireContact(in: database)
            let verb =
                former.map { Verb.changeRole(from: $0.role, to: grant.role) }
                ?? .addMember(grant.role)
            try author.requireRight(to: verb, in: share, giving: grant, database, store.chains)
            try grant.save(in: database)
            return (
                grant, [.of(.granted, contact, stored, by: author, word: grant.role.word)]
            )
        }
    }

    /// Takes a second person's yes to a grant that awaits one.
    ///
    /// A member who says yes opens no more than he has: as if he gave the grant.
    /// - Parameter identity: who says yes: the user of this machine, or a member whose role governs members.
    public func approve(
        _ member: IdentityID, in share: ShareID, by identity: IdentityID,
        as author: ShareAuthor = .owner
    ) throws(StoreFailure) -> Result<Grant, ShareRefusal> {
        try refusable(ShareWish(.granted, of: member, in: share), by: author) { database in
            let stored = try StoredShare.require(share, in: database)
            try author.requireRight(
                to: .listMembers, in: share, giving: nil, database, store.chains)
            guard var grant = try Grant(of: member, in: share, database) else {
                throw ShareRefusal.notMember
            }
            let contact = try grant.requireContact(in: database)
            let verb = Verb.changeRole(from: grant.role, to: grant.role)
            try author.requireRight(to: verb, in: share, giving: nil, database, store.chains)
            let role = try author.role(in: share, database)
            guard grant.approve(by: identity, role: role) else {
                throw ShareRefusal.noApprovalAwaited
            }
            try author.requireRight(to: verb, in: share, giving: grant, database, store.chains)
            try grant.save(in: database)
            return (grant, [.of(.granted, contact, stored, by: author, word: "approved")])
        }
    }

    /// Ends somebody's membership. What they moved stays counted, for a grant that follows.
    public func revoke(
        _ member: IdentityID, in share: ShareID, by author: ShareAuthor = .owner
    ) throws(StoreFailure) -> Result<Void, ShareRefusal> {
        try refusable(ShareWish(.revoked, of: member, in: share), by: author) { database in
            let stored = try StoredShare.require(share, in: database)
            let isLeaving = author.identity == member
            try author.requireRight(
                to: isLeaving ? .leave : .listMembers, in: share, giving: nil, database,
                store.chains)
            if try member.isOwn(in: database) { throw ShareRefusal.owner }
            // The owner ends a grant that cannot be read too.
            if author != .owner, !isLeaving {
                guard let former = try Grant(of: member, in: share, database) else {
                    throw ShareRefusal.notMember
                }
                try author.requireRight(
                    to: .removeMember(former.role), in: share, giving: nil, database, store.chains)
            }
            try database.execute(
                sql: "DELETE FROM membership WHERE share = ? AND member = ?",
                arguments: [share.stored, member.stored])
            guard database.changesCount == 1 else { throw ShareRefusal.notMember }
            let contact = NamedIdentity(
                identity: member, name: try ContactStanding(member, in: database)?.name.text ?? "")
            return (
                (),
                [.of(.revoked, contact, stored, by: author, word: isLeaving ? "left" : "revoked")]
            )
        }
    }

    /// Counts bytes that a member moved, also where they pass the quota: then ``AccessDecision`` allows no more
    /// of them. Sessions of several processes add up. Nothing is logged: the transfer has entries of its own.
    /// - Returns: what the member moved with them; nil, and nothing is counted, where the share is gone.
    public func noteMoved(
        _ bytes: UInt64, by member: IdentityID, in share: ShareID
    ) throws(StoreFailure) -> UInt64? {
        try Store.locked(store.home) { () throws(StoreFailure) in
            try store.write { database in
                guard try StoredShare(share, in: database) != nil else { return nil }
                let moved = try Grant.movedBytes(by: member, in: share, database)
                let (sum, overflow) = moved.addingReportingOverflow(bytes)
                let total = min(overflow ? .max : sum, UInt64(StoredLimit.none) - 1)
                try database.execute(
                    sql: """
                        INSERT INTO moved (share, member, bytes) VALUES (?, ?, ?)
                        ON CONFLICT (share, member) DO UPDATE SET bytes = excluded.bytes
                        """,
                    arguments: [share.stored, member.stored, Int64(clamping: total)])
                return total
            }
        }
    }

    /// A change that a thrown ``ShareRefusal`` refuses. A member's wish that is refused is logged: it is his
    /// device that stands there.
    private func refusable<Value>(
        _ wish: ShareWish? = nil, by author: ShareAuthor = .owner,
        _ body: (Database) throws -> (Value, [AuditEntry])
    ) throws(StoreFailure) -> Result<Value, ShareRefusal> {
        let result: Result<Value, ShareRefusal> = try change { database in
            do {
                let (value, entries) = try body(database)
                return .success((value: value, entries: entries))
            } catch let refusal as ShareRefusal {
                return .failure(refusal)
            }
        }
        if case .failure(let refusal) = result, let wish, author != .owner {
            try noteRefusal(of: wish, by: author, refusal)
        }
        return result
    }
}

// MARK: Rows

extension StoredShare {
    fileprivate static func require(_ id: ShareID, in database: Database) throws -> StoredShare {
        guard let share = try StoredShare(id, in: database) else { throw ShareRefusal.unknownShare }
        return share
    }

    func insert(into database: Database) throws {
        guard try database.count("SELECT count(*) FROM share") < Self.maximumCount else {
            throw ShareRefusal.full
        }
        let alike = try database.first(
            "SELECT name FROM share WHERE skeleton = ?", [name.skeleton.text])
        if let alike {
            let other = try StoredRow.demand(try? ShareName(try alike.required("name")))
            throw other == name ? ShareRefusal.nameTaken : .looksLike(other)
        }
        try database.execute(
            sql: "INSERT INTO share (id, name, skeleton, path, created) VALUES (?, ?, ?, ?, ?)",
            arguments: [
                id.stored, name.text, name.skeleton.text, Data(path), created.secondsSince1970,
            ])
    }
}

extension Grant {
    /// The contact that the grant is for, if it may have it.
    func requireContact(in database: Database) throws -> NamedIdentity {
        if role == .owner { throw ShareRefusal.owner }
        if try member.isOwn(in: database) { throw ShareRefusal.owner }
        guard let contact = try ContactStanding(member, in: database) else {
            throw ShareRefusal.unknownContact
        }
        guard contact.isVerified || role == .viewer else { throw ShareRefusal.notVerified }
        if case .only(let paths) = paths, paths.count > PathSubset.maximumPathCount {
            throw ShareRefusal.tooManyPaths
        }
        return NamedIdentity(identity: member, name: contact.name.text)
    }

    func save(in database: Database) throws {
        let (number, approver): (Int64, Data?) =
            switch approval {
            case .notNeeded: (0, nil)
            case .awaited: (1, nil)
            case .given(let identity): (2, identity.stored)
            }
        let members = try database.count(
            "SELECT count(*) FROM membership WHERE share = ?", [share.stored])
        guard members < ContactBook.maximumCount else { throw ShareRefusal.full }
        try database.execute(
            sql: """
                INSERT INTO membership
                    (share, member, role, paths, expires, quota, approval, approver, granted)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (share, member) DO UPDATE SET
                    role = excluded.role, paths = excluded.paths, expires = excluded.expires,
                    quota = excluded.quota, approval = excluded.approval,
                    approver = excluded.approver, granted = excluded.granted
                """,
            arguments: [
                share.stored, member.stored, Int64(role.rawValue), storedPaths,
                StoredLimit.of(expires), StoredLimit.of(quota), number, approver,
                SystemWallClock.now().secondsSince1970,
            ])
    }
}

extension ShareAuthor {
    /// Who it is; nil for the user of this machine.
    var identity: IdentityID? {
        if case .member(let identity, _, _) = self { identity } else { nil }
    }

    /// With which device; nil for the user of this machine.
    var device: DeviceID? {
        if case .member(_, let device, _) = self { device } else { nil }
    }

    /// What the author is in a share.
    fileprivate func role(in share: ShareID, _ database: Database) throws -> Role {
        guard let identity else { return .owner }
        guard let grant = try Grant(of: identity, in: share, database) else {
            throw ShareRefusal.denied(.noGrant)
        }
        return grant.role
    }

    /// Judges a member's wish in the transaction that fulfils it: a grant that ended in the meantime
    /// changes nothing any more.
    /// - Parameter giving: what somebody else would have by it.
    fileprivate func requireRight(
        to verb: Verb, in share: ShareID, giving: Grant?, _ database: Database,
        _ chains: VerifiedChains
    ) throws {
        guard case .member(let identity, let device, let time) = self else { return }
        func lookup<Value>(_ find: () throws -> Value?) -> Lookup<Value> {
            do { return try find().map { .found($0) } ?? .absent } catch { return .failed }
        }
        let own = lookup { try Grant(of: identity, in: share, database) }
        let decision = AccessDecision.judge(
            AccessRequest(share: share, identity: identity, device: device, verb: verb),
            contact: lookup { try Contact(identity, in: database, chains) }, grant: own,
            movedBytes: .absent, time: time)
        if case .denied(let denial) = decision { throw ShareRefusal.denied(denial) }
        guard let giving else { return }
        guard giving.member != identity, case .found(let own) = own, own.covers(giving) else {
            throw ShareRefusal.beyondOwnGrant
        }
    }
}

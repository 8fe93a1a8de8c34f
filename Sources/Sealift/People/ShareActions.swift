public import SealiftBase
import SealiftCrypto
import SealiftIO
public import SealiftPeople
import SealiftStore

/// What the user shares.
public struct ShareSummary: Equatable, Sendable {
    /// What members name it by.
    public var id: ShareID
    /// What people name it by.
    public var name: String
    /// The file or folder, as bytes.
    public var path: [UInt8]
    /// When it was made, by this machine's clock.
    public var created: WallTime
    /// How many members it has.
    public var memberCount: Int
}

/// Somebody with whom something is shared.
public struct MemberSummary: Equatable, Sendable {
    /// Who.
    public var person: PersonSummary
    /// In which share.
    public var share: String
    /// Whose it is, as the user calls them; nil for the user's own.
    public var owner: String?
    /// What they are.
    public var role: Role
    /// The only paths that they see; nil for everything.
    public var paths: [GrantedPath]?
    /// Whether there are others, which the owner of the share does not show.
    public var hasMorePaths = false
    /// When it ends; nil for no end.
    public var expires: WallTime?
    /// Whether it has ended.
    public var isOver: Bool
    /// How many bytes they may move in all; nil for any number.
    public var quota: UInt64?
    /// How many they moved.
    public var movedBytes: UInt64
    /// Whether somebody has to agree first.
    public var approval: Grant.Approval
}

/// A share that is to be made.
public struct NewShare: Equatable, Sendable {
    /// The file or folder, as bytes.
    public var path: [UInt8]
    /// Its name; nil for the path's last component.
    public var name: String?
    /// The first members: contacts by name, each with a role.
    public var members: [Member]
    /// What holds for all of them.
    public var terms: GrantTerms

    /// A contact and a role.
    public struct Member: Equatable, Sendable {
        /// The contact's name.
        public var contact: String
        /// What they are.
        public var role: Role

        /// A member.
        public init(contact: String, role: Role) {
            self.contact = contact
            self.role = role
        }
    }

    /// A share of `path`.
    public init(
        _ path: [UInt8], name: String? = nil, members: [Member] = [],
        terms: GrantTerms = GrantTerms()
    ) {
        self.path = path
        self.name = name
        self.members = members
        self.terms = terms
    }
}

/// A share with its members.
public struct ShareDetails: Equatable, Sendable {
    /// The share.
    public var share: ShareSummary
    /// Its members, by name.
    public var members: [MemberSummary]
}

/// Everything that the user shares, by name. Needs no passphrase.
public func readShares(home: [UInt8]?) throws(SealiftError) -> [ShareSummary] {
    let home = try StateHome(home)
    _ = try home.requireIdentity()
    do throws(StoreFailure) {
        let store = try Store(in: home.folder)
        let counts = try store.memberCounts()
        return try store.shares().map { ShareSummary($0, members: counts[$0.id] ?? 0) }
    } catch {
        throw SealiftError(log: error)
    }
}

/// One share and its members. Needs no passphrase.
/// - Throws: where no share has this very name.
public func readShare(_ name: String, home: [UInt8]?) throws(SealiftError) -> ShareDetails {
    let home = try StateHome(home)
    _ = try home.requireIdentity()
    return try home.details(of: home.share(named: name))
}

/// Shares a file or folder with contacts. Nothing moves by it.
public func addShare(
    _ new: NewShare, home: [UInt8]?, passphrase: PassphraseSource
) throws(SealiftError) -> ShareDetails {
    let home = try StateHome(home, passphrase: passphrase)
    _ = try home.requireIdentity()
    let path: [UInt8]
    do throws(SystemError) { path = try ScanRoot.canonicalPath(of: new.path) } catch {
        throw SealiftError(argument: new.path, error)
    }
    try home.demandApart(
        path,
        SealiftError(
            .usage, "\(PrintableText.escape(path)) holds sealift's own keys, or lies among them",
            advice: "Share a folder that does not hold SEALIFT_HOME."))
    let name = try SealiftError.shareName(new.name, path: path)
    var entropy = SealiftCrypto.SystemEntropy()
    guard
        let share = StoredShare(
            id: ShareID(entropy: &entropy), name: name, path: path, created: SystemWallClock.now())
    else {
        throw SealiftError(
            .usage, "the path is too long to be shared", advice: "Share a folder above it.")
    }
    var grants: [Grant] = []
    for member in new.members {
        let contact = try home.contact(named: member.contact)
        guard !grants.contains(where: { $0.member == contact.identity }) else {
            throw SealiftError(
                .usage, "\(contact.standing.name) is named twice", advice: "Name everybody once.")
        }
        var terms = new.terms
        terms.role = member.role
        // Said here too, because here it is known of whom.
        guard contact.standing.isVerified || member.role == .viewer else {
            throw SealiftError(
                share: .notVerified, share: name.text, contact: member.contact)
        }
        let empty = Grant(share: share.id, member: contact.identity, role: .viewer)
        grants.append(try home.settle(terms, in: share)(empty))
    }
    let log = try home.log()
    let outcome: Result<Void, ShareRefusal>
    do throws(StoreFailure) { outcome = try log.addShare(share, grants: grants) } catch {
        throw SealiftError(log: error)
    }
    if case .failure(let refusal) = outcome {
        throw SealiftError(share: refusal, share: name.text)
    }
    return try home.details(of: share)
}

/// Makes a contact a member of a share, or changes what a member may do.
public func grantShare(
    _ name: String, to contact: String, _ terms: GrantTerms, home: [UInt8]?,
    passphrase: PassphraseSource
) throws(SealiftError) -> MemberSummary {
    try changeMember(contact, of: name, home: home, passphrase: passphrase) {
        (home, log, share, member) throws(SealiftError) in
        let settle = try home.settle(terms, in: share)
        return try storing { () throws(StoreFailure) in
            try log.grant(to: member, in: share.id) { former in
                settle(former ?? Grant(share: share.id, member: member, role: .viewer))
            }.map { _ in }
        }
    }
}

/// Says the yes that a member's grant waits for.
public func approveMember(
    _ contact: String, of name: String, home: [UInt8]?, passphrase: PassphraseSource
) throws(SealiftError) -> MemberSummary {
    try changeMember(contact, of: name, home: home, passphrase: passphrase) {
        (home, log, share, member) throws(SealiftError) in
        let own = try home.requireIdentity().id
        return try storing { () throws(StoreFailure) in
            try log.approve(member, in: share.id, by: own).map { _ in }
        }
    }
}

/// Ends somebody's membership. What they have already, they have.
/// - Returns: the member as it was.
public func revokeShare(
    _ name: String, from contact: String, home: [UInt8]?, passphrase: PassphraseSource
) throws(SealiftError) -> MemberSummary {
    let home = try StateHome(home, passphrase: passphrase)
    _ = try home.requireIdentity()
    let share = try home.share(named: name)
    let member = try home.contact(named: contact)
    let former = try home.member(member.identity, of: share, called: contact)
    let log = try home.log()
    let outcome: Result<Void, ShareRefusal> = try storing { () throws(StoreFailure) in
        try log.revoke(member.identity, in: share.id)
    }
    if case .failure(let refusal) = outcome {
        throw SealiftError(share: refusal, share: name, contact: contact)
    }
    return former
}

/// Ends a share. The files stay where they are.
/// - Returns: the share as it was.
public func removeShare(
    _ name: String, home: [UInt8]?, passphrase: PassphraseSource
) throws(SealiftError) -> ShareDetails {
    let home = try StateHome(home, passphrase: passphrase)
    _ = try home.requireIdentity()
    let share = try home.share(named: name)
    let former = try home.details(of: share)
    let log = try home.log()
    let outcome: Result<Void, ShareRefusal> = try storing { () throws(StoreFailure) in
        try log.removeShare(share.id)
    }
    if case .failure(let refusal) = outcome { throw SealiftError(share: refusal, share: name) }
    return former
}

// MARK: Parts

/// Does something to a member of a share, and shows the member.
private func changeMember(
    _ contact: String, of name: String, home: [UInt8]?, passphrase: PassphraseSource,
    _ change: (StateHome, AuditLog, StoredShare, IdentityID) throws(SealiftError) -> Result<
        Void, ShareRefusal
    >
) throws(SealiftError) -> MemberSummary {
    let home = try StateHome(home, passphrase: passphrase)
    _ = try home.requireIdentity()
    // Before anybody is asked for a passphrase.
    let share = try home.share(named: name)
    let member = try home.contact(named: contact).identity
    if case .failure(let refusal) = try change(home, try home.log(), share, member) {
        throw SealiftError(share: refusal, share: name, contact: contact)
    }
    return try home.member(member, of: share, called: contact)
}

extension StateHome {
    fileprivate func share(named name: String) throws(SealiftError) -> StoredShare {
        switch try store().share(named: name) {
        case .found(let share): return share
        case .absent: throw SealiftError(unknownShare: name)
        case .failed: throw SealiftError(log: .damaged("a share cannot be read"))
        }
    }

    fileprivate func details(of share: StoredShare) throws(SealiftError) -> ShareDetails {
        let standings = try standings()
        let time = try judgedTime()
        let members = try storing { () throws(StoreFailure) in
            try Store(in: folder).members(of: share.id)
        }
        return ShareDetails(
            share: ShareSummary(share, members: members.count),
            members: members.map {
                MemberSummary($0, standings[$0.grant.member], share: share.name.text, time: time)
            }.sorted {
                ($0.person.name ?? "", $0.person.identity) < (
                    $1.person.name ?? "", $1.person.identity
                )
            })
    }

    fileprivate func member(
        _ identity: IdentityID, of share: StoredShare, called contact: String
    ) throws(SealiftError) -> MemberSummary {
        let member = try details(of: share).members.first { $0.person.identity == identity }
        guard let member else {
            throw SealiftError(share: .notMember, share: share.name.text, contact: contact)
        }
        return member
    }

    /// What makes a grant from the one before by `terms`. Whatever is wrong with them is said first.
    fileprivate func settle(
        _ terms: GrantTerms, in share: StoredShare
    ) throws(SealiftError) -> (Grant) -> Grant {
        let end = try end(after: terms.expires)
        var subset: PathSubset?
        if let paths = terms.paths {
            var granted: [GrantedPath] = []
            for path in paths { granted.append(try grantedPath(path, in: share)) }
            guard granted.count <= PathSubset.maximumPathCount else {
                throw SealiftError(share: .tooManyPaths, share: share.name.text)
            }
            subset = .only(granted)
        }
        return { former in
            var grant = former
            if let role = terms.role { grant.role = role }
            if let subset { grant.paths = subset }
            if let end { grant.expires = end }
            if let quota = terms.quota { grant.quota = quota }
            if terms.needsApproval { grant.approval = .awaited }
            return grant
        }
    }

    /// A path inside the share, which is there: a slip of the keyboard would grant nothing, silently.
    private func grantedPath(
        _ path: [UInt8], in share: StoredShare
    ) throws(SealiftError) -> GrantedPath {
        let granted = try GrantedPath(argument: path)
        do throws(SystemError) {
            let folder = try DirectoryHandle.open(path: share.path)
            _ = try folder.status(of: granted.bytes)
        } catch {
            throw SealiftError(
                .sourceNotFound, "\(share.name) has no \(granted)",
                advice: "Check the name; nothing was granted.", cause: error.reason)
        }
        return granted
    }
}

extension GrantedPath {
    /// A path inside a share as the user writes it: a folder's may end with a slash.
    /// - Throws: what to write instead, where it is no such path.
    init(argument path: [UInt8]) throws(SealiftError) {
        let slash = UInt8(ascii: "/")
        guard let granted = GrantedPath(path.last == slash ? Array(path.dropLast()) : path)
        else { throw SealiftError(noPathInside: path) }
        self = granted
    }
}

extension SealiftError {
    /// What should name a part of a share names none.
    fileprivate init(noPathInside path: [UInt8]) {
        self.init(
            .usage, "\(PrintableText.escape(path)) is no path inside a share",
            advice: "Name it from the share's own folder, with no .. and no / at the beginning.")
    }

    /// The name of a new share: as said, or the path's last component.
    fileprivate static func shareName(
        _ text: String?, path: [UInt8]
    ) throws(SealiftError) -> ShareName {
        let last = path.split(separator: UInt8(ascii: "/")).last.map(Array.init) ?? []
        let fallback = String(validating: last, as: UTF8.self) ?? ""
        do throws(ContactNameError) { return try ShareName(text ?? fallback) } catch {
            var refusal = SealiftError(name: error)
            refusal.message = refusal.message.replacing("a contact's name", with: "a share's name")
            if text == nil {
                refusal.advice = "Give the share a name with --name. " + refusal.advice
            }
            throw refusal
        }
    }
}

extension ShareSummary {
    fileprivate init(_ share: StoredShare, members: Int) {
        self.init(
            id: share.id, name: share.name.text, path: share.path, created: share.created,
            memberCount: members)
    }
}

extension MemberSummary {
    fileprivate init(
        _ member: StoredMember, _ standing: ContactStanding?, share: String, time: WallTime
    ) {
        let grant = member.grant
        let paths: [GrantedPath]? =
            if case .only(let paths) = grant.paths { paths } else { nil }
        self.init(
            person: PersonSummary(grant.member, standing), share: share, owner: nil,
            role: grant.role, paths: paths, hasMorePaths: false, expires: grant.expires,
            isOver: grant.expires.map { time >= $0 } ?? false,
            quota: grant.quota, movedBytes: member.movedBytes, approval: grant.approval)
    }
}

import SealiftBase
import SealiftCrypto
import SealiftIO
public import SealiftPeople
import SealiftStore
import SealiftTransfer

/// Somebody else's share with its members, as an admin of it sees them.
public struct SharedMembers: Equatable, Sendable {
    /// The owner's name, as the user calls them.
    public var owner: String
    /// The share's name, as its owner calls it. A peer's text: escape it.
    public var name: String
    /// What the user is in it.
    public var role: Role
    /// Its members but for the owner, those with a name first.
    public var members: [MemberSummary]
}

/// Who the members of somebody else's share are.
///
/// Blocks; call it from a thread that may.
public func readMembers(
    of place: SharePath, _ reach: ContactReach, cancellation: Cancellation
) throws(SealiftError) -> SharedMembers {
    let call = try MemberCall(place, reach, cancellation)
    let (found, role) = try call.ask(.list)
    return SharedMembers(
        owner: place.contact, name: place.share ?? "", role: role,
        members: found.sorted {
            ($0.person.name == nil ? 1 : 0, $0.person.name ?? "", $0.person.identity)
                < ($1.person.name == nil ? 1 : 0, $1.person.name ?? "", $1.person.identity)
        })
}

/// Makes a contact a member of somebody else's share, or changes what a member may do there.
///
/// Blocks; call it from a thread that may.
public func grantShare(
    _ place: SharePath, to contact: String, _ terms: GrantTerms, _ reach: ContactReach,
    cancellation: Cancellation
) throws(SealiftError) -> MemberSummary {
    let wish = try GrantWish(terms)
    return try MemberCall(place, reach, cancellation).askForOne(.grant(wish), about: contact)
}

/// Says the yes that a member of somebody else's share waits for.
/// - Parameter member: a contact's name, or the short identity of one who is none.
///
/// Blocks; call it from a thread that may.
public func approveMember(
    _ member: String, of place: SharePath, _ reach: ContactReach, cancellation: Cancellation
) throws(SealiftError) -> MemberSummary {
    try MemberCall(place, reach, cancellation).askForOne(.approve, about: member)
}

/// Ends somebody's membership in somebody else's share.
/// - Parameter member: a contact's name, or the short identity of one who is none.
/// - Returns: the member as it was.
///
/// Blocks; call it from a thread that may.
public func revokeShare(
    _ place: SharePath, from member: String, _ reach: ContactReach, cancellation: Cancellation
) throws(SealiftError) -> MemberSummary {
    try MemberCall(place, reach, cancellation).askForOne(.remove, about: member)
}

/// Ends the user's own membership in somebody else's share.
/// - Returns: the membership as it was.
///
/// Blocks; call it from a thread that may.
public func leaveShare(
    _ place: SharePath, _ reach: ContactReach, cancellation: Cancellation
) throws(SealiftError) -> MemberSummary {
    try MemberCall(place, reach, cancellation).askForOne(.leave, about: nil)
}

/// One question about the members of a contact's share.
private struct MemberCall {
    enum Question {
        case list, approve, remove, leave
        case grant(GrantWish)
    }

    private let place: SharePath
    private let access: ContactAccess
    private let contact: Contact
    private let chain: DeviceChain
    private let call: ContactCall

    init(
        _ place: SharePath, _ reach: ContactReach, _ cancellation: Cancellation
    ) throws(SealiftError) {
        guard place.share != nil, place.path == nil else {
            throw SealiftError(
                .usage, "members are of a whole share",
                advice: "Write CONTACT/SHARE, such as alice/llm-v3.")
        }
        self.place = place
        access = try ContactAccess(home: reach.home, passphrase: reach.passphrase)
        (contact, chain) = try access.contact(named: place.contact)
        call = ContactCall(access: access, reach: reach, cancellation: cancellation)
    }

    /// Asks for a change of one member.
    func askForOne(_ question: Question, about name: String?) throws(SealiftError) -> MemberSummary
    {
        guard let member = try ask(question, about: name).members.first else {
            throw SealiftError(unexpectedAnswerOf: contact)
        }
        return member
    }

    /// Asks, in one session: which shares there are, where it is needed who is a member, and the question.
    func ask(
        _ question: Question, about name: String? = nil
    ) throws(SealiftError) -> (members: [MemberSummary], role: Role) {
        let standings = try storing { () throws(StoreFailure) in
            try access.store.contactStandings()
        }
        var subject = try subject(of: question, named: name, standings)
        var role = Role.viewer
        var share: ShareID?
        var isAsked = false
        let reply = try call.ask(contact, chain: chain, .shares) { reply throws(SealiftError) in
            if share == nil {
                guard case .shares? = reply.answers.first else { return nil }
                let found = try visibleShare(place, in: reply, of: contact)
                (share, role) = (found.id, found.role)
                // The list names who is no contact.
                if case .short = subject { return .members(found.id) }
            }
            guard let share, !isAsked else { return nil }
            if case .short(let short) = subject {
                let listed = try visibleMembers(in: reply)
                guard let member = listed.first(where: { $0.identity.short == short }) else {
                    throw SealiftError(refused: .notMember, contact: contact, what: place)
                }
                subject = .identity(member.identity)
            }
            isAsked = true
            return request(question, in: share, subject)
        }
        let time = SystemWallClock.now()
        return (
            try visibleMembers(in: reply).map {
                MemberSummary($0, standings[$0.identity], of: place, own: access.own.id, time: time)
            }, role
        )
    }

    private enum Subject {
        case none
        case identity(IdentityID)
        case short(ShortIdentity)
    }

    /// Whom the user means: a contact; or, where somebody is to be removed or approved, also one who is none.
    private func subject(
        of question: Question, named name: String?, _ standings: [IdentityID: ContactStanding]
    ) throws(SealiftError) -> Subject {
        guard let name else { return .none }
        if let found = standings.first(where: {
            $0.value.name.text.utf8.elementsEqual(name.utf8)
        }) {
            return .identity(found.key)
        }
        if case .grant = question { throw SealiftError(unknownContact: name) }
        guard let short = try? ShortIdentity(text: name) else {
            throw SealiftError(unknownContact: name)
        }
        return .short(short)
    }

    private func request(
        _ question: Question, in share: ShareID, _ subject: Subject
    ) -> ContactRequest? {
        switch (question, subject) {
        case (.list, _): .members(share)
        case (.leave, _): .leave(share)
        case (.grant(let wish), .identity(let member)): .grant(share, member, wish)
        case (.approve, .identity(let member)): .approve(share, member)
        case (.remove, .identity(let member)): .remove(share, member)
        case (.grant, _), (.approve, _), (.remove, _): nil
        }
    }

    private func visibleMembers(
        in reply: ContactCall.Reply
    ) throws(SealiftError) -> [VisibleMember] {
        var members: [VisibleMember] = []
        for answer in reply.answers {
            switch answer {
            case .members(let page, _): members += page
            case .refused(let reason):
                throw SealiftError(refusedMembers: reason, contact: contact, what: place)
            default: throw SealiftError(unexpectedAnswerOf: contact)
            }
        }
        return members
    }
}

extension GrantWish {
    /// What `terms` ask for.
    /// - Throws: what of them cannot be asked for.
    fileprivate init(_ terms: GrantTerms) throws(SealiftError) {
        var paths: [GrantedPath]?
        if let named = terms.paths {
            var granted: [GrantedPath] = []
            for path in named { granted.append(try GrantedPath(argument: path)) }
            paths = granted
        }
        guard
            let wish = GrantWish(
                role: terms.role, paths: paths,
                lifetime: terms.expires.map { UInt64(clamping: $0.components.seconds) },
                quota: terms.quota, needsApproval: terms.needsApproval)
        else {
            throw SealiftError(
                .usage, "that cannot be asked for at once",
                advice:
                    "Name at most \(ContactRequest.maximumPartCount) paths, a time of a second or "
                    + "more, and a role below owner.")
        }
        self = wish
    }
}

extension MemberSummary {
    fileprivate init(
        _ member: VisibleMember, _ standing: ContactStanding?, of place: SharePath,
        own: IdentityID, time: WallTime
    ) {
        let (paths, hasMore): ([GrantedPath]?, Bool) =
            switch member.part {
            case .everything: (nil, false)
            case .only(let paths, let hasMore): (paths, hasMore)
            }
        var person = PersonSummary(member.identity, standing)
        person.isSelf = member.identity == own
        self.init(
            person: person, share: place.share ?? "", owner: place.contact, role: member.role,
            paths: paths, hasMorePaths: hasMore, expires: member.expires,
            isOver: member.expires.map { time >= $0 } ?? false, quota: member.quota,
            movedBytes: member.movedBytes, approval: member.approval)
    }
}

extension SealiftError {
    /// A contact refuses to show or change members.
    fileprivate init(refusedMembers reason: ContactRefusal, contact: Contact, what: SharePath) {
        guard reason == .role else {
            self.init(refused: reason, contact: contact, what: what)
            return
        }
        let name = PrintableText.escape(what.share ?? "")
        self.init(
            .accessDenied, "your role in \(name) does not allow it",
            advice: "An admin brings in and removes viewers and editors, nobody else; admins are "
                + "\(contact.name)'s.")
    }
}

import SealiftBase
import SealiftCrypto
import SealiftIO
public import SealiftPeople
import SealiftTransfer

/// A share of a contact's, as this user may see it.
public struct SharedItem: Equatable, Sendable {
    /// The contact's name for it. A peer's text: escape it.
    public var name: [UInt8]
    /// The fingerprint of the contact's device that it lies on.
    public var device: String
    /// What this user is there.
    public var role: Role
    /// Whether somebody has to agree before anything can be downloaded.
    public var isApprovalAwaited: Bool
    /// When the right to it ends, in seconds since 1970 by the contact's clock; nil for no end.
    public var expires: Int64?
}

/// What lies in a folder of a share.
public struct SharedFolder: Equatable, Sendable {
    /// Its items by name; names are a peer's text.
    public var items: [FolderItem]
    /// Whether the contact shows no more items of one folder: there may be others.
    public var isFull: Bool { items.count >= ShareFolder.maximumItemCount }
}

/// The place in a contact's shares that a user names: `alice`, `alice/llm-v3`, `alice/llm-v3/weights`.
public struct SharePath: Equatable, Sendable {
    /// The contact's name.
    public var contact: String
    /// The share's name; nil for all of the contact's.
    public var share: String?
    /// The path inside the share; nil for the whole.
    public var path: GrantedPath?

    /// All of a contact's.
    init(contact: String) {
        self.contact = contact
    }

    /// Reads `text`.
    /// - Throws: an error of usage that says how it is written.
    public init(_ text: String) throws(SealiftError) {
        let parts = text.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        contact = String(parts.first ?? "")
        share = parts.count > 1 && !parts[1].isEmpty ? String(parts[1]) : nil
        if parts.count > 2, !parts[2].isEmpty {
            var rest = parts[2]
            while rest.hasSuffix("/") { rest.removeLast() }
            path = GrantedPath(String(rest))
            guard path != nil else { throw Self.malformed }
        } else {
            path = nil
        }
        guard !contact.isEmpty, share != nil || path == nil else { throw Self.malformed }
    }

    private static var malformed: SealiftError {
        SealiftError(
            .usage, "that names nothing of a contact's",
            advice: "Write CONTACT, CONTACT/SHARE or CONTACT/SHARE/FOLDER, such as alice/llm-v3.")
    }
}

/// What a contact shares with this user, from every device of theirs that answers; empty also where the contact
/// shares nothing. Where a device does not answer, `reach.notice` is told.
///
/// Blocks; call it from a thread that may.
public func browseShares(
    of name: String, _ reach: ContactReach, cancellation: Cancellation
) throws(SealiftError) -> [SharedItem] {
    let access = try ContactAccess(home: reach.home, passphrase: reach.passphrase)
    let (contact, chain) = try access.contact(named: name)
    let replies = try ContactCall(access: access, reach: reach, cancellation: cancellation)
        .askEach(contact, chain: chain, .shares)
    var items: [SharedItem] = []
    for reply in replies.answered {
        items += try visibleShares(in: reply, of: contact).map { share in
            SharedItem(
                name: share.name, device: "\(reply.device.fingerprint)", role: share.role,
                isApprovalAwaited: share.isApprovalAwaited,
                expires: share.expires?.secondsSince1970)
        }
    }
    if replies.silentCount > 0 {
        let all = replies.answered.count + replies.silentCount
        reach.notice?(
            TransferWarning(
                "\(replies.silentCount) of \(all) devices of \(contact.name) did not answer: what "
                    + "lies there is not shown"))
    }
    return items
}

/// What lies in a folder of a contact's share.
///
/// Blocks; call it from a thread that may.
public func browseFolder(
    _ place: SharePath, _ reach: ContactReach, cancellation: Cancellation
) throws(SealiftError) -> SharedFolder {
    let access = try ContactAccess(home: reach.home, passphrase: reach.passphrase)
    let (contact, chain) = try access.contact(named: place.contact)
    let reply = try ContactCall(access: access, reach: reach, cancellation: cancellation)
        .ask(contact, chain: chain, .shares) { reply throws(SealiftError) in
            guard case .shares? = reply.answers.first else { return nil }
            let share = try visibleShare(place, in: reply, of: contact)
            return .folder(share.id, place.path)
        }
    var items: [FolderItem] = []
    for answer in reply.answers {
        switch answer {
        case .folder(let page, _): items += page
        case .refused(let reason):
            throw SealiftError(refused: reason, contact: contact, what: place)
        case .shares, .ticket, .taken, .members: throw SealiftError(unexpectedAnswerOf: contact)
        }
    }
    return SharedFolder(items: items)
}

/// Downloads what a contact shares.
/// - Parameter prepare: sets what the receiver is to do; its ticket and its network are set already.
///
/// Blocks; call it from a thread that may.
public func getShare(
    _ place: SharePath, into output: [UInt8], _ reach: ContactReach,
    observer: any TransferObserver, cancellation: Cancellation,
    prepare: (inout ReceiveOptions) -> Void
) throws(SealiftError) -> TransferSummary {
    let access = try ContactAccess(home: reach.home, passphrase: reach.passphrase)
    let (contact, chain) = try access.contact(named: place.contact)
    var reach = reach
    reach.notice = reach.notice ?? { observer.handle(.warning($0)) }
    let reply = try ContactCall(access: access, reach: reach, cancellation: cancellation)
        .ask(contact, chain: chain, .shares) { reply throws(SealiftError) in
            guard case .shares? = reply.answers.first else { return nil }
            let share = try visibleShare(place, in: reply, of: contact)
            return .get(share.id, place.path.map { [$0] } ?? [])
        }
    switch reply.answers.first {
    case .ticket(let text):
        let options = try ReceiveOptions(
            text, from: reply.device, of: contact, into: output, reach, prepare)
        return try runReceive(options, observer: observer, cancellation: cancellation)
    case .refused(let reason):
        throw SealiftError(refused: reason, contact: contact, what: place)
    default: throw SealiftError(unexpectedAnswerOf: contact)
    }
}

extension ReceiveOptions {
    /// Options for a ticket that a contact told in a session.
    /// - Throws: where it is none, or leads to another device than the one that told it.
    init(
        _ text: [UInt8], from device: DeviceID, of contact: Contact, into output: [UInt8],
        _ reach: ContactReach, _ prepare: (inout ReceiveOptions) -> Void
    ) throws(SealiftError) {
        guard let text = String(validating: text, as: UTF8.self),
            let told = try? ReceiveOptions(ticketText: text, output: output, home: reach.home),
            told.ticket.fingerprint == device.fingerprint
        else { throw SealiftError(unexpectedAnswerOf: contact) }
        self = told
        decision = .user
        passphrase = reach.passphrase
        rendezvous = reach.rendezvous
        stun = reach.stun
        network = reach.network
        relay = reach.relay
        prepare(&self)
    }
}

/// The shares in a whole answer.
private func visibleShares(
    in reply: ContactCall.Reply, of contact: Contact
) throws(SealiftError) -> [VisibleShare] {
    var shares: [VisibleShare] = []
    for answer in reply.answers {
        guard case .shares(let page, _) = answer else {
            throw SealiftError(unexpectedAnswerOf: contact)
        }
        shares += page
    }
    return shares
}

/// The share that `place` names, among those of a whole answer.
func visibleShare(
    _ place: SharePath, in reply: ContactCall.Reply, of contact: Contact
) throws(SealiftError) -> VisibleShare {
    let wanted = Array((place.share ?? "").utf8)
    let shares = try visibleShares(in: reply, of: contact)
    // Names are compared byte by byte: what only looks the same is another share.
    guard let share = shares.first(where: { $0.name == wanted }) else {
        throw SealiftError(refused: .notThere, contact: contact, what: place)
    }
    return share
}

extension SealiftError {
    /// A contact answered something that was not asked.
    init(unexpectedAnswerOf contact: Contact) {
        self.init(
            .protocolViolation, "\(contact.name) answered what was not asked",
            advice: "Check that both ends run a released sealift.")
    }
}

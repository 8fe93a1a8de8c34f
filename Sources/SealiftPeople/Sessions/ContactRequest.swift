public import SealiftBase

/// What the end that dials asks a contact for (`docs/PROTOCOL.md` §11.11).
public enum ContactRequest: Equatable, Sendable {
    /// The shares that it may see.
    case shares
    /// What lies in a folder of a share; nil for the share itself.
    case folder(ShareID, GrantedPath?)
    /// A way to download a share, or the parts of it that are named.
    case get(ShareID, [GrantedPath])
    /// It has something to push.
    case offer(PushOffer)
    /// It has something to put into a share, or into the folder of it that is named.
    case upload(ShareID, GrantedPath?, PushOffer)
    /// Who the members of a share are.
    case members(ShareID)
    /// To make somebody a member, or to change what a member may do.
    case grant(ShareID, IdentityID, GrantWish)
    /// To say the yes that a member waits for.
    case approve(ShareID, IdentityID)
    /// To end somebody's membership.
    case remove(ShareID, IdentityID)
    /// To end one's own.
    case leave(ShareID)

    /// The most parts of a share in one request.
    public static let maximumPartCount = 64
    /// The most bytes of all parts together.
    public static let maximumPartByteCount = 12_288

    /// Whether ends of the first version do not know it: they close the session as for any violation.
    public var isLater: Bool {
        switch self {
        case .shares, .folder, .get, .offer: false
        case .upload, .members, .grant, .approve, .remove, .leave: true
        }
    }
}

/// Something that a contact may have if it wants to: what it is, and the ticket that fetches it.
public struct PushOffer: Equatable, Sendable {
    /// The size of ``id``.
    public static let idByteCount = 16
    /// The longest label, in bytes.
    public static let maximumLabelByteCount = 255
    /// The longest ticket, in bytes: twice one with all its addresses.
    public static let maximumTicketByteCount = 1_024

    /// 16 random bytes: the same each time it is offered.
    public var id: [UInt8]
    /// How many bytes it has.
    public var byteCount: UInt64
    /// How many files and folders.
    public var entryCount: UInt64
    /// What the offerer calls it: bytes of a name, never printed raw.
    public var label: [UInt8]
    /// The text of a ticket that only devices of the contact can use.
    public var ticket: [UInt8]

    /// An offer; nil where a bound is broken.
    public init?(
        id: [UInt8], byteCount: UInt64, entryCount: UInt64, label: [UInt8], ticket: [UInt8]
    ) {
        guard id.count == Self.idByteCount, (1...Self.maximumLabelByteCount).contains(label.count),
            (1...Self.maximumTicketByteCount).contains(ticket.count)
        else { return nil }
        self.id = id
        self.byteCount = byteCount
        self.entryCount = entryCount
        self.label = label
        self.ticket = ticket
    }
}

/// What the end that waits answers.
public enum ContactAnswer: Equatable, Sendable {
    /// Nothing, and why, as far as that is shown.
    case refused(ContactRefusal)
    /// Shares; more of them follow unless it is the last.
    case shares([VisibleShare], isLast: Bool)
    /// What lies in a folder, by name; more follows unless it is the last.
    case folder([FolderItem], isLast: Bool)
    /// The text of a ticket, good for the device that asked.
    case ticket([UInt8])
    /// What became of an offer.
    case taken(OfferStanding)
    /// Members of a share; more of them follow unless it is the last. Of a change, the member as it is now, or
    /// as it was until it ended.
    case members([VisibleMember], isLast: Bool)

    /// Whether nothing more comes of it.
    public var isLast: Bool {
        switch self {
        case .refused, .ticket, .taken: true
        case .shares(_, let isLast), .folder(_, let isLast), .members(_, let isLast): isLast
        }
    }
}

/// Why a contact gives nothing.
public enum ContactRefusal: UInt8, Equatable, Sendable, CaseIterable {
    /// There is no such share, or none for this contact, or no such part of it: the same to the asker.
    case notThere = 1
    /// The role does not allow it.
    case role = 2
    /// A second person has not agreed yet.
    case approvalAwaited = 3
    /// The quota is used up.
    case quota = 4
    /// The asker was never verified there.
    case notVerified = 5
    /// The other end cannot now: its disk failed, or it serves as many as it can.
    case unavailable = 6
    /// An offer names more than can be.
    case impossible = 7
    /// So many offers of this contact, or of all, wait there already.
    case inboxFull = 8
    /// Its user said no to the offer.
    case declined = 9
    /// What is to be uploaded into is no folder.
    case noFolder = 10
    /// The asker would give away more than he has.
    case beyondOwnGrant = 11
    /// Who is to be a member is no contact of the share's owner.
    case unknownContact = 12
    /// The owner never verified who is to be more than a viewer.
    case memberNotVerified = 13
    /// Who is named is no member.
    case notMember = 14
    /// No yes is awaited for the member, or not the asker's.
    case noApprovalAwaited = 15
    /// The share has as many members, or the grant as many paths, as there may be.
    case full = 16
}

/// How an offer stands with whom it was made to.
public enum OfferStanding: UInt8, Equatable, Sendable, CaseIterable {
    /// It waits for the user.
    case waiting = 1
    /// A rule took it: it is being fetched, or was.
    case accepted = 2
}

/// A share as a member sees it.
public struct VisibleShare: Equatable, Sendable {
    /// The share.
    public var id: ShareID
    /// What the member is there.
    public var role: Role
    /// Whether a second person has not agreed yet.
    public var isApprovalAwaited: Bool
    /// From when on the grant holds no more; nil for no end.
    public var expires: WallTime?
    /// Its owner's name for it: 1 to 64 bytes, never printed raw.
    public var name: [UInt8]

    /// A share.
    public init(
        id: ShareID, role: Role, isApprovalAwaited: Bool, expires: WallTime?, name: [UInt8]
    ) {
        self.id = id
        self.role = role
        self.isApprovalAwaited = isApprovalAwaited
        self.expires = expires
        self.name = name
    }
}

/// One thing in a folder of a share.
public struct FolderItem: Equatable, Sendable {
    /// What it is.
    public enum Kind: UInt8, Sendable {
        /// A file.
        case file = 1
        /// A folder.
        case folder = 2
    }

    /// What it is.
    public var kind: Kind
    /// A file's size in bytes; 0 for a folder.
    public var size: UInt64
    /// When it was changed last, in seconds since 1970.
    public var modified: Int64
    /// Its name: 1 to 255 bytes, never printed raw.
    public var name: [UInt8]

    /// An item.
    public init(kind: Kind, size: UInt64, modified: Int64, name: [UInt8]) {
        self.kind = kind
        self.size = size
        self.modified = modified
        self.name = name
    }
}

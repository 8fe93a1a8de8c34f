public import SealiftBase
public import SealiftContent
public import SealiftPeople
public import SealiftTransport

/// A message of the control stream (`docs/PROTOCOL.md` §7.1).
///
/// Small facts and wishes only: everything large travels as objects, so no message can grow with
/// the content.
public enum ControlMessage: Equatable, Sendable {
    /// Sender: what there is to have.
    case offer(Offer)
    /// Sender: this session gets nothing.
    case refuse(RefusalReason)
    /// Receiver: "I accept".
    case claim
    /// Sender: the claim is on disk.
    case claimed
    /// Receiver: a run of pieces.
    case request(PieceRequest)
    /// Receiver: the hashes of a run of pieces, as one object.
    case hashRequest(HashRequest)
    /// Receiver: entries that will not be asked for.
    case skip(first: FileIndex, count: UInt64)
    /// Sender: requested objects that are pieces of zeros and will not be sent.
    case zero(first: ObjectID, count: UInt64)
    /// Sender: a file of more than one piece was read whole and found unchanged.
    case fileRoot(FileIndex, Hash256)
    /// Sender: nothing more of this file will come.
    case fileFailed(FileIndex, FileFailure)
    /// Receiver: everything is delivered, skipped or failed.
    case complete(Completion)
    /// Sender: its own manifest root.
    case confirm(Hash256)
    /// Sender: what the receipt is to say of its side; only where both ends give receipts.
    case witness(ReceiptWitness)
    /// Receiver: the receipt with its own signature.
    case proposal(ReceiptProposal)
    /// Sender: its signature under the same.
    case countersignature([UInt8])
    /// Sender: the next bytes of the listing's first objects, 1 to 65,535, right behind the offer; only
    /// where both ends can.
    case listing([UInt8])
}

/// What a sender offers: the identity of its listing and the totals that the listing adds up to.
public struct Offer: Equatable, Sendable {
    /// Whether the ticket is nobody's yet, or already this receiver's.
    public enum Claim: UInt8, Sendable {
        /// Nobody has accepted the ticket.
        case unclaimed = 0
        /// This receiver's device accepted it before.
        case yours = 1
    }

    /// Whose the ticket is.
    public var claim: Claim
    /// Length and root of the listing, file 0.
    public var listing: ContentID
    /// What the listing adds up to.
    public var totals: ListingTotals

    /// Makes an offer.
    public init(claim: Claim, listing: ContentID, totals: ListingTotals) {
        self.claim = claim
        self.listing = listing
        self.totals = totals
    }
}

/// Why a sender refuses a session.
public enum RefusalReason: UInt8, Sendable {
    /// Another receiver owns the ticket, or it is spent.
    case alreadyUsed = 1
    /// The ticket expired before anybody accepted it.
    case expired = 2
    /// The sender took the ticket back, or knows it no more.
    case withdrawn = 3
    /// The sender could not judge: its disk failed.
    case unavailable = 4
    /// The sender's user was asked and said no to this device.
    case declined = 5
}

/// Why a sender cannot deliver a file.
public enum FileFailure: UInt8, Sendable {
    /// The file is gone.
    case vanished = 1
    /// The file changed since it was listed.
    case changed = 2
    /// The file cannot be read.
    case unreadable = 3
}

/// A run of pieces that the receiver asks for, in listing order from one piece on.
public struct PieceRequest: Equatable, Sendable {
    /// The most pieces that one request may ask for.
    public static let maximumCount: UInt64 = 65_536

    /// The object id of the first piece; those behind it follow without gaps.
    public var firstObject: ObjectID
    /// The file in which the run begins.
    public var file: FileIndex
    /// The piece with which it begins.
    public var piece: PieceIndex
    /// How many pieces, holes not counted; 1 to ``maximumCount``.
    public var count: UInt64

    /// Makes a request.
    public init(firstObject: ObjectID, file: FileIndex, piece: PieceIndex, count: UInt64) {
        self.firstObject = firstObject
        self.file = file
        self.piece = piece
        self.count = count
    }
}

/// A run of piece hashes of one file that the receiver asks for as one object.
public struct HashRequest: Equatable, Sendable {
    /// The most hashes that one request may ask for: one piece's size of them.
    public static let maximumCount: UInt64 = 8_192

    /// The object that carries the hashes.
    public var object: ObjectID
    /// The file.
    public var file: FileIndex
    /// The piece of the first hash.
    public var firstPiece: PieceIndex
    /// How many hashes, holes included; 1 to ``maximumCount``.
    public var count: UInt64

    /// Makes a request.
    public init(object: ObjectID, file: FileIndex, firstPiece: PieceIndex, count: UInt64) {
        self.object = object
        self.file = file
        self.firstPiece = firstPiece
        self.count = count
    }
}

/// What the receiver holds at the end.
public struct Completion: Equatable, Sendable {
    /// The manifest root over every delivered entry.
    public var root: Hash256
    /// How many regular files were delivered.
    public var files: UInt64
    /// How many bytes those have.
    public var bytes: UInt64

    /// Makes a completion.
    public init(root: Hash256, files: UInt64, bytes: UInt64) {
        self.root = root
        self.files = files
        self.bytes = bytes
    }
}

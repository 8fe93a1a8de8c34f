public import SealiftBase

/// Something that happened during a transfer, in the order it happened. How it ended is what the entry
/// points return or throw.
public enum TransferEvent: Equatable, Sendable {
    /// The ticket to hand to the receiver. Who has this text can receive: it goes to the user only.
    case ticket(text: String)
    /// The code to read to the receiver; one that was told before is dead. Whoever has this text can
    /// receive: it goes to the user only.
    case code(text: String)
    /// The sender waits at these addresses; they are the ones in the ticket.
    case listening(addresses: [EndpointAddress])
    /// The two ends have proven themselves to each other, or found each other again.
    case connected(PeerConnection)
    /// The same session goes another way from now on: its addresses changed, or a better path was found.
    case moved(PeerConnection)
    /// The sender is silent or gone, and is tried again and again; about one a second until
    /// ``connected(_:)``.
    case reconnecting(Reconnection)
    /// How far the transfer is.
    case progress(TransferProgress)
    /// One file is finished, one way or the other.
    case file(FileReport)
    /// One of many receivers has confirmed the whole; the sender goes on for others.
    case delivered(Delivery)
    /// How the offer of what is sent stands with the contact it is for.
    case offer(contact: String, OfferProgress)
    /// A file that `sync` brought is gone at its owner.
    case gone(path: [UInt8], GoneOutcome)
    /// Something the user should know, though the transfer goes on.
    case warning(TransferWarning)
}

/// What becomes of a file that is gone at its owner.
public enum GoneOutcome: String, Equatable, Sendable {
    /// It stays: nothing else was asked for.
    case stays
    /// It is deleted here too.
    case deleted
    /// It was to be deleted and stays: somebody changed it meanwhile.
    case changed
}

/// How an offer stands with whom it is made to.
public enum OfferProgress: String, Equatable, Sendable {
    /// They have not been reached; it is tried again until they are.
    case unreachable
    /// They know of it; it waits for their yes.
    case waiting
    /// A rule of theirs took it.
    case accepted
    /// It is for a share of theirs, and may go there.
    case admitted
}

/// Who is at the other end, and how they are reached.
public struct PeerConnection: Equatable, Sendable {
    /// How packets travel between the two ends.
    public enum PathKind: String, Sendable {
        /// From machine to machine.
        case direct
        /// Through a relay that one of the two users owns; it sees sealed packets only.
        case relayed
    }

    /// How the path was found.
    public enum Route: String, Sendable {
        /// It was dialled: an address of the ticket or code.
        case dialled
        /// Both ends probed for it, through whatever lies between them.
        case punched
    }

    /// The other device's fingerprint: 32 hexadecimal digits.
    public var peerFingerprint: String
    /// The other end's address, as packets from it carry it.
    public var address: EndpointAddress
    /// How packets travel.
    public var path: PathKind
    /// How the path was found.
    public var route: Route
    /// This device's own fingerprint: what the other end sees as `peerFingerprint`.
    public var ownFingerprint: String

    /// Makes a description of a connection.
    public init(
        peerFingerprint: String, ownFingerprint: String, address: EndpointAddress,
        path: PathKind = .direct, route: Route = .dialled
    ) {
        self.peerFingerprint = peerFingerprint
        self.ownFingerprint = ownFingerprint
        self.address = address
        self.path = path
        self.route = route
    }
}

/// The wait of a receiver for a sender that was there before.
public struct Reconnection: Equatable, Sendable {
    /// Why it waits.
    public enum Cause: String, Sendable {
        /// Nothing is heard of the sender any more.
        case connectionLost = "lost"
        /// The sender's user stopped it.
        case peerStopped = "stopped"
    }

    /// Why it waits.
    public var cause: Cause
    /// How long it still waits.
    public var timeLeft: Duration

    /// Makes a report.
    public init(cause: Cause, timeLeft: Duration) {
        self.cause = cause
        self.timeLeft = timeLeft
    }
}

/// What one of many receivers got.
public struct Delivery: Equatable, Sendable {
    /// The receiver's fingerprint: 32 hexadecimal digits.
    public var peerFingerprint: String
    /// The manifest root, the same at both ends.
    public var root: Hash256
    /// Files delivered.
    public var files: UInt64
    /// The sizes of those files together.
    public var bytes: UInt64

    /// Makes a report.
    public init(peerFingerprint: String, root: Hash256, files: UInt64, bytes: UInt64) {
        self.peerFingerprint = peerFingerprint
        self.root = root
        self.files = files
        self.bytes = bytes
    }
}

/// What became of one file.
public struct FileReport: Equatable, Sendable {
    /// How it ended.
    public enum Result: Equatable, Sendable {
        /// It arrived here, proven.
        case received
        /// The other end has it.
        case sent
        /// It was here, proven, before this run.
        case reused
        /// It was left out on purpose, for the reason given.
        case skipped(reason: String)
        /// It could not be delivered, for the reason given.
        case failed(reason: String)
    }

    /// The path within the transfer, as bytes; chosen by the sender, so it is escaped when shown.
    public var path: [UInt8]
    /// Its length in bytes.
    public var size: UInt64
    /// Its tree root; nil where it is unknown or the file is empty.
    public var root: Hash256?
    /// How it ended.
    public var result: Result
    /// The path it got in place of its own, because that was taken; else nil.
    public var placedAs: [UInt8]?

    /// Makes a report.
    public init(
        path: [UInt8], size: UInt64, root: Hash256?, result: Result, placedAs: [UInt8]? = nil
    ) {
        self.path = path
        self.size = size
        self.root = root
        self.result = result
        self.placedAs = placedAs
    }
}

/// Something the user should know, though the transfer goes on.
public struct TransferWarning: Equatable, Sendable {
    /// What it is about, as sealift's own words (names from outside belong in `path`).
    public var message: String
    /// The file or folder it is about, as bytes, or nil.
    public var path: [UInt8]?

    /// Makes a warning.
    public init(_ message: String, path: [UInt8]? = nil) {
        self.message = message
        self.path = path
    }
}

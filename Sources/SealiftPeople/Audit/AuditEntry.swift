public import SealiftBase
public import SealiftCrypto

/// One thing that happened on this machine, as its log keeps it (`docs/PROTOCOL.md` §12.1).
///
/// Text and names in it may come from a peer: they are escaped before anybody sees them.
public struct AuditEntry: Hashable, Sendable {
    /// What kind of thing happened.
    public enum Event: UInt8, CaseIterable, Sendable {
        /// Content may move from now on.
        case transferStarted = 1
        /// It moves no more, one way or the other.
        case transferEnded = 2
        /// Somebody asked and got nothing, or something offered was not taken.
        case transferDenied = 3
        /// A contact or this user offered something.
        case offered = 4
        /// An offer or an upload was let in.
        case accepted = 5
        /// A grant was given, changed or approved.
        case granted = 6
        /// A grant ended.
        case revoked = 7
        /// A contact's identity was checked.
        case verified = 8
        /// Something was deleted here.
        case deleted = 9
        /// The user's own devices or keys changed.
        case keyChanged = 10
        /// A contact, or what is known of one, changed.
        case contactChanged = 11
        /// A share was made or ended.
        case shareChanged = 12
        /// A rule that takes offers was made or ended.
        case ruleChanged = 13
    }

    /// Which way content goes.
    public enum Direction: UInt8, CaseIterable, Sendable {
        /// It is about no content.
        case none = 0
        /// From here.
        case sent = 1
        /// To here.
        case received = 2
    }

    /// Why it was allowed.
    public enum Decision: UInt8, CaseIterable, Sendable {
        /// Nothing had to be allowed.
        case none = 0
        /// The peer held the ticket.
        case ticket = 1
        /// The peer knew the spoken code.
        case code = 2
        /// The user was asked.
        case user = 3
        /// A rule that the user wrote.
        case rule = 4
        /// A grant in a share.
        case share = 5
    }

    /// How it ended.
    public enum Result: UInt8, CaseIterable, Sendable {
        /// It has not ended, or has no end.
        case none = 0
        /// Both ends agreed on the root over everything.
        case complete = 1
        /// The same, without the files that could not be delivered or were left out.
        case partial = 2
        /// It went wrong, and does not go on.
        case failed = 3
        /// Stopped, or the connection was lost; it may go on later.
        case interrupted = 4
        /// Somebody said no.
        case refused = 5
    }

    /// What moved: a length and its root, never the root alone.
    public struct Content: Hashable, Sendable {
        /// Bytes of content altogether.
        public var length: UInt64
        /// The manifest root (`docs/PROTOCOL.md` §8.3), or a file's.
        public var root: Hash256

        /// Names content.
        public init(length: UInt64, root: Hash256) {
            self.length = length
            self.root = root
        }
    }

    /// The longest ``subject``: 4,096 bytes; what is longer is cut.
    public static let maximumSubjectLength = 4_096
    /// The longest ``reason``: 64 bytes.
    public static let maximumReasonLength = 64
    /// No encoding is longer: 8,192 bytes.
    public static let maximumByteCount = 8_192

    /// When it happened, by this machine's own clock, which may lie; the order is the log's.
    public var time: WallTime
    /// What happened.
    public var event: Event
    /// Which way content goes.
    public var direction: Direction
    /// What joins the entries of one transfer; nil where the entry belongs to none.
    public var transfer: TransferID?
    /// Who was at the other end.
    public var peer: DeviceID?
    /// What moved, or was to move; nil where nobody knew.
    public var content: Content?
    /// Bytes of content that crossed the network.
    public var bytes: UInt64?
    /// Why it was allowed.
    public var decision: Decision
    /// How it ended.
    public var result: Result
    /// What it was about, such as the paths sent or the folder received into: bytes of names.
    public private(set) var subject: [UInt8]
    /// The stable name of an error (`docs/SCRIPTING.md`), or empty.
    public private(set) var reason: String

    /// Makes an entry. A longer subject or reason is cut to its bound.
    public init(
        _ event: Event, at time: WallTime, direction: Direction = .none,
        transfer: TransferID? = nil, peer: DeviceID? = nil, content: Content? = nil,
        bytes: UInt64? = nil, decision: Decision = .none, result: Result = .none,
        subject: [UInt8] = [], reason: String = ""
    ) {
        self.event = event
        self.time = time
        self.direction = direction
        self.transfer = transfer
        self.peer = peer
        self.content = content
        self.bytes = bytes
        self.decision = decision
        self.result = result
        self.subject = Array(subject.prefix(Self.maximumSubjectLength))
        self.reason = String(
            decoding: reason.utf8.filter { $0 > 0x20 && $0 < 0x7F }
                .prefix(Self.maximumReasonLength), as: UTF8.self)
    }
}

/// What joins the entries of one transfer: 16 random bytes.
public struct TransferID: Hashable, Sendable, CustomStringConvertible {
    /// The size of an id: 16 bytes.
    public static let byteCount = 16

    /// The 16 bytes.
    public let bytes: [UInt8]

    /// Takes 16 bytes; nil for another number.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = Array(bytes)
    }

    /// A new id.
    public init(entropy: inout some EntropySource) {
        bytes = entropy.bytes(Self.byteCount)
    }

    /// The 32 hexadecimal digits.
    public var description: String { Hexadecimal.encode(bytes) }
}

public import SealiftPeople
public import SealiftRendezvous

/// How two people become contacts.
public struct PairOptions: Sendable {
    /// How the two ends meet.
    public enum Way: Sendable {
        /// Shows a code, and waits for who types it.
        case showCode
        /// The code that the other end shows.
        case typeCode(String)
        /// Writes an invitation to this new file, and waits for who has it.
        case exportInvitation(to: [UInt8])
        /// The text of an invitation.
        case importInvitation(String)
    }

    /// How the two ends meet.
    public var way: Way
    /// What to call the contact; nil to ask.
    public var name: String?
    /// What the user calls himself; nil to say nothing.
    public var suggestion: ContactName?
    /// Whether an invitation went from hand to hand: then it proves who is at the other end.
    public var isInPerson = false
    /// How long to wait for the other end; nil for ``defaultWait``.
    public var wait: Duration?
    /// Where to listen; empty for every address and a free port.
    public var listen: [EndpointAddress] = []
    /// The addresses that the other end is told; empty for those of this machine.
    public var advertise: [EndpointAddress] = []
    /// The rendezvous servers.
    public var rendezvous: [RendezvousAddress] = []
    /// The STUN servers to ask what addresses this machine has outside.
    public var stun: [StunServer] = []
    /// Which part of the network may be used.
    public var network = NetworkPolicy()
    /// The user's own relay, used where nothing direct is found; nil for none.
    public var relay: RelayAccess?
    /// How long the other end is dialled.
    public var connectTimeout = ReceiveOptions.defaultConnectTimeout
    /// The folder of sealift's own state, or nil for the default.
    public var home: [UInt8]?
    /// Where the passphrase of that state comes from, where it has one.
    public var passphrase = PassphraseSource.none

    /// How long the other end is waited for unless the user says otherwise: an hour.
    public static let defaultWait = Duration.seconds(3_600)

    /// Makes options with the defaults.
    public init(_ way: Way) {
        self.way = way
    }

    /// The rendezvous servers that may be contacted.
    var contactedServers: [RendezvousAddress] { network.signaling == .allowed ? rendezvous : [] }

    /// The relay that may be contacted.
    var contactedRelay: RelayAccess? { network.signaling == .allowed ? relay : nil }

    /// Whether this end waits for the other.
    var isWaiting: Bool {
        switch way {
        case .showCode, .exportInvitation: true
        case .typeCode, .importInvitation: false
        }
    }

    /// What a session of this way proves of who is at the other end; nil for nothing but that it is
    /// somebody who had the file.
    var evidence: Contact.Evidence? {
        switch way {
        case .showCode, .typeCode: .code
        case .exportInvitation, .importInvitation: isInPerson ? .invitation : nil
        }
    }
}

/// What happens while two ends meet.
public enum PairEvent: Sendable {
    /// This code waits for the other end; the one before it is dead.
    case code(String)
    /// The invitation is in its file; its text, a secret.
    case invitationWritten(text: String)
    /// The session stands.
    case connected(PeerConnection)
    /// Who is there is this contact, and their devices changed since the last time; after a recovery all
    /// earlier ones have ended.
    case devicesChanged(contact: String, isRecovery: Bool)
    /// Something the user should know.
    case warning(TransferWarning)
}

/// Who is at the other end, and what to call them.
public struct PairQuestion: Sendable {
    /// Who they are, proven by a device of theirs.
    public var identity: IdentityID
    /// What they call themselves; free to take, and nil where they say nothing or it is not free.
    public var suggestion: ContactName?
    /// Why a text cannot be their name; nil where it can.
    public var objection: @Sendable (String) -> SealiftError?
}

/// Whoever watches two ends meet.
public protocol MeetingObserver: Sendable {
    /// Takes note of an event. Must not block for long.
    func handle(_ event: PairEvent)
}

/// Whoever watches two ends become contacts, and names the contact.
public protocol PairObserver: MeetingObserver {
    /// What to call who is there; nil to refuse. May block for as long as the user thinks. Asked once, and
    /// only where no name was given and they are no contact yet.
    func name(for question: PairQuestion) -> String?
}

/// What came of it.
public struct PairSummary: Sendable {
    /// The contact.
    public var contact: ContactSummary
    /// Whether they are a contact for the first time.
    public var isNew: Bool
}

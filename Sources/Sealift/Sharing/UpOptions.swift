public import SealiftRendezvous

/// How this machine serves its shares and takes offers.
public struct UpOptions: Sendable {
    /// Where to listen; empty for every address and a free port.
    public var listen: [EndpointAddress] = []
    /// How much of the network each download may take.
    public var traffic = TrafficPolicy()
    /// The rendezvous servers to be called through; empty for none.
    public var rendezvous: [RendezvousAddress] = []
    /// The STUN servers to ask what addresses this machine has outside.
    public var stun: [StunServer] = []
    /// Which part of the network may be used.
    public var network = NetworkPolicy()
    /// The user's own relay, used where nothing direct is found; nil for none.
    public var relay: RelayAccess?
    /// The folder of sealift's own state, or nil for the default.
    public var home: [UInt8]?
    /// Where the passphrase of that state comes from, where it has one.
    public var passphrase = PassphraseSource.none

    /// The defaults.
    public init() {}

    /// The rendezvous servers that may be contacted.
    var contactedServers: [RendezvousAddress] { network.signaling == .allowed ? rendezvous : [] }

    /// The relay that may be contacted.
    var contactedRelay: RelayAccess? { network.signaling == .allowed ? relay : nil }

    /// How a sender is reached that a contact named: by what this machine is reached by.
    /// - Parameter passphrase: in the place of ``passphrase``, so that it is asked for once.
    func reach(_ passphrase: PassphraseSource) -> ContactReach {
        var reach = ContactReach()
        reach.rendezvous = rendezvous
        reach.stun = stun
        reach.network = network
        reach.relay = relay
        reach.home = home
        reach.passphrase = passphrase
        return reach
    }
}

/// What happens while shares are served.
public enum UpEvent: Sendable {
    /// Waits at these addresses; so many offers are held in quarantine.
    case listening(addresses: [EndpointAddress], contacts: Int, shares: Int, held: Int)
    /// A contact asked for something and got it, or did not.
    case asked(contact: String, ShareQuestion, isGranted: Bool)
    /// A contact downloads from now on.
    case downloadBegan(contact: String, share: String)
    /// A download is over: whole, or why not.
    case downloadEnded(contact: String, share: String, bytes: UInt64, SealiftError?)
    /// A contact offers something.
    case offered(contact: String, OfferNews)
    /// What a rule took is here, or why not.
    case offerEnded(contact: String, OfferNews, SealiftError?)
    /// A member puts something into a share from now on.
    case uploadBegan(contact: String, UploadNews)
    /// What a member put into a share is there, with so many bytes that came, or why not.
    case uploadEnded(contact: String, UploadNews, bytes: UInt64, SealiftError?)
    /// A contact's devices changed; after a recovery they have to be paired again.
    case devicesChanged(contact: String, isRecovery: Bool)
    /// Something the user should know.
    case warning(TransferWarning)
}

/// What a contact asked for.
public enum ShareQuestion: Equatable, Sendable {
    /// Which shares there are.
    case shares
    /// What lies in a folder; the share's name where the contact may see it.
    case folder(share: String?, path: String?)
    /// A download.
    case get(share: String?)
    /// To put something into a share.
    case upload(share: String?)
    /// To see or change who the members of a share are; the member safe to print, nil for all of them.
    case members(MemberVerb, share: String?, member: String?)

    /// What is asked about members.
    public enum MemberVerb: String, Equatable, Sendable {
        /// To see them.
        case members
        /// To make somebody one, or to change what a member may do.
        case grant
        /// To say the yes that is awaited.
        case approve
        /// To end a membership.
        case remove
        /// To end one's own.
        case leave
    }
}

/// What a member puts into a share, safe to print.
public struct UploadNews: Equatable, Sendable {
    /// 32 hexadecimal digits.
    public var id: String
    /// The share's name.
    public var share: String
    /// The folder in it, escaped; nil for the share itself.
    public var path: String?
    /// What they call it, escaped.
    public var label: String
    /// How many bytes, as they say.
    public var byteCount: UInt64
}

/// What a contact offers, safe to print.
public struct OfferNews: Equatable, Sendable {
    /// 32 hexadecimal digits.
    public var id: String
    /// What they call it, escaped.
    public var label: String
    /// How many bytes, as they say.
    public var byteCount: UInt64
    /// How many files and folders.
    public var entryCount: UInt64
    /// Whether a rule took it; else it waits in the inbox.
    public var isAccepted: Bool
    /// Whether the rule holds what it took in quarantine.
    public var isQuarantined = false
    /// Where it lies in quarantine: the bytes of an absolute path; nil before it came, and where it does not.
    public var heldIn: [UInt8]?
}

/// Whoever watches shares being served. Calls come one at a time and must not block for long.
public protocol UpObserver: Sendable {
    /// Takes note of an event.
    func handle(_ event: UpEvent)
}

public import SealiftRendezvous

/// What a sender is asked to do.
public struct SendOptions: Equatable, Sendable {
    /// The files and folders to send, as the user named them: bytes of a path, never empty.
    public var paths: [[UInt8]]
    /// Where to listen. Empty means `0.0.0.0:0` and `[::]:0`. A concrete address advertises only itself.
    public var listen: [EndpointAddress]
    /// The addresses to put into the ticket instead of the guess; empty means guess.
    public var advertise: [EndpointAddress]
    /// How long the ticket may be claimed.
    public var expires: Duration
    /// How long to wait for a receiver before giving up; nil means as long as the ticket can be used.
    public var wait: Duration?
    /// Where the ticket is kept for the next run, or nil.
    public var ticketFile: [UInt8]?
    /// Who may have what is sent.
    public var audience: Audience
    /// Whether the observer is asked about each device before it sees what is offered.
    public var admission: Admission
    /// Where the manifest of what was delivered is written (`docs/PROTOCOL.md` §8.4), or nil. Not with
    /// ``Audience/manyReceivers``, each of which may have another part.
    public var manifest: [UInt8]?
    /// How much of the network to take.
    public var traffic: TrafficPolicy
    /// The rendezvous servers to offer a code at, the first that answers, and to be called through;
    /// empty for neither.
    public var rendezvous: [RendezvousAddress]
    /// The STUN servers to ask what addresses this machine has outside.
    public var stun: [StunServer]
    /// Which part of the network may be used.
    public var network: NetworkPolicy
    /// The user's own relay, used where nothing direct is found; nil for none.
    public var relay: RelayAccess?
    /// The folder of sealift's own state, or nil for the default (XDG data folder).
    public var home: [UInt8]?
    /// Where the passphrase of that state comes from, where it has one.
    public var passphrase = PassphraseSource.none
    /// Whose right it is to have what is sent; nil where the ticket alone is.
    var grant: GrantedContent?
    /// Whether a code is offered where a rendezvous server is named.
    var offersCode = true

    /// Who may have what is sent.
    public enum Audience: Sendable {
        /// The first device that accepts; the run ends when it has everything.
        case oneReceiver
        /// Every device that accepts before the ticket expires; the run ends when the user stops it.
        case manyReceivers
    }

    /// Who is let in.
    public enum Admission: Sendable {
        /// Whoever holds the ticket.
        case everybody
        /// Whom ``TransferObserver/admit(_:)`` accepts.
        case asked
    }

    /// The rendezvous servers that may be contacted.
    var contactedServers: [RendezvousAddress] { network.signaling == .allowed ? rendezvous : [] }

    /// The relay that may be contacted.
    var contactedRelay: RelayAccess? { network.signaling == .allowed ? relay : nil }

    /// How long a ticket may be claimed unless the user says otherwise: one day.
    public static let defaultExpiry: Duration = .seconds(24 * 60 * 60)

    /// Makes options; everything but the paths has its default.
    public init(
        paths: [[UInt8]], listen: [EndpointAddress] = [], advertise: [EndpointAddress] = [],
        expires: Duration = SendOptions.defaultExpiry, wait: Duration? = nil,
        ticketFile: [UInt8]? = nil, audience: Audience = .oneReceiver,
        admission: Admission = .everybody, manifest: [UInt8]? = nil,
        traffic: TrafficPolicy = TrafficPolicy(), rendezvous: [RendezvousAddress] = [],
        stun: [StunServer] = [], network: NetworkPolicy = NetworkPolicy(),
        relay: RelayAccess? = nil, home: [UInt8]? = nil
    ) {
        self.paths = paths
        self.listen = listen
        self.advertise = advertise
        self.expires = expires
        self.wait = wait
        self.ticketFile = ticketFile
        self.audience = audience
        self.admission = admission
        self.manifest = manifest
        self.traffic = traffic
        self.rendezvous = rendezvous
        self.stun = stun
        self.network = network
        self.relay = relay
        self.home = home
    }
}

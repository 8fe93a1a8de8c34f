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
    /// The rendezvous servers to offer a code at, the first that answers; empty for no code.
    public var rendezvous: [RendezvousAddress]
    /// The folder of sealift's own state, or nil for the default (XDG data folder).
    public var home: [UInt8]?

    /// How long a ticket may be claimed unless the user says otherwise: one day.
    public static let defaultExpiry: Duration = .seconds(24 * 60 * 60)

    /// Makes options; everything but the paths has its default.
    public init(
        paths: [[UInt8]], listen: [EndpointAddress] = [], advertise: [EndpointAddress] = [],
        expires: Duration = SendOptions.defaultExpiry, wait: Duration? = nil,
        ticketFile: [UInt8]? = nil, rendezvous: [RendezvousAddress] = [], home: [UInt8]? = nil
    ) {
        self.paths = paths
        self.listen = listen
        self.advertise = advertise
        self.expires = expires
        self.wait = wait
        self.ticketFile = ticketFile
        self.rendezvous = rendezvous
        self.home = home
    }
}

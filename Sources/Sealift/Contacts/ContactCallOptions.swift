public import SealiftRendezvous

/// How a contact is reached.
public struct ContactReach: Sendable {
    /// Addresses to dial beside those that are found; empty for none.
    public var addresses: [EndpointAddress] = []
    /// The rendezvous servers to call through; empty for none.
    public var rendezvous: [RendezvousAddress] = []
    /// The STUN servers to ask what addresses this machine has outside.
    public var stun: [StunServer] = []
    /// Which part of the network may be used.
    public var network = NetworkPolicy()
    /// The user's own relay, used where nothing direct is found; nil for none.
    public var relay: RelayAccess?
    /// How long each device of the contact is tried.
    public var connectTimeout = ReceiveOptions.defaultConnectTimeout
    /// The folder of sealift's own state, or nil for the default.
    public var home: [UInt8]?
    /// Where the passphrase of that state comes from, where it has one.
    public var passphrase = PassphraseSource.none

    /// Told of what the user should know that is no failure; nil for nobody.
    public var notice: (@Sendable (TransferWarning) -> Void)?

    /// The defaults: this machine's own links, and nothing else.
    public init() {}

    /// The rendezvous servers that may be contacted.
    var contactedServers: [RendezvousAddress] { network.signaling == .allowed ? rendezvous : [] }

    /// The relay that may be contacted.
    var contactedRelay: RelayAccess? { network.signaling == .allowed ? relay : nil }
}

public import SealiftTransfer

/// How the waiting end of a measurement can be reached.
public struct MeasurementServiceOptions: Sendable {
    /// Where to listen; empty for every address and a free port.
    public var listen: [EndpointAddress] = []
    /// The addresses of the ticket; empty for those of this machine.
    public var advertise: [EndpointAddress] = []
    /// The STUN servers to ask what addresses this machine has outside.
    public var stun: [StunServer] = []
    /// Which part of the network may be used.
    public var network = NetworkPolicy()
    /// How fast to send, and how to share.
    public var traffic = TrafficPolicy()
    /// The folder of sealift's own state, or nil for the default.
    public var home: [UInt8]?
    /// Where the passphrase of that state comes from, where it has one.
    public var passphrase = PassphraseSource.none
    /// How long one may be measured for after the start; then the run ends. Nil for no end.
    public var lifetime: Duration?

    /// Makes options with the defaults.
    public init() {}
}

/// What the dialing end of a measurement is asked to do.
public struct MeasurementOptions: Sendable {
    /// The ticket that the other end printed.
    public let ticket: Ticket
    /// How long each direction is measured, within ``MeasurementCaller/stretchRange``.
    public var stretch = MeasurementOptions.defaultStretch
    /// How long to try for the first contact.
    public var connectTimeout = ReceiveOptions.defaultConnectTimeout
    /// Which part of the network may be used.
    public var network = NetworkPolicy()
    /// How fast to send, and how to share.
    public var traffic = TrafficPolicy()
    /// The folder of sealift's own state, or nil for the default.
    public var home: [UInt8]?
    /// Where the passphrase of that state comes from, where it has one.
    public var passphrase = PassphraseSource.none

    /// How long each direction is measured unless told otherwise.
    public static let defaultStretch = Duration.seconds(5)

    /// Reads a ticket's text.
    /// - Throws: the same errors as ``ReceiveOptions`` for a text that is no ticket.
    public init(ticketText: String) throws(SealiftError) {
        ticket = try ReceiveOptions(ticketText: ticketText, output: [], home: nil).ticket
    }
}

/// What the waiting end of measurements tells, in order.
public enum MeasurementServiceEvent: Sendable {
    /// The ticket to give to the other end.
    case ticket(text: String, addresses: [EndpointAddress])
    /// Somebody measures.
    case began(PeerConnection)
    /// Somebody is done; whether to the end.
    case ended(isWhole: Bool)
}

/// What the dialing end of a measurement tells, in order.
public enum MeasurementStep: Sendable {
    /// The other end answered.
    case connected(PeerConnection)
    /// A stretch began.
    case began(MeasurementPhase)
}

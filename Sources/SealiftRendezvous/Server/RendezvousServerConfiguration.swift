public import SealiftCrypto
public import SealiftIO
public import SealiftTraversal

/// What a rendezvous server is run with.
public struct RendezvousServerConfiguration: Sendable {
    /// How clients know that they talk to the right server.
    public enum Security: Sendable {
        /// A certificate that the server made for itself; clients pin its key.
        case own(SelfSignedCertificate)
        /// A certificate chain and its private key, as paths of PEM files.
        case files(certificate: String, key: String)
        /// None: a proxy in front does TLS.
        case plain
    }

    /// Where WebSocket connections are taken.
    public var listen: [SocketAddress]
    /// Where STUN requests are answered.
    public var stun: [SocketAddress]
    /// How clients know the server.
    public var security: Security
    /// Whether the last entry of `X-Forwarded-For` is the client's address: true only behind a proxy that
    /// writes it, or everybody could claim to be somebody else.
    public var trustsForwardedFor = false
    /// What it gives at most.
    public var limits = RendezvousLimits()
    /// How long clients may stay once the server is asked to stop.
    public var drainTime = Duration.seconds(5)

    /// Whether refusals are counted by address too, for the log: never unless the operator asks.
    public var logsAddresses = false

    /// Makes a configuration.
    public init(listen: [SocketAddress], stun: [SocketAddress] = [], security: Security) {
        self.listen = listen
        self.stun = stun
        self.security = security
    }
}

/// Why a server could not be started.
public enum RendezvousServerError: Error, Equatable, Sendable {
    /// The certificate or its key cannot be used; the library's words.
    case unusableCertificate(String)
    /// An address cannot be listened on; the system's words.
    case cannotListen(address: String, reason: String)
}

import SealiftBase
import SealiftCrypto
import SealiftIO
public import SealiftRendezvous
import SealiftTraversal

/// What a rendezvous server is asked to do.
public struct RendezvousOptions: Sendable {
    /// How clients know the server.
    public enum Security: Equatable, Sendable {
        /// A key of its own, kept in the home folder, that clients pin.
        case ownKey
        /// PEM files, as paths.
        case files(certificate: String, key: String)
        /// None: a proxy in front does TLS, and says in `X-Forwarded-For` who comes.
        case behindProxy
    }

    /// Where to take WebSocket connections.
    public var listen: [EndpointAddress]
    /// Where to answer STUN requests.
    public var stun: [EndpointAddress]
    /// How clients know the server.
    public var security: Security
    /// The folder of sealift's own state, or nil for the default (XDG data folder).
    public var home: [UInt8]?
    /// How often refusals are told of, where there were any.
    public var logInterval: Duration
    /// Whether the log names the addresses that were refused something.
    public var logsAddresses: Bool

    /// Makes options.
    public init(
        listen: [EndpointAddress], stun: [EndpointAddress] = [], security: Security = .ownKey,
        home: [UInt8]? = nil, logInterval: Duration = .seconds(300), logsAddresses: Bool = false
    ) {
        self.logInterval = logInterval
        self.logsAddresses = logsAddresses
        self.listen = listen
        self.stun = stun
        self.security = security
        self.home = home
    }
}

/// Where a running server is.
public struct RendezvousPlaces: Equatable, Sendable {
    /// What clients set `SEALIFT_RENDEZVOUS` to, one for each address listened on.
    public var servers: [RendezvousAddress]
    /// The addresses that answer STUN.
    public var stun: [EndpointAddress]
}

/// Runs a rendezvous server until somebody asks to stop, then lets its clients go in order.
///
/// Blocks; call it from a thread that may. `onListening` is called once, when everything is bound; `log`
/// takes what an operator has to know, in order.
/// - Throws: why it could not be started.
public func runRendezvous(
    _ options: RendezvousOptions, cancellation: Cancellation,
    log: (RendezvousLogEntry) -> Void = { _ in },
    onListening: (RendezvousPlaces) -> Void
) throws(SealiftError) {
    let server: RendezvousServer
    do throws(SealiftError) {
        let (started, places) = try startRendezvous(options)
        server = started
        onListening(places)
    } catch {
        log(.failed(reason: error.code.rawValue))
        throw error
    }
    log(.started(listeners: server.addresses.count, stun: server.stunAddresses.count))
    let pause = BoundedQueue<Never>(capacity: 1)
    cancellation.whenRequested { pause.close() }
    while case .timedOut = pause.pop(until: MonotonicClock.now() + options.logInterval) {
        if let refusals = server.takeRefusals() { log(.refused(refusals)) }
    }
    if let refusals = server.takeRefusals() { log(.refused(refusals)) }
    log(.draining(clients: server.counters.clients))
    log(.stopped(clients: server.stop()))
}

private func startRendezvous(
    _ options: RendezvousOptions
) throws(SealiftError) -> (RendezvousServer, RendezvousPlaces) {
    let security: RendezvousServerConfiguration.Security
    var pin: Hash256?
    switch options.security {
    case .ownKey:
        let certificate = try StateHome(options.home).rendezvousCertificate()
        pin = certificate.keyPin
        security = .own(certificate)
    case .files(let certificate, let key):
        security = .files(certificate: certificate, key: key)
    case .behindProxy:
        security = .plain
    }
    var configuration = RendezvousServerConfiguration(
        listen: options.listen.compactMap { SocketAddress(bytes: $0.bytes, port: $0.port) },
        stun: options.stun.compactMap { SocketAddress(bytes: $0.bytes, port: $0.port) },
        security: security)
    configuration.trustsForwardedFor = options.security == .behindProxy
    configuration.logsAddresses = options.logsAddresses
    let server: RendezvousServer
    do throws(RendezvousServerError) {
        server = try RendezvousServer(configuration)
    } catch {
        throw SealiftError(error)
    }
    let isPlain = options.security == .behindProxy
    let places = RendezvousPlaces(
        servers: server.addresses.map {
            RendezvousAddress(
                host: nameable($0), port: $0.port, pin: pin, isSecure: !isPlain)
        },
        stun: server.stunAddresses.map { EndpointAddress($0) })
    return (server, places)
}

/// The address itself, or one of this machine's where it stands for all of them.
private func nameable(_ address: SocketAddress) -> String {
    guard address.isUnspecified else { return EndpointAddress(address).host }
    let own = (try? NetworkInterfaces.addresses())?.map(\.address) ?? []
    let candidates = own.filter { $0.family == address.family && !$0.isLinkLocal }
    let chosen = candidates.first { !$0.isLoopback } ?? candidates.first ?? address
    return EndpointAddress(chosen).host
}

extension SealiftError {
    fileprivate init(_ error: RendezvousServerError) {
        switch error {
        case .unusableCertificate(let reason):
            self.init(
                .usage, "the certificate or its key cannot be used",
                advice: "Name a PEM file with the chain and one with its private key.",
                cause: reason)
        case .cannotListen(let address, let reason):
            self.init(
                .cannotListen, "cannot listen on \(address)",
                advice: "Check the address and port, and that no other program uses them.",
                cause: reason)
        }
    }
}

extension StateHome {
    private static let rendezvousRecord = "rendezvous.key"
    private static let rendezvousMagic = Array("SLR1".utf8)
    private static let rendezvousLabel = Array("sealift/1 rendezvous key".utf8)

    /// The certificate of this home's server (`docs/PROTOCOL.md` §9.8), its key made on first use: the
    /// pin that clients hold stays right when the server starts again.
    func rendezvousCertificate() throws(SealiftError) -> SelfSignedCertificate {
        let found: SelfSignedCertificate?
        do throws(SystemError) {
            found = try folder.withLock { () throws(SystemError) -> SelfSignedCertificate? in
                if let bytes = try folder.readRecord(Self.rendezvousRecord) {
                    return Self.decodeRendezvous(bytes)
                }
                var entropy = SealiftCrypto.SystemEntropy()
                let made = SelfSignedCertificate.generate(entropy: &entropy)
                let body = made.secret.withUnsafeBytes { Self.rendezvousMagic + Array($0) }
                try folder.writeRecord(
                    Self.rendezvousRecord, body + Self.rendezvousChecksum(body))
                return made
            }
        } catch {
            throw SealiftError(home: error)
        }
        guard let found else {
            throw SealiftError(
                .homeUnusable, "the rendezvous server's key cannot be read",
                advice:
                    "Restore \(Self.rendezvousRecord) from a backup, or remove it for a new key, "
                    + "which every client must then be told.")
        }
        return found
    }

    private static func rendezvousChecksum(_ body: [UInt8]) -> ArraySlice<UInt8> {
        SHA256Digest.hash(rendezvousLabel + body).bytes.prefix(4)
    }

    private static func decodeRendezvous(_ bytes: [UInt8]) -> SelfSignedCertificate? {
        let body = Array(bytes.dropLast(4))
        guard body.starts(with: rendezvousMagic),
            bytes.suffix(4).elementsEqual(rendezvousChecksum(body))
        else { return nil }
        return SelfSignedCertificate(
            secret: SecretBytes(copying: body.dropFirst(rendezvousMagic.count)))
    }
}

import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftTransport
import SealiftTraversal

/// Where this end can be reached, as far as it can find out: its own addresses, and what STUN servers
/// see of its sockets. Owned by the thread of the sockets.
struct AddressGathering {
    /// How long the first answers are waited for before a ticket is printed: one repeated request.
    private static let patienceForNamed = Duration.seconds(1)
    /// The same where no STUN server was named, and it was only tried whether the rendezvous server's
    /// machine has one.
    private static let patienceForGuesses = Duration.milliseconds(400)

    /// How long a router is waited for: one that speaks PCP or NAT-PMP answers within a few milliseconds.
    private static let patienceForRouter = Duration.milliseconds(200)

    private let policy: NetworkPolicy
    private let sockets: [DatagramSocket]
    private let lookup: StunLookup?
    private let isNamed: Bool
    private var gatherer: AddressGatherer
    private let waker: Waker
    /// Asks the router for ports; nil until somebody may dial us, or where the policy forbids it.
    private var mapper: PortMapper?
    private var mapped = MappedPorts()

    /// Begins to ask `stun`, and the machines of `rendezvous` at the usual port, from `sockets`.
    init(
        _ sockets: [DatagramSocket], policy: NetworkPolicy, stun: [StunServer],
        rendezvousHosts: [String], waker: Waker
    ) throws(SystemError) {
        self.policy = policy
        self.sockets = sockets
        isNamed = !stun.isEmpty
        let servers =
            policy.signaling == .allowed
            ? stun + rendezvousHosts.map { StunServer(host: $0) } : []
        lookup = servers.isEmpty ? nil : try StunLookup(servers, waker: waker)
        self.waker = waker
        gatherer = AddressGatherer(
            sockets: try sockets.map { socket throws(SystemError) in
                AddressGatherer.Socket(
                    family: socket.localAddress.family == .ipv4 ? .ipv4 : .ipv6,
                    local: Set(
                        try NetworkPolicy(interface: policy.interface).hostAddresses(of: [socket])
                            .map { TransportAddress($0) }))
            }, entropy: SealiftCrypto.SystemEntropy())
    }

    /// How long it makes sense to wait for ``isSettled``.
    var patience: Duration { isNamed ? Self.patienceForNamed : Self.patienceForGuesses }

    /// Whether every server was found and asked, and has answered or will not.
    var isSettled: Bool { lookup?.isDone != false && gatherer.isSettled }

    /// Grows with each change of what is known.
    var revision: Int { gatherer.revision + mapped.revision }

    /// When ``advance(_:now:)`` has something to do; nil for never.
    var nextTimeout: Instant? { gatherer.nextTimeout }

    /// What lies between this machine and the internet; nil where it is not known.
    func natKind(now: Instant) -> NATKind? { gatherer.kind(now: now) }

    /// What a peer may be told: own addresses first, then those seen from outside.
    mutating func candidates() -> [Candidate] {
        beginMapping()
        let own = ((try? policy.hostAddresses(of: sockets)) ?? []).filter { !$0.isLoopback }
        let outside =
            reflexive.map { Candidate(.reflexive, $0) }
            + mapped.addresses.map { Candidate(.portMapped, $0) }
        // A machine with many bridges must not crowd out what counts from afar.
        let room = CandidateList.maximumCount - min(outside.count, 6)
        return own.prefix(room).map { Candidate(.host, TransportAddress($0)) } + outside
    }

    /// What STUN servers see of our sockets, where a peer may use it.
    var reflexive: [TransportAddress] {
        sockets.indices.flatMap { gatherer.reflexive(socket: $0) }
            .filter { CandidateList.isUsable(Candidate(.reflexive, $0), policy: policy.addresses) }
    }

    /// Those of ``reflexive`` that somebody may dial later: not where each destination sees another port.
    func lastingReflexive(now: Instant) -> [TransportAddress] {
        mapped.addresses + (gatherer.kind(now: now) == .endpointDependent ? [] : reflexive)
    }

    /// Takes a datagram that came on `path`.
    /// - Returns: whether it was a STUN server's answer.
    mutating func receive(
        _ datagram: UnsafeRawBufferPointer, on path: PathID, now: Instant
    ) -> Bool {
        gatherer.receive(
            datagram, socket: path.socket, from: TransportAddress(path.address), now: now)
    }

    /// Asks all servers again: the network may have changed since.
    mutating func refresh(now: Instant) { gatherer.refresh(now: now) }

    /// Asks whom there is to ask now.
    mutating func advance(_ pump: DatagramPump, now: Instant) {
        while let event = mapper?.takeEvent() { mapped.take(event) }
        while let server = lookup?.takeAddress() {
            if policy.permits(server) { gatherer.ask(TransportAddress(server), now: now) }
        }
        while let request = gatherer.pollTransmit(now: now) {
            pump.send(
                request.bytes,
                on: PathID(SocketAddress(request.destination), socket: request.socket))
        }
    }

    /// Waits until the servers have answered, a second at most.
    mutating func settle(
        _ pump: DatagramPump, cancellation: Cancellation
    ) throws(SystemError) {
        beginMapping()
        // Where there is no router, none answers.
        let mayHaveRouter = mapper != nil && !DefaultGateways.find().isEmpty
        guard lookup != nil || mayHaveRouter else { return }
        var now = MonotonicClock.now()
        let end = (servers: now + patience, router: now + Self.patienceForRouter)
        let deadline = lookup == nil ? end.router : end.servers
        while now < deadline, !cancellation.isRequested {
            let isLookedUp = lookup?.isDone ?? true
            advance(pump, now: now)
            let hasRouter = !mayHaveRouter || !mapped.addresses.isEmpty || now >= end.router
            if isLookedUp, gatherer.isSettled, hasRouter { return }
            try pump.wait(until: min(deadline, nextTimeout ?? deadline))
            // Who dials already repeats it.
            _ = pump.receive { datagram, path, _, now in
                _ = receive(datagram, on: path, now: now)
            }
            now = MonotonicClock.now()
        }
    }

    /// Asks the router for ports, once: not before an address of ours is to be told to somebody, and not
    /// for sockets that nobody outside could reach anyway.
    private mutating func beginMapping() {
        guard mapper == nil, policy.portMapping == .allowed,
            !sockets.allSatisfy(\.localAddress.isLoopback)
        else { return }
        let waker = waker
        mapper = try? PortMapper(
            for: sockets.map(\.localAddress), policy: policy.addresses,
            notify: { waker.wake() })
    }

    /// Ends what goes on beside.
    func finish() {
        lookup?.finish()
        mapper?.finish()
    }
}

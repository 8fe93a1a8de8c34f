import SealiftBase
import SealiftIO
import SealiftTraversal

/// One port at one router: the machines of the three protocols, and what carries their messages. Owned
/// by the mapping thread.
final class MappingAttempt {
    /// UPnP calls nothing before the other two had this time.
    private static let headStart = Duration.seconds(1)
    /// The longest that a router is waited for over TCP.
    private static let exchangeTime = Duration.seconds(3)

    let gateway: SocketAddress
    /// What the port is mapped for.
    let socket: SocketAddress
    /// What datagrams come to: from the router's mapping port, for its announcements, for the search.
    let sockets: [DatagramSocket]
    private let client: TransportAddress
    private let slab = ReceiveSlab(slots: 2)
    private let beginning: Instant
    private var direct: GatewayMapping
    private var upnp: UPnPMapping?
    private var current: PortMapping?
    private var failed: Instant?
    /// Whether UPnP waits for the others' head start.
    private var isHeldBack = false

    private static let searchGroup = SocketAddress(
        bytes: [239, 255, 255, 250], port: UPnPMapping.searchPort)
    private static let announcementGroup = SocketAddress(
        bytes: [224, 0, 0, 1], port: GatewayMapping.announcementPort)

    /// Begins to ask `gateway` for a port for `socket`; nil where there is no way to it, or the socket
    /// has another address than the router would see.
    init?(_ socket: SocketAddress, at gateway: SocketAddress, now: Instant) {
        guard let source = gateway.with(port: GatewayMapping.serverPort).localSource,
            socket.isUnspecified || socket.hasSameHost(as: source),
            let entropy = try? SystemEntropy.bytes(12), let seed = try? SystemEntropy.number()
        else { return nil }
        let client = TransportAddress(source.with(port: socket.port))
        guard let direct = GatewayMapping(client: client, entropy: entropy, now: now),
            // To the kernel's choice of port: who cannot see it cannot answer for the router.
            let asking = try? DatagramSocket(bind: source)
        else { return nil }
        self.gateway = gateway
        self.socket = socket
        self.client = client
        self.direct = direct
        beginning = now
        upnp = UPnPMapping(
            client: client, gateway: TransportAddress(gateway), seed: seed, now: now)
        let hearing = gateway.family == .ipv4 ? Self.announcementSocket(source) : nil
        sockets = [asking] + (hearing.map { [$0] } ?? [])
    }

    /// Hears a router that starts anew. Without it, that is noticed at the next renewal.
    private static func announcementSocket(_ source: SocketAddress) -> DatagramSocket? {
        guard let group = announcementGroup, let own = try? NetworkInterfaces.addresses(),
            let interface = own.first(where: { $0.address.hasSameHost(as: source) })
        else { return nil }
        return try? DatagramSocket(listeningTo: group, interfaces: [interface.index])
    }

    /// When ``advance(now:)`` has something to do.
    var nextTimeout: Instant? {
        [direct.nextTimeout, upnp?.nextTimeout, isHeldBack ? beginning + Self.headStart : nil]
            .compactMap { $0 }.min()
    }

    /// Reads and sends what there is.
    func advance(now: Instant) {
        receive(now: now)
        for datagram in direct.pollTransmit(now: now) {
            send(datagram, to: gateway.with(port: GatewayMapping.serverPort))
        }
        advanceUPnP(now: now)
    }

    private func receive(now: Instant) {
        for socket in sockets {
            while case .received(let count) = socket.receive(into: slab) {
                for index in 0..<count { take(slab[index], now: now) }
            }
        }
    }

    private func take(_ buffer: ReceivedBuffer, now: Instant) {
        // Nobody but the router is listened to.
        guard let source = buffer.source, source.hasSameHost(as: gateway) else { return }
        for index in 0..<buffer.segmentCount {
            if source.port == GatewayMapping.serverPort {
                direct.receive(buffer.segment(index), now: now)
            } else {
                upnp?.receive(buffer.segment(index), from: TransportAddress(source))
            }
        }
    }

    private func advanceUPnP(now: Instant) {
        for datagram in upnp?.pollSearch(now: now) ?? [] {
            if let group = Self.searchGroup { send(datagram, to: group) }
            send(datagram, to: gateway.with(port: UPnPMapping.searchPort))
        }
        if case .mapped = direct.state {
            // The one mapping is enough.
            (upnp, isHeldBack) = (nil, false)
            return
        }
        isHeldBack = direct.state == .asking && now < beginning + Self.headStart
        if isHeldBack { return }
        var turns = 0
        while let request = upnp?.pollRequest(now: now), turns < 16 {
            upnp?.receive(exchange(request), now: MonotonicClock.now())
            turns += 1
        }
        if case .mapped? = upnp?.state { direct.giveUp() }
    }

    private func send(_ datagram: [UInt8], to address: SocketAddress) {
        datagram.withUnsafeBytes {
            _ = sockets[0].send(OutgoingBatch(bytes: $0, destination: address))
        }
    }

    /// Carries a request over a connection of its own; nil where no answer comes.
    private func exchange(_ request: HTTPRequest) -> HTTPResponse? {
        let deadline = MonotonicClock.now() + Self.exchangeTime
        // The machine refuses other hosts; this is the place where that matters.
        guard request.server.bytes == gateway.bytes else { return nil }
        do throws(SystemError) {
            let stream = try StreamSocket(
                connectingTo: gateway.with(port: request.server.port), until: deadline)
            try stream.write(request.bytes, until: deadline)
            var answer: [UInt8] = []
            while true {
                let more = try stream.read(atMost: 16_384, until: deadline)
                answer += more
                switch HTTPResponse.read(answer, isClosed: more.isEmpty) {
                case .incomplete: continue
                case .whole(let response): return response
                case .malformed: return nil
                }
            }
        } catch {
            return nil
        }
    }

    // MARK: Results

    /// What changed for peers since the last call.
    func takeChange(_ policy: AddressPolicy) -> [PortMapper.Event] {
        var found: PortMapping?
        if case .mapped(let mapping) = direct.state {
            found = mapping
        } else if case .mapped(let mapping)? = upnp?.state {
            found = mapping
        }
        if let mapping = found,
            !mapping.isReachableFromAfar || !policy.permits(mapping.external)
        {
            found = nil
        }
        guard found?.external != current?.external else { return [] }
        defer { current = found }
        return (current.map { [.lost($0)] } ?? []) + (found.map { [.mapped($0)] } ?? [])
    }

    /// What to tell of a router that is left behind.
    func leave() -> [PortMapper.Event] { current.map { [.lost($0)] } ?? [] }

    /// Whether nothing came of it, `pause` ago.
    func isOver(after pause: Duration, now: Instant) -> Bool {
        let hasDirect = direct.state != .failed
        let hasUPnP = upnp.map { $0.state != .failed } ?? false
        guard !hasDirect, !hasUPnP else {
            failed = nil
            return false
        }
        let since = failed ?? now
        failed = since
        return now - since >= pause
    }

    // MARK: End

    /// Begins to give the port back.
    func takeBack(now: Instant) {
        direct.takeBack(now: now)
        upnp?.takeBack()
    }

    /// Whether everything is given back, or given up.
    var isReleased: Bool {
        direct.state == .released
            && (upnp.map { $0.state == .released || $0.state == .failed } ?? true)
    }
}

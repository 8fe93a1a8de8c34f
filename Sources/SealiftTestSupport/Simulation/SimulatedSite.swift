public import SealiftBase

/// Machines on one local network that takes no time, behind a NAT or on the open network: one node of a
/// ``SimulatedNetwork``, added with port 0. A site of sites is a NAT behind a NAT.
public struct SimulatedSite<Inside: SimulatedEndpoint>: SimulatedEndpoint {
    /// A machine, or a site, inside.
    public struct Host {
        /// Its address inside.
        public let host: UInt32
        /// What it does.
        public var endpoint: Inside

        /// Makes a host.
        public init(_ endpoint: Inside, at host: UInt32) {
            self.endpoint = endpoint
            self.host = host
        }
    }

    /// The router; nil where the hosts have addresses of the outside.
    public var nat: SimulatedNAT?
    /// The hosts. Without a router there is one, and the node has its address.
    public var hosts: [Host]

    /// Makes a site.
    public init(_ hosts: [Host], behind nat: SimulatedNAT?) {
        precondition(nat != nil || hosts.count == 1, "one address outside is one host")
        self.hosts = hosts
        self.nat = nat
    }

    /// The address outside.
    public var outsideHost: UInt32 { nat?.host ?? hosts[0].host }

    /// Lets in what the router lets in.
    public mutating func receive(_ datagram: SimulatedDatagram, now: Instant) {
        guard nat != nil else {
            hosts[0].endpoint.receive(datagram, now: now)
            return
        }
        guard let translated = nat?.inbound(datagram, now: now) else { return }
        deliver(translated, now: now)
    }

    /// Does what is due inside.
    public mutating func handleTimeout(now: Instant) {
        for index in hosts.indices {
            guard let due = hosts[index].endpoint.nextTimeout, due <= now else { continue }
            hosts[index].endpoint.handleTimeout(now: now)
        }
    }

    /// When something is due inside.
    public var nextTimeout: Instant? { hosts.compactMap(\.endpoint.nextTimeout).min() }

    /// What leaves the site. What goes from host to host has arrived.
    public mutating func pollTransmit(now: Instant) -> [SimulatedDatagram] {
        var leaving: [SimulatedDatagram] = []
        var isQuiet = false
        while !isQuiet {
            isQuiet = true
            for index in hosts.indices {
                for var datagram in hosts[index].endpoint.pollTransmit(now: now) {
                    isQuiet = false
                    datagram.from.host = hosts[index].host
                    if let outside = route(datagram, now: now) { leaving.append(outside) }
                }
            }
        }
        return leaving
    }

    /// Where a datagram of a host goes: to another host, back in through the router, or out.
    private mutating func route(_ datagram: SimulatedDatagram, now: Instant) -> SimulatedDatagram? {
        if nat == nil { return datagram }
        if deliver(datagram, now: now) { return nil }
        guard let translated = nat?.outbound(datagram, now: now) else { return nil }
        guard translated.to.host == nat?.host else { return translated }
        if nat?.behaviour.hairpins == true { receive(translated, now: now) }
        return nil
    }

    @discardableResult
    private mutating func deliver(_ datagram: SimulatedDatagram, now: Instant) -> Bool {
        guard let index = hosts.firstIndex(where: { $0.host == datagram.to.host }) else {
            return false
        }
        hosts[index].endpoint.receive(datagram, now: now)
        return true
    }
}

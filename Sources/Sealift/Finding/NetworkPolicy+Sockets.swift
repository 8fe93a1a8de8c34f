import SealiftBase
import SealiftIO
import SealiftTransfer
import SealiftTraversal

extension NetworkPolicy {
    /// Whether datagrams to and from `address` may be sent and read.
    func permits(_ address: SocketAddress) -> Bool {
        hasNoRanges || addresses.permits(TransportAddress(address))
    }

    /// Whether no range is named: then every address is permitted, and nobody need look.
    private var hasNoRanges: Bool { addresses.allowed.isEmpty && addresses.denied.isEmpty }

    /// The class that datagrams leave with.
    var trafficClass: TrafficClass { TrafficClass(dscp: dscp) }

    /// Checks the policy against this machine.
    /// - Throws: an error of usage: no such interface, an address that is not ours, or nothing left.
    func check() throws(SealiftError) {
        let own: [NetworkInterfaces.Address]
        do throws(SystemError) { own = try NetworkInterfaces.addresses() } catch {
            throw SealiftError(listening: error)
        }
        try check(against: own)
    }

    func check(against own: [NetworkInterfaces.Address]) throws(SealiftError) {
        if let interface, !own.contains(where: { $0.name == interface }) {
            throw SealiftError(
                .usage,
                "this machine has no interface \(PrintableText.escape(Array(interface.utf8))) "
                    + "that is up and has an address",
                advice: "Those it has: \(Self.list(own.map(\.name))).")
        }
        let usable = own.filter { interface == nil || $0.name == interface }
        for wanted in bind where !usable.contains(where: { $0.address.bytes == wanted.bytes }) {
            throw SealiftError(
                .usage,
                "\(wanted.host) is no address of "
                    + (interface.map { "interface \($0)" } ?? "this machine"),
                advice: "Those it has: \(Self.list(usable.map { $0.address.with(port: 0).host })).")
        }
        guard usable.contains(where: { isBound($0.address) && permits($0.address) }) else {
            throw SealiftError(
                .usage, "the network policy leaves no address of this machine",
                advice: "Allow one of \(Self.list(usable.map { $0.address.host })), or deny less.")
        }
    }

    /// Whether a socket may have this address of the machine.
    func isBound(_ address: SocketAddress) -> Bool {
        bind.isEmpty || bind.contains { $0.bytes == address.bytes }
    }

    private static func list(_ names: [String]) -> String {
        var seen: Set<String> = []
        let distinct = names.filter { seen.insert($0).inserted }
        return distinct.isEmpty ? "none" : distinct.joined(separator: ", ")
    }

    /// Opens the sockets for `listen` or, where that is empty, for ``bind`` or both families.
    func openSockets(listen: [SocketAddress] = []) throws(SystemError) -> [DatagramSocket] {
        let bound = bind.compactMap { SocketAddress(bytes: $0.bytes, port: 0) }
        let wanted = listen.isEmpty ? bound : listen
        guard wanted.isEmpty else {
            return try wanted.map { address throws(SystemError) in
                try DatagramSocket(bind: address, interface: interface)
            }
        }
        let ipv4 = try DatagramSocket(bind: .unspecified(.ipv4), interface: interface)
        // A machine without IPv6 is fine.
        let ipv6 = try? DatagramSocket(bind: .unspecified(.ipv6), interface: interface)
        return [ipv4] + (ipv6.map { [$0] } ?? [])
    }

    /// Where `sockets` can be reached on this machine's own networks: loopback last, without addresses
    /// that are valid on one link only or that the policy forbids.
    func hostAddresses(of sockets: [DatagramSocket]) throws(SystemError) -> [SocketAddress] {
        let own = try NetworkInterfaces.addresses()
        var found: [SocketAddress] = []
        for local in sockets.map(\.localAddress) {
            guard local.isUnspecified else {
                found.append(local)
                continue
            }
            for candidate in own
            where candidate.address.family == local.family && !candidate.address.isLinkLocal
                && (interface == nil || candidate.name == interface)
            {
                found.append(candidate.address.with(port: local.port))
            }
        }
        let permitted = found.filter(permits)
        return permitted.filter { !$0.isLoopback } + permitted.filter(\.isLoopback)
    }

    /// Where `sockets` can be reached, for a ticket: own addresses first, then those that servers see,
    /// loopback last; no more than a ticket holds.
    func ticketAddresses(
        of sockets: [DatagramSocket], reflexive: [SocketAddress]
    ) throws(SealiftError) -> [PeerAddress] {
        let own: [SocketAddress]
        do throws(SystemError) { own = try hostAddresses(of: sockets) } catch {
            throw SealiftError(listening: error)
        }
        let room = Ticket.maximumAddressCount - min(reflexive.count, 4)
        let near = own.filter { !$0.isLoopback }.prefix(room)
        let all = near + reflexive + own.filter(\.isLoopback)
        return all.prefix(Ticket.maximumAddressCount).compactMap {
            PeerAddress(bytes: $0.bytes, port: $0.port)
        }
    }
}

extension TransportAddress {
    /// The same address; a link-local one loses its link.
    init(_ address: SocketAddress) {
        self.init(
            family: address.family == .ipv4 ? .ipv4 : .ipv6, words: address.words,
            port: address.port)
    }
}

extension SocketAddress {
    /// The same address.
    init(_ address: TransportAddress) {
        self.init(
            family: address.family == .ipv4 ? .ipv4 : .ipv6, words: address.words,
            port: address.port, scope: 0)
    }
}

internal import ArgumentParser
internal import Sealift
internal import SealiftRendezvous
internal import SealiftTraversal

/// The options that say which part of the network a command may touch.
struct NetworkOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Use this network interface only, both ways, such as eth0.", valueName: "name"))
    var interface: String?

    @Option(
        help: ArgumentHelp(
            "Use this address of this machine only, repeatable.", valueName: "addr"),
        transform: HostArgument.init(argument:))
    var bind: [HostArgument] = []

    @Option(
        help: ArgumentHelp(
            """
            Use only addresses in this block, here and elsewhere: 10.0.0.0/8, 2001:db8::/32. \
            Repeatable.
            """, valueName: "cidr"),
        transform: RangeArgument.init(argument:))
    var allow: [RangeArgument] = []

    @Option(
        help: ArgumentHelp(
            "Never use addresses in this block; wins over --allow. Repeatable.", valueName: "cidr"),
        transform: RangeArgument.init(argument:))
    var deny: [RangeArgument] = []

    @Flag(help: "Contact no server: no code, no call, no STUN.")
    var noSignaling = false

    @Flag(help: "Send nothing to, and hear nothing from, everybody on the local network.")
    var noLan = false

    @Flag(help: "Do not ask the router to open a port.")
    var noPortMapping = false

    @Option(
        help: ArgumentHelp(
            """
            Ask this STUN server what address this machine has outside; two at different addresses \
            tell the kind of NAT. Repeatable (default: SEALIFT_STUN).
            """, valueName: "host[:port]"),
        transform: StunArgument.init(argument:))
    var stun: [StunArgument] = []

    @Option(
        help: ArgumentHelp(
            "Where nothing direct is found: use no relay of yours, or the one that SEALIFT_TURN names.",
            valueName: "never|mine"))
    var relay = RelayArgument.never

    @Option(help: ArgumentHelp("Mark datagrams with this priority, 0 to 63.", valueName: "dscp"))
    var dscp: UInt8 = 0

    func validate() throws {
        guard dscp < 64 else { throw ValidationError("--dscp is a number from 0 to 63") }
        guard !noSignaling || stun.isEmpty else {
            throw ValidationError("--stun and --no-signaling contradict each other")
        }
        guard !noSignaling || relay == .never else {
            throw ValidationError("--relay mine and --no-signaling contradict each other")
        }
    }

    /// What the options ask for.
    var policy: NetworkPolicy {
        NetworkPolicy(
            interface: interface, bind: bind.map(\.address),
            addresses: AddressPolicy(allowed: allow.map(\.range), denied: deny.map(\.range)),
            signaling: noSignaling ? .none : .allowed, lan: noLan ? .none : .allowed,
            portMapping: noPortMapping ? .none : .allowed, dscp: dscp)
    }

    /// Whether none of the options was given.
    var isUnused: Bool { policy == NetworkPolicy() && stun.isEmpty && relay == .never }

    /// The relay to use where nothing direct is found; nil for none.
    /// - Throws: an error of usage where the environment does not name it, nor a server to meet at: only a
    ///   call tells the relay whom to let through.
    func relayAccess(meetingAt servers: [RendezvousAddress]) throws(SealiftError) -> RelayAccess? {
        guard relay == .mine else { return nil }
        guard !servers.isEmpty else {
            throw SealiftError(
                .usage, "--relay mine needs a rendezvous server, and none is named",
                advice:
                    "Set SEALIFT_RENDEZVOUS at both ends: through it the two learn of the relay.")
        }
        return try Environment.relay()
    }

    /// The STUN servers to ask: those of the command line, else of the environment.
    func servers() throws(SealiftError) -> [StunServer] {
        if noSignaling { return [] }
        return stun.isEmpty ? try Environment.stun() : stun.map(\.server)
    }
}

/// An address without a port as it stands on the command line.
struct HostArgument: Equatable {
    let address: EndpointAddress

    /// - Throws: what an address looks like.
    init(argument: String) throws {
        guard let address = EndpointAddress(host: argument) else {
            throw ValidationError(
                "an address is a number without a port, such as 192.0.2.7 or 2001:db8::7")
        }
        self.address = address
    }
}

/// A block of addresses as it stands on the command line.
struct RangeArgument: Equatable {
    let range: AddressRange

    /// - Throws: what a block looks like.
    init(argument: String) throws {
        guard
            let range = AddressRange(argument, parse: { EndpointAddress(host: $0)?.bytes })
        else {
            throw ValidationError("a block is such as 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32")
        }
        self.range = range
    }
}

/// A STUN server as it stands on the command line.
struct StunArgument: Equatable {
    let server: StunServer

    /// - Throws: what a server looks like.
    init(argument: String) throws {
        guard let server = StunServer(argument) else {
            throw ValidationError(
                "a STUN server is such as stun.example.org, 192.0.2.7:3478 or [2001:db8::7]:3478")
        }
        self.server = server
    }
}

public import SealiftTraversal

/// Which part of the network a transfer may touch. Everything, unless told otherwise.
///
/// It is consulted for every address that is offered to a peer, for every address of a peer that is
/// dialled or probed, for STUN servers, and for every datagram before anybody reads it.
public struct NetworkPolicy: Equatable, Sendable {
    /// Whether rendezvous and STUN servers may be contacted.
    public enum Signaling: Equatable, Sendable {
        /// Those that the user named, where they help.
        case allowed
        /// None: no server, no code, no STUN.
        case none
    }

    /// Whether a way is tried that reaches beyond the sockets themselves.
    public enum Permission: Equatable, Sendable {
        /// Where it helps.
        case allowed
        /// Not at all.
        case none
    }

    /// The only interface that datagrams may use, both ways, such as `eth0`; nil for any.
    public var interface: String?
    /// The addresses of this machine to use (the ports count for nothing); empty for all.
    public var bind: [EndpointAddress]
    /// The addresses, here and elsewhere, that may be used.
    public var addresses: AddressPolicy
    /// Whether servers may be contacted.
    public var signaling: Signaling
    /// Whether dialers are sent to, and heard from, everybody on this machine's own links.
    public var lan: Permission
    /// Whether the router is asked to let peers in.
    public var portMapping: Permission
    /// The priority of datagrams (DSCP, RFC 2474), 0 to 63.
    public var dscp: UInt8

    /// Makes a policy.
    public init(
        interface: String? = nil, bind: [EndpointAddress] = [],
        addresses: AddressPolicy = AddressPolicy(), signaling: Signaling = .allowed,
        lan: Permission = .allowed, portMapping: Permission = .allowed, dscp: UInt8 = 0
    ) {
        self.interface = interface
        self.bind = bind
        self.addresses = addresses
        self.signaling = signaling
        self.lan = lan
        self.portMapping = portMapping
        self.dscp = dscp
    }
}

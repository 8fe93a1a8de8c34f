/// What lies between this machine and the internet, as far as two STUN servers can tell
/// (RFC 5780 §4.3 without its change requests).
public enum NATKind: Equatable, Sendable {
    /// No server answered: UDP seems to be blocked.
    case blocked
    /// Servers see the very address of this machine.
    case none
    /// One local port is seen as the same outside port by every server: a peer that is told it can
    /// reach us once we sent to that peer. "Easy".
    case endpointIndependent
    /// Each server sees another port: the one that a peer would see cannot be told beforehand. "Hard".
    case endpointDependent
    /// There is a translator, but only one address answered, so its kind is not known.
    case unclassified

    /// Classifies what was seen from one local socket.
    ///
    /// - Parameters:
    ///   - local: the addresses that the socket has on this machine, with its port.
    ///   - seen: what each server saw, by the server's address. Two ports of one address count as one
    ///     server: a translator that goes by address only would look easy.
    public static func classify(
        local: Set<TransportAddress>, seen: [(server: TransportAddress, mapped: TransportAddress)]
    ) -> NATKind {
        guard let first = seen.first else { return .blocked }
        if seen.contains(where: { $0.mapped != first.mapped }) { return .endpointDependent }
        if local.contains(first.mapped) { return .none }
        let servers = Set(seen.map(\.server.bytes))
        return servers.count > 1 ? .endpointIndependent : .unclassified
    }
}

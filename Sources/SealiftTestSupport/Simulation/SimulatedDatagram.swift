/// One datagram on the simulated network.
public struct SimulatedDatagram: Hashable, Sendable {
    /// The payload, as a UDP socket would give it.
    public var bytes: [UInt8]
    /// The sender's address as the receiver sees it. The network fills it in when the datagram
    /// leaves its node, so that a change of address needs no help from the endpoint.
    public var from: SimulatedAddress
    /// Where the datagram goes.
    public var to: SimulatedAddress
    /// The congestion mark it carries at this point of its way.
    public var ecn: SimulatedECN

    /// Makes a datagram. `from` may be left out by endpoints: the network fills it in.
    public init(
        bytes: [UInt8], from: SimulatedAddress = SimulatedAddress(host: 0, port: 0),
        to: SimulatedAddress, ecn: SimulatedECN = .notCapable
    ) {
        self.bytes = bytes
        self.from = from
        self.to = to
        self.ecn = ecn
    }
}

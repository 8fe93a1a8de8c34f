/// Where a simulated node can be reached: plain integers that stand for an IP address and a port.
public struct SimulatedAddress: Hashable, Sendable, CustomStringConvertible {
    /// The machine, as an IPv4 address would name it.
    public var host: UInt32
    /// The port on that machine.
    public var port: UInt16

    /// Makes the address of `port` on `host`.
    public init(host: UInt32, port: UInt16 = 1) {
        self.host = host
        self.port = port
    }

    /// `host:port`.
    public var description: String { "\(host):\(port)" }
}

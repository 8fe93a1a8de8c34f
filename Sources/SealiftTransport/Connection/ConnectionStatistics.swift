/// What a connection measured so far: for progress displays, logs and tests.
public struct ConnectionStatistics: Equatable, Sendable {
    /// The smoothed round-trip time; nil before the first sample.
    public var smoothedRTT: Duration?
    /// The least round-trip time seen; nil before the first sample.
    public var minimumRTT: Duration?
    /// Packets sent, of every kind.
    public var packetsSent: UInt64 = 0
    /// Packets of the peer that opened.
    public var packetsReceived: UInt64 = 0
    /// Packets of the peer that opened after a later one, under the connection ids still in use.
    public var packetsReordered: UInt64 = 0
    /// Packets declared lost, the spurious ones included.
    public var packetsLost: UInt64 = 0
    /// Packets declared lost and acknowledged later.
    public var packetsSpuriouslyLost: UInt64 = 0
    /// Bytes of all datagrams sent.
    public var bytesSent: UInt64 = 0
    /// Bytes of all datagrams that opened.
    public var bytesReceived: UInt64 = 0
    /// Bytes sent in packets that are neither acknowledged nor lost.
    public var bytesInFlight = 0
    /// Bytes that may be in flight.
    public var congestionWindow = 0
    /// The latest delivery rate of packets to the peer, in bytes per second; nil before a sample.
    public var deliveryRate: Double?
    /// Times the congestion window was reduced.
    public var congestionEvents: UInt64 = 0
}

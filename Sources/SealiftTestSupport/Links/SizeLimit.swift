public import SealiftBase

/// Silently drops datagrams that are too large for the path: the black hole that path MTU discovery
/// has to find (RFC 8899).
public struct SizeLimit: LinkStage {
    /// The largest payload that passes, in bytes.
    public let largestPayload: Int

    /// Makes a path for payloads up to `largestPayload` bytes.
    public init(_ largestPayload: Int) {
        self.largestPayload = largestPayload
    }

    /// The stage's name in the trace.
    public var name: String { "size limit" }

    /// Lets the datagram pass if it is small enough.
    public mutating func process(
        _ datagram: SimulatedDatagram, now: Instant, generator: inout SeededGenerator,
        into outputs: inout [LinkOutput]
    ) {
        if datagram.bytes.count <= largestPayload { outputs.append(LinkOutput(datagram)) }
    }
}

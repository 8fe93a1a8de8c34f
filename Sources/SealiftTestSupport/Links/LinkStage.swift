public import SealiftBase

/// What a link stage lets out: a datagram, and how long after it came in.
public struct LinkOutput: Hashable, Sendable {
    /// The datagram, perhaps altered.
    public var datagram: SimulatedDatagram
    /// How long the stage keeps it; never negative.
    public var delay: Duration

    /// Makes the output of `datagram` after `delay`.
    public init(_ datagram: SimulatedDatagram, after delay: Duration = .zero) {
        self.datagram = datagram
        self.delay = delay
    }
}

/// One property of a directed link, such as its delay or its loss. A link is a chain of these; each
/// sees datagrams in the order in which they come out of the one before.
public protocol LinkStage: Sendable {
    /// What the trace calls the stage when it drops something.
    var name: String { get }

    /// Decides what becomes of one datagram: appends one output to `outputs` to let it pass, none to
    /// drop it, several to copy it. Everything random comes from `generator`.
    mutating func process(
        _ datagram: SimulatedDatagram, now: Instant, generator: inout SeededGenerator,
        into outputs: inout [LinkOutput])
}

extension SeededGenerator {
    /// True with the given probability, 0 to 1.
    mutating func chance(_ probability: Double) -> Bool {
        nextUnit() < probability
    }

    /// A duration between zero and `limit`, uniformly.
    mutating func duration(upTo limit: Duration) -> Duration {
        .nanoseconds(Int64(Double(limit.nanoseconds) * nextUnit()))
    }
}

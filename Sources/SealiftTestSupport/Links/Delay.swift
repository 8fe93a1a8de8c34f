public import SealiftBase

/// The time a datagram takes: a fixed part and a uniformly random one.
public struct Delay: LinkStage {
    /// Whether jitter may let a datagram overtake an earlier one.
    public enum Order: Hashable, Sendable {
        /// Never: a late datagram holds up those behind it, as a radio link or a busy router does.
        case kept
        /// Yes: each takes its own time, as over several paths.
        case free
    }

    /// The part every datagram takes.
    public let fixed: Duration
    /// The most that chance adds.
    public let jitter: Duration
    /// Whether datagrams may overtake each other.
    public let order: Order

    private var lastExit: Instant?

    /// Makes a delay of `fixed` to `fixed + jitter`.
    public init(_ fixed: Duration, jitter: Duration = .zero, order: Order = .kept) {
        self.fixed = fixed
        self.jitter = jitter
        self.order = order
    }

    /// The stage's name in the trace.
    public var name: String { "delay" }

    /// Lets the datagram out after its time.
    public mutating func process(
        _ datagram: SimulatedDatagram, now: Instant, generator: inout SeededGenerator,
        into outputs: inout [LinkOutput]
    ) {
        var exit = now + fixed
        if jitter > .zero { exit += generator.duration(upTo: jitter) }
        if order == .kept, let lastExit { exit = max(exit, lastExit) }
        lastExit = exit
        outputs.append(LinkOutput(datagram, after: exit - now))
    }
}

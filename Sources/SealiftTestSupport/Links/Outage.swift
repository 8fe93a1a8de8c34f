public import SealiftBase

/// Loses everything during stated times: a pulled cable, a tunnel, a sleeping laptop.
public struct Outage: LinkStage {
    /// When nothing passes; each window holds its start and not its end.
    public let windows: [Range<Instant>]

    /// Makes a link that is dead during `windows`.
    public init(_ windows: [Range<Instant>]) {
        self.windows = windows
    }

    /// The stage's name in the trace.
    public var name: String { "outage" }

    /// Lets the datagram pass unless the link is dead.
    public mutating func process(
        _ datagram: SimulatedDatagram, now: Instant, generator: inout SeededGenerator,
        into outputs: inout [LinkOutput]
    ) {
        if !windows.contains(where: { $0.contains(now) }) { outputs.append(LinkOutput(datagram)) }
    }
}

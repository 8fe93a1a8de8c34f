public import SealiftBase

/// Lets some datagrams through twice, the copy a little later.
public struct Duplication: LinkStage {
    /// The probability that a datagram is copied.
    public let probability: Double
    /// The most by which the copy is later; the time is uniform below it.
    public let spread: Duration

    /// Makes a stage that copies the share `probability`, each copy up to `spread` later.
    public init(_ probability: Double, spread: Duration = .milliseconds(5)) {
        precondition((0...1).contains(probability))
        self.probability = probability
        self.spread = spread
    }

    /// The stage's name in the trace.
    public var name: String { "duplication" }

    /// Lets the datagram pass, and perhaps a copy.
    public mutating func process(
        _ datagram: SimulatedDatagram, now: Instant, generator: inout SeededGenerator,
        into outputs: inout [LinkOutput]
    ) {
        outputs.append(LinkOutput(datagram))
        if generator.chance(probability) {
            outputs.append(LinkOutput(datagram, after: generator.duration(upTo: spread)))
        }
    }
}

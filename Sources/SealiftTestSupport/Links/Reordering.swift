public import SealiftBase

/// Holds some datagrams back, so that later ones overtake them.
public struct Reordering: LinkStage {
    /// The probability that a datagram is held back.
    public let probability: Double
    /// The most by which one is held back; the time is uniform below it.
    public let holdBack: Duration

    /// Makes a stage that holds back the share `probability`, each up to `holdBack`.
    public init(_ probability: Double, holdBack: Duration) {
        precondition((0...1).contains(probability))
        self.probability = probability
        self.holdBack = holdBack
    }

    /// The stage's name in the trace.
    public var name: String { "reordering" }

    /// Lets the datagram out, perhaps later.
    public mutating func process(
        _ datagram: SimulatedDatagram, now: Instant, generator: inout SeededGenerator,
        into outputs: inout [LinkOutput]
    ) {
        let delay =
            generator.chance(probability) ? generator.duration(upTo: holdBack) : Duration.zero
        outputs.append(LinkOutput(datagram, after: delay))
    }
}

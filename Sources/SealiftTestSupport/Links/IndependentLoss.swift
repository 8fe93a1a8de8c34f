public import SealiftBase

/// Loses each datagram with the same probability, whatever happened to the others.
public struct IndependentLoss: LinkStage {
    /// The probability, 0 to 1.
    public let probability: Double

    /// Makes a loss of `probability`.
    public init(_ probability: Double) {
        precondition((0...1).contains(probability))
        self.probability = probability
    }

    /// The stage's name in the trace.
    public var name: String { "loss" }

    /// Lets the datagram pass, or loses it.
    public mutating func process(
        _ datagram: SimulatedDatagram, now: Instant, generator: inout SeededGenerator,
        into outputs: inout [LinkOutput]
    ) {
        if !generator.chance(probability) { outputs.append(LinkOutput(datagram)) }
    }
}

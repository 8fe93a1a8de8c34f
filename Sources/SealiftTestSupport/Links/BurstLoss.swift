public import SealiftBase

/// Loses datagrams in bursts: the two-state chain of Gilbert and Elliott. The link is good or bad;
/// before each datagram it may change, then it loses the datagram with the probability of its state.
///
/// The share of time in the bad state is `worsening / (worsening + recovery)`, and a bad spell lasts
/// `1 / recovery` datagrams on average.
public struct BurstLoss: LinkStage {
    /// The probability of turning bad, before each datagram.
    public let worsening: Double
    /// The probability of turning good again, before each datagram.
    public let recovery: Double
    /// The probability of loss while good.
    public let lossWhileGood: Double
    /// The probability of loss while bad.
    public let lossWhileBad: Double

    private var isBad = false

    /// Makes a link that starts good.
    public init(
        worsening: Double, recovery: Double, lossWhileGood: Double = 0, lossWhileBad: Double = 1
    ) {
        for probability in [worsening, recovery, lossWhileGood, lossWhileBad] {
            precondition((0...1).contains(probability))
        }
        self.worsening = worsening
        self.recovery = recovery
        self.lossWhileGood = lossWhileGood
        self.lossWhileBad = lossWhileBad
    }

    /// Makes a link that loses the share `loss` of all datagrams, in bursts of `length` on average.
    public init(loss: Double, averageBurst length: Double) {
        precondition(loss >= 0 && loss < 1 && length >= 1)
        let recovery = 1 / length
        self.init(worsening: min(1, recovery * loss / (1 - loss)), recovery: recovery)
    }

    /// The stage's name in the trace.
    public var name: String { "burst loss" }

    /// Moves between good and bad, then lets the datagram pass or loses it.
    public mutating func process(
        _ datagram: SimulatedDatagram, now: Instant, generator: inout SeededGenerator,
        into outputs: inout [LinkOutput]
    ) {
        if generator.chance(isBad ? recovery : worsening) { isBad.toggle() }
        if !generator.chance(isBad ? lossWhileBad : lossWhileGood) {
            outputs.append(LinkOutput(datagram))
        }
    }
}

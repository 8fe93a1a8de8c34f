public import SealiftBase

/// Damages some datagrams: flips one to eight bits, cuts the end off, or adds bytes to it.
public struct Corruption: LinkStage {
    /// The probability that a datagram is damaged.
    public let probability: Double

    /// Makes a stage that damages the share `probability`.
    public init(_ probability: Double) {
        precondition((0...1).contains(probability))
        self.probability = probability
    }

    /// The stage's name in the trace.
    public var name: String { "corruption" }

    /// Lets the datagram out, perhaps damaged.
    public mutating func process(
        _ datagram: SimulatedDatagram, now: Instant, generator: inout SeededGenerator,
        into outputs: inout [LinkOutput]
    ) {
        var datagram = datagram
        if generator.chance(probability), !datagram.bytes.isEmpty {
            damage(&datagram.bytes, generator: &generator)
        }
        outputs.append(LinkOutput(datagram))
    }

    /// Changes `bytes`; the result always differs.
    private func damage(_ bytes: inout [UInt8], generator: inout SeededGenerator) {
        switch Int.random(in: 0..<8, using: &generator) {
        case 0:
            bytes.removeLast(Int.random(in: 1...bytes.count, using: &generator))
        case 1:
            bytes += generator.bytes(Int.random(in: 1...32, using: &generator))
        default:
            // Distinct bits, so that no flip undoes another.
            var bits = Set<Int>()
            for _ in 0..<Int.random(in: 1...8, using: &generator) {
                bits.insert(Int.random(in: 0..<(bytes.count * 8), using: &generator))
            }
            for bit in bits { bytes[bit / 8] ^= 1 << UInt8(bit % 8) }
        }
    }
}

/// What got lost in the round trip that began with a loss (draft-ietf-ccwg-bbr-06 §5.5.10). Bytes.
struct LossRound: Equatable {
    /// Lost so far, and in how many separate runs of packet numbers.
    private(set) var lost = 0.0
    private(set) var runs = 0
    private var deliveredBefore: UInt64 = 0
    private var latest: UInt64?

    /// A round begins when this much was delivered.
    init(delivered: UInt64) {
        deliveredBefore = delivered
    }

    /// A packet was declared lost.
    mutating func add(_ packet: LostPacket) {
        lost += Double(packet.bytes)
        if latest.map({ packet.number != $0 + 1 }) ?? true { runs += 1 }
        latest = packet.number
    }

    /// The share of the round's bytes that is lost.
    func share(delivered: UInt64) -> Double {
        lost / (lost + Double(delivered - min(delivered, deliveredBefore)))
    }

    /// Whether more is lost than the share `tolerance` of the round explains. Of few packets a few
    /// lost prove little: three standard deviations of chance are granted.
    func exceeds(_ tolerance: Double, delivered: UInt64, segment: Double) -> Bool {
        let packets = (lost + Double(delivered - min(delivered, deliveredBefore))) / segment
        let expected = tolerance * packets
        return lost / segment > expected + 3 * expected.squareRoot()
    }
}

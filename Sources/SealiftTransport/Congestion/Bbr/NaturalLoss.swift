/// The share that a path loses by its nature, seen in rounds that do not probe (`docs/decisions/0006`, 9).
///
/// A probe that loses more than this has filled the queue, long before its losses pass what BBR tolerates:
/// a queue that is just full drops a few packets in a thousand, and those of a flow that has less of it
/// first.
struct NaturalLoss: Equatable {
    /// How much of a new round enters the mean.
    private static let weight = 1.0 / 16
    /// What a probe may lose beyond it: half as much again, and one in a thousand.
    private static let slack = (factor: 1.5, share: 0.001)

    /// The mean share of bytes; nil before the first such round.
    private(set) var share: Double?
    /// Lost in all, in bytes.
    private var lost = 0.0
    /// Lost and delivered in all when the round began, in bytes.
    private var before = (lost: 0.0, delivered: UInt64(0))

    /// A packet of so many bytes was declared lost.
    mutating func packetLost(bytes: Int) {
        lost += Double(bytes)
    }

    /// A round ended.
    /// - Parameters:
    ///   - delivered: bytes delivered in all.
    ///   - isCruise: whether no more was sent in it than the path is known to carry.
    mutating func roundEnded(delivered: UInt64, isCruise: Bool) {
        let lostNow = lost - before.lost
        let deliveredNow = Double(delivered - min(delivered, before.delivered))
        before = (lost, delivered)
        guard isCruise, deliveredNow > 0 else { return }
        let latest = lostNow / (lostNow + deliveredNow)
        share = share.map { $0 + (latest - $0) * Self.weight } ?? latest
    }

    /// The share that a probe may lose, `most` at most, and that before anything is known.
    func tolerance(atMost most: Double) -> Double {
        guard let share else { return most }
        return min(most, share * Self.slack.factor + Self.slack.share)
    }

    static func == (left: NaturalLoss, right: NaturalLoss) -> Bool {
        left.share == right.share && left.lost == right.lost && left.before == right.before
    }
}

import SealiftBase

/// The link that all flows of a simulation share: a rate, a queue that drops its tail, losses behind
/// it (as the project's link emulator has them). Sizes with ``headerSize``, times in nanoseconds.
struct SimulatedBottleneck {
    /// IPv4 and UDP.
    static let headerSize = 28

    enum Discipline {
        /// A queue of so many bytes.
        case queue(bytes: Double)
        /// A token bucket of so many bytes that drops and never queues.
        case policer(bucket: Double)
    }

    enum Loss {
        case none
        case random(Double)
        /// Gilbert and Elliott: the share lost, and the mean length of a burst in packets.
        case bursts(Double, length: Double)
    }

    /// Bytes per second.
    var rate: Double
    var discipline: Discipline
    var loss = Loss.none
    /// Packets held back, and by how much at most.
    var reordering: (share: Double, holdBack: Int64) = (0, 0)
    /// By how much the way behind the link grows longer and shorter again, and how long that takes.
    var wander: (by: Int64, period: Int64) = (0, 1)
    private(set) var dropped = 0
    private var busyUntil = 0.0
    private var tokens = 0.0
    private var tokensAt = 0.0
    private var isInBurst = false

    init(megabits: Double, _ discipline: Discipline) {
        rate = megabits * 125_000
        self.discipline = discipline
        if case .policer(let bucket) = discipline { tokens = bucket }
    }

    /// The time at which a packet of `bytes` leaves the link; nil if it never does.
    mutating func pass(
        _ bytes: Int, at now: Int64, generator: inout SeededGenerator
    ) -> Int64? {
        let size = Double(bytes + Self.headerSize)
        var exit = Double(now)
        switch discipline {
        case .queue(let capacity):
            let start = max(busyUntil, exit)
            guard (start - exit) / 1e9 * rate + size <= max(capacity, 3000) else {
                dropped += 1
                return nil
            }
            busyUntil = start + size / rate * 1e9
            exit = busyUntil
        case .policer(let bucket):
            tokens = min(bucket, tokens + (exit - tokensAt) / 1e9 * rate)
            tokensAt = exit
            guard tokens >= size else {
                dropped += 1
                return nil
            }
            tokens -= size
        }
        guard !isLost(&generator) else { return nil }
        if reordering.share > 0, generator.nextUnit() < reordering.share {
            exit += generator.nextUnit() * Double(reordering.holdBack)
        }
        return Int64(exit) + detour(at: now)
    }

    /// From 0 in even steps to the most, and back.
    private func detour(at now: Int64) -> Int64 {
        let phase = Double(now % wander.period) / Double(wander.period)
        return Int64(Double(wander.by) * (1 - abs(2 * phase - 1)))
    }

    private mutating func isLost(_ generator: inout SeededGenerator) -> Bool {
        switch loss {
        case .none: return false
        case .random(let share): return generator.nextUnit() < share
        case .bursts(let share, let length):
            let leave = 1 / length
            let enter = leave * share / (1 - share)
            if generator.nextUnit() < (isInBurst ? leave : enter) { isInBurst.toggle() }
            return isInBurst
        }
    }
}

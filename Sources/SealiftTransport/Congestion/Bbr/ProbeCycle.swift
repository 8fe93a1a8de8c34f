import SealiftBase

/// Where the search for bandwidth stands (draft-ietf-ccwg-bbr-06 §2.14).
struct ProbeCycle: Equatable {
    /// What the ACKs that come now tell of.
    enum Feedback {
        /// Packets sent without probing.
        case none
        /// Packets sent to fill the pipe.
        case refilling
        /// Not yet of the packets sent faster.
        case starting
        /// Packets sent faster.
        case probing
        /// The last of them.
        case stopping
    }

    var feedback = Feedback.none
    /// Whether losses now tell of packets sent while probing.
    var isProbeSample = false
    /// Bytes acknowledged since ``Bbr/longTermInflight`` grew.
    var acknowledged = 0.0
    /// Bytes to acknowledge before it grows by a packet.
    var acknowledgedPerPacket = Double.infinity
    /// Rounds over which it has grown.
    var growthRounds = 0
    /// Rounds since the last probe.
    var rounds: UInt64 = 0
    /// How long to wait for the next one at most, in nanoseconds, and since when.
    var wait: Int64 = 0
    var start: Int64 = 0
    /// How long a volume at which the queue overflowed is kept below, in nanoseconds: some hundred round
    /// trips of a middling path, in which a CUBIC flow grows back what the overflow cost it.
    static let holdTime: Int64 = 5_000_000_000
    /// Until when.
    var holdEnd: Int64 = 0
    /// Whether the last probe lost too much; whether it was cut short because the one before did.
    var wasTooHigh = false
    var wasPrecautionary = false

    /// Begins a cycle: waits two to three seconds, or 62 to 63 rounds (§5.3.3.8.3).
    mutating func begin(now: Int64, using generator: inout SeededGenerator) {
        acknowledgedPerPacket = .infinity
        rounds = generator.next() & 1
        wait = 2_000_000_000 + Int64(generator.nextUnit() * 1e9)
        start = now
        feedback = .stopping
    }
}

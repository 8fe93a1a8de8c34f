import SealiftBase

/// A handshake at the responder between the first authentic fragment of message 1 and message 3.
struct HalfOpenHandshake: Sendable {
    /// How far it is.
    enum Phase: Sendable {
        /// Parts of message 1 are missing.
        case collecting(FragmentAssembly)
        /// Message 2 was written.
        case answered(Answer)
    }

    /// What is kept after message 2 was written.
    struct Answer: Sendable {
        /// The Noise state that waits for message 3.
        let noise: NoiseHandshake
        /// Message 1 as it came: only its exact repetition gets the answer again.
        let message: [UInt8]
        /// The datagrams of message 2: always the same bytes.
        let reply: [[UInt8]]
        /// Collects a repetition. It must be whole before the reply is repeated, so that no answer is
        /// larger than what asked for it.
        var repetition = FragmentAssembly(.first)
    }

    /// The initiator's name for it.
    let handshakeID: HandshakeID
    /// When it is dropped.
    let deadline: Instant
    var phase: Phase
}

/// The most recent handshake ids that were given a place, of bounded number.
///
/// A recorded message 1, or a half of it, carries its id under the mac, so a replay meets its id here
/// and costs a look-up instead of a half-open place.
struct UsedHandshakes: Sendable {
    private let capacity: Int
    private var members: Set<HandshakeID> = []
    private var order: [HandshakeID] = []
    /// Where the next id is written once `order` is full: the oldest place.
    private var oldest = 0

    init(capacity: Int) {
        self.capacity = capacity
    }

    var count: Int { members.count }

    func contains(_ id: HandshakeID) -> Bool { members.contains(id) }

    mutating func insert(_ id: HandshakeID) {
        guard members.insert(id).inserted else { return }
        if order.count < capacity {
            order.append(id)
        } else {
            members.remove(order[oldest])
            order[oldest] = id
            oldest = (oldest + 1) % capacity
        }
    }
}

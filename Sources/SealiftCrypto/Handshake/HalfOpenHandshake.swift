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
        /// What message 2 named of this end's chain.
        let chainHead: Hash256
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

    /// The answer that this very message got, if it did.
    func reply(to message: [UInt8]) -> [[UInt8]]? {
        guard case .answered(let answer) = phase, answer.message == message else { return nil }
        return answer.reply
    }
}

/// The most recent of the values put in, of bounded number.
struct RecentSet<Element: Hashable & Sendable>: Sendable {
    private let capacity: Int
    private var members: Set<Element> = []
    private var order: [Element] = []
    /// Where the next value is written once `order` is full: the oldest place.
    private var oldest = 0

    init(capacity: Int) {
        self.capacity = capacity
    }

    var count: Int { members.count }

    func contains(_ element: Element) -> Bool { members.contains(element) }

    mutating func insert(_ element: Element) {
        guard members.insert(element).inserted else { return }
        if order.count < capacity {
            order.append(element)
        } else {
            members.remove(order[oldest])
            order[oldest] = element
            oldest = (oldest + 1) % capacity
        }
    }
}

public import SealiftBase

/// What happened on the simulated network: the last few events for a reader, and one number over
/// all of them to compare two runs.
public struct SimulationTrace: Sendable {
    /// One thing that happened to a datagram or a node.
    public struct Event: Hashable, Sendable {
        /// What kind of thing.
        public enum Kind: Hashable, Sendable {
            /// A node sent the datagram.
            case sent
            /// It arrived.
            case delivered
            /// The named link value did not let it through.
            case dropped(by: String)
            /// Nobody has the address it was sent to, or had it when it arrived.
            case unroutable
            /// A node changed its address from `from` to `to`.
            case readdressed
        }

        /// When.
        public var instant: Instant
        /// What.
        public var kind: Kind
        /// The source address.
        public var from: SimulatedAddress
        /// The destination address.
        public var to: SimulatedAddress
        /// The payload's length in bytes.
        public var byteCount: Int
        /// The payload's first byte, which tells the type of packet; nil for an empty payload.
        public var firstByte: UInt8?
    }

    /// How many events are kept for reading.
    public let capacity: Int
    /// A number over every event so far and every payload: equal exactly for equal runs, as far as
    /// 64 bits can tell.
    public private(set) var fingerprint: UInt64 = 0xCBF2_9CE4_8422_2325
    /// How many events there were in all.
    public private(set) var eventCount: UInt64 = 0

    private var ring: [Event] = []

    /// Makes a trace that keeps the last `capacity` events.
    public init(capacity: Int = 200) {
        precondition(capacity > 0)
        self.capacity = capacity
    }

    /// The last events, oldest first.
    public var events: [Event] {
        guard ring.count == capacity else { return ring }
        let oldest = Int(eventCount % UInt64(capacity))
        return Array(ring[oldest...] + ring[..<oldest])
    }

    mutating func record(_ kind: Event.Kind, _ datagram: SimulatedDatagram, at instant: Instant) {
        let event = Event(
            instant: instant, kind: kind, from: datagram.from, to: datagram.to,
            byteCount: datagram.bytes.count, firstByte: datagram.bytes.first)
        if ring.count < capacity {
            ring.append(event)
        } else {
            ring[Int(eventCount % UInt64(capacity))] = event
        }
        eventCount += 1
        mix(UInt64(bitPattern: instant.nanoseconds))
        mix(kind.code)
        mix(UInt64(datagram.from.host) << 16 | UInt64(datagram.from.port))
        mix(UInt64(datagram.to.host) << 16 | UInt64(datagram.to.port))
        mix(UInt64(datagram.ecn.rawValue) << 32 | UInt64(datagram.bytes.count))
        for byte in datagram.bytes { mix(UInt64(byte)) }
    }

    private mutating func mix(_ word: UInt64) {
        fingerprint = (fingerprint ^ word) &* 0x100_0000_01B3
        fingerprint ^= fingerprint >> 29
    }
}

extension SimulationTrace.Event.Kind {
    fileprivate var code: UInt64 {
        switch self {
        case .sent: 1
        case .delivered: 2
        case .dropped: 3
        case .unroutable: 4
        case .readdressed: 5
        }
    }
}

extension SimulationTrace.Event: CustomStringConvertible {
    /// One line: when, between whom, what.
    public var description: String {
        let microseconds = instant.nanoseconds / 1_000
        let type = firstByte.map { "0x" + String($0, radix: 16) } ?? "empty"
        return "\(microseconds) µs  \(from) → \(to)  \(type), \(byteCount) bytes: \(kind)"
    }
}

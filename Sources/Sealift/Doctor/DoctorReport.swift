public import SealiftRendezvous
public import SealiftTraversal

/// What `sealift doctor` looked at, and what it thinks of it.
public struct DoctorReport: Equatable, Sendable {
    /// One address of one interface that is up.
    public struct Interface: Equatable, Sendable {
        /// Its name, such as `eth0`.
        public var name: String
        /// Its address; the port is 0.
        public var address: EndpointAddress
        /// Its largest packet in bytes of IP; nil where it is not known.
        public var mtu: Int?
    }

    /// What one STUN server said.
    public struct StunAnswer: Equatable, Sendable {
        /// The server.
        public var server: EndpointAddress
        /// What it sees us at; nil where no answer came.
        public var mapped: EndpointAddress?
        /// From the request to its answer.
        public var roundTrip: Duration?
    }

    /// How a rendezvous server was met.
    public struct Meeting: Equatable, Sendable {
        /// What came of it.
        public enum Outcome: Equatable, Sendable {
            /// It welcomed us.
            case welcomed
            /// There is another key than the pinned one.
            case wrongKey
            /// No connection, or no sealift behind it; the reason in words.
            case unreachable(String)
        }

        /// The server.
        public var server: RendezvousAddress
        /// What came of it.
        public var outcome: Outcome
        /// From the first packet to the server's welcome.
        public var took: Duration
    }

    /// A socket buffer: what was asked for, what the kernel gave, and the limit that it goes by.
    public struct Buffer: Equatable, Sendable {
        /// Bytes of payload asked for.
        public var wanted: Int
        /// Bytes granted, counted in the same way.
        public var granted: Int
        /// The sysctl's value; nil where it cannot be read.
        public var limit: Int?
    }

    /// The addresses of this machine, loopback left out.
    public var interfaces: [Interface] = []
    /// The STUN servers asked, over both families.
    public var stun: [StunAnswer] = []
    /// What lies between this machine and the internet; nil where no STUN server is known.
    public var nat: NATKind?
    /// The rendezvous servers named.
    public var rendezvous: [Meeting] = []
    /// The largest packet that reaches a STUN server, in bytes of IP; nil where none answered.
    public var pathMTU: Int?
    /// For datagrams that come.
    public var receiveBuffer = Buffer(wanted: 0, granted: 0)
    /// For datagrams that leave.
    public var sendBuffer = Buffer(wanted: 0, granted: 0)
    /// Whether the kernel cuts trains of datagrams (GSO), here and, if a server answered, on the way out.
    public var hasSegmentation = false
    /// Whether the kernel puts trains together (GRO).
    public var hasCoalescing = false
    /// Datagrams that programs of this machine did not read in time, since it started; nil if unknown.
    public var receiveDrops: UInt64?
    /// Datagrams that found no room on their way out, since it started; nil if unknown.
    public var sendDrops: UInt64?

    /// The outside addresses that servers saw, each once.
    public var outside: [EndpointAddress] {
        var found: [EndpointAddress] = []
        for case let mapped? in stun.map(\.mapped) where !found.contains(mapped) {
            found.append(mapped)
        }
        return found
    }
}

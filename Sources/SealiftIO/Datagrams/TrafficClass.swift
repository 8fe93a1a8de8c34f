/// The byte of the IP header that carries priority (DSCP, RFC 2474) and congestion marks (ECN,
/// RFC 3168).
public struct TrafficClass: Hashable, Sendable {
    /// The two congestion bits.
    public enum ECN: UInt8, Sendable {
        /// The transport does not understand marks.
        case notCapable = 0
        /// ECT(1).
        case capable1 = 1
        /// ECT(0).
        case capable0 = 2
        /// CE: a router on the way was congested.
        case congestionExperienced = 3
    }

    /// The byte as it stands in the header.
    public let byte: UInt8

    /// Makes the class of a received `byte`.
    public init(byte: UInt8) {
        self.byte = byte
    }

    /// Makes a class of a DSCP, 0 to 63, and an ECN codepoint.
    public init(dscp: UInt8 = 0, ecn: ECN = .notCapable) {
        byte = (dscp & 0x3F) << 2 | ecn.rawValue
    }

    /// Neither priority nor congestion marks.
    public static let standard = TrafficClass(byte: 0)

    /// The priority, 0 to 63.
    public var dscp: UInt8 { byte >> 2 }

    /// The congestion bits.
    public var ecn: ECN {
        switch byte & 3 {
        case 0: .notCapable
        case 1: .capable1
        case 2: .capable0
        default: .congestionExperienced
        }
    }
}

/// How much of the network a sender takes.
public struct TrafficPolicy: Equatable, Sendable {
    /// What decides how fast bytes leave.
    public enum Control: Equatable, Sendable {
        /// BBRv3: fills long and slightly lossy paths, shares with others.
        case bbr
        /// BBRv3 that takes up to 10 % of loss for the nature of the path: not fair to others.
        case lossTolerant
        /// CUBIC, as most TCP has it.
        case cubic
        /// LEDBAT++: takes what others leave.
        case background
        /// Exactly this many bits a second, whatever the path says: for links of one's own.
        case fixed(bitsPerSecond: UInt64)
    }

    /// What decides how fast bytes leave.
    public var control: Control
    /// Bits per second that are never exceeded, in UDP payload; nil for no cap.
    public var maximumRate: UInt64?

    /// Makes a policy; BBR without a cap unless told otherwise.
    public init(control: Control = .bbr, maximumRate: UInt64? = nil) {
        self.control = control
        self.maximumRate = maximumRate
    }
}

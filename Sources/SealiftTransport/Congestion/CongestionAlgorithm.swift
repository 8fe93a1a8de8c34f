/// Which controller decides how much may be in flight.
public enum CongestionAlgorithm: Equatable, Sendable {
    /// BBRv3 (draft-ietf-ccwg-bbr-06): models the path's rate and round-trip time. Losses of up to
    /// `lossTolerance` of a round's bytes count as the path's nature and not as congestion: 0.02 is
    /// the draft's value (§2.8, BBR.LossThresh) and fair to others, ``lossTolerant`` is for links that lose more by nature.
    case bbr(lossTolerance: Double = 0.02)
    /// CUBIC (RFC 9438) with HyStart++ (RFC 9406).
    case cubic
    /// LEDBAT++ (draft-irtf-iccrg-ledbat-plus-plus): takes what others leave.
    case background
    /// A rate the user fixed, in bytes per second, whatever the path says.
    case fixedRate(bytesPerSecond: Double)

    /// BBR that takes up to 10 % loss for the path's nature: 5 % of random loss and its scatter.
    /// Beside other traffic it is unfair, for it does not yield to a queue that overflows a little.
    public static let lossTolerant = CongestionAlgorithm.bbr(lossTolerance: 0.1)
}

/// Which controller decides how much may be in flight.
public enum CongestionAlgorithm: Equatable, Sendable {
    /// CUBIC (RFC 9438) with HyStart++ (RFC 9406).
    case cubic
    /// A rate the user fixed, in bytes per second, whatever the path says.
    case fixedRate(bytesPerSecond: Double)
}

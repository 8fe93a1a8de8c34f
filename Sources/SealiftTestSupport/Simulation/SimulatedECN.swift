/// The congestion mark of a datagram, with the values of the IP header (RFC 3168 §5).
public enum SimulatedECN: UInt8, Sendable {
    /// The sender does not take part.
    case notCapable = 0
    /// ECT(1).
    case capable1 = 1
    /// ECT(0).
    case capable0 = 2
    /// CE: a queue on the way was filling up.
    case congestionExperienced = 3
}

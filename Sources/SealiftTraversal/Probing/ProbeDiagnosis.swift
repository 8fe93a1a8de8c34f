/// Why two ends did not meet: for words at the edge.
public struct ProbeDiagnosis: Equatable, Sendable {
    /// What stood in the way, most telling first.
    public enum Cause: Equatable, Sendable {
        /// UDP does not leave our network.
        case blockedHere
        /// UDP does not leave the peer's network.
        case blockedThere
        /// The peer named no address that may be used.
        case noCandidates
        /// The peer's addresses are all of a family that we have no socket for.
        case noCommonFamily
        /// Both NATs give each destination another port. Only a port mapping, IPv6 or a relay helps.
        case bothHard
        /// One NAT is hard, and one of the ends does not take part in birthday probing, or the address to
        /// try is not known.
        case birthdayNotPossible
        /// Birthday probing met no open port in its time.
        case birthdayMissed
        /// The peer's probes arrive, but nothing of ours gets to it.
        case oneWay
        /// Nothing of the peer arrived: a firewall, or the peer is gone.
        case silence
    }

    /// What stood in the way.
    public let cause: Cause
    /// What lies in front of us.
    public let local: NATKind
    /// What lies in front of the peer, by its own word.
    public let peer: NATKind
    /// Probes that were sent.
    public let probesSent: Int
    /// Whether a probe of the peer arrived.
    public let heardPeer: Bool
}

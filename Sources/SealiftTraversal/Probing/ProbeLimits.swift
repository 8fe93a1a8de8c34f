/// How much and how long an end probes (`docs/PROTOCOL.md` §10.9). All of it holds for a whole call,
/// whatever its revisions say.
public enum ProbeLimits {
    // MARK: Specification

    /// Addresses of the peer's lists that are probed.
    public static let listedAddresses = CandidateList.maximumCount
    /// Addresses that were only seen as the source of the peer's probes, and are probed.
    static let observedAddresses = 16
    /// Sockets that take part from the start.
    public static let sockets = 4
    /// Between the probes of one pair of socket and address; so it gets ten.
    static let intervals: [Duration] = [
        .milliseconds(100), .milliseconds(100), .milliseconds(200), .milliseconds(400),
        .milliseconds(800), .milliseconds(1_600), .milliseconds(3_200), .milliseconds(3_200),
        .milliseconds(3_200),
    ]
    /// Between any two probes of an end: at most 200 a second.
    static let spacing = Duration.milliseconds(5)
    /// When an end has failed that has not succeeded.
    public static let patience = Duration.seconds(20)

    /// Sockets that an end behind a hard NAT opens for birthday probing. The chance that none of the first
    /// 2,048 ports that its peer tries is one of theirs is (1 − 256/64,512)^2,048: one in 3,400.
    public static let birthdaySockets = 256

    // MARK: Implementation

    /// How long ordinary probing has before birthday probing begins: several attempts over 200 ms.
    static let birthdayDelay = Duration.seconds(1)
    /// From the start of one round of the 256 sockets to the next: mappings live much longer, so this only
    /// answers loss in front of the NAT.
    static let birthdayReopening = Duration.seconds(5)
    /// The longest that a better path than the first is waited for.
    static let settling = Duration.milliseconds(100)
    /// How long an answer to the very last probe is waited for.
    static let lastWait = Duration.seconds(2)
    /// The least time between a probe of ours and another of the same pair because the peer was heard.
    static let triggerInterval = Duration.milliseconds(50)
    /// Datagrams that wait for a driver to fetch them; more replies are not written.
    static let waitingDatagrams = 64
    /// Replies, at once and in a second: no more than an honest peer probes.
    static let replies = RendezvousLimits.Allowance(burst: 32, perSecond: 200)
}

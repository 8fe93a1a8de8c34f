/// Finds the largest datagram that a path carries, by probing (DPLPMTUD, RFC 8899).
///
/// Nothing that a router says counts: only an acknowledged probe raises the size, so a forged ICMP
/// message moves nothing (CVE-2024-53259). The search begins with sizes that networks are built for,
/// then halves the distance between the largest that passed and the smallest that did not.
///
/// Sizes are bytes of UDP payload, times nanoseconds of the connection's clock. It knows no packets:
/// ``SendingPath`` tells it what became of them.
struct PathMTUSearch {
    /// What every path carries (RFC 9000 §14); where a search starts and a black hole falls back to.
    static let base = 1200
    /// The usual sizes: Ethernet less an IPv6 and a UDP header, the same with jumbo frames, and the
    /// loopback interface in both families.
    static let usualSizes = [1452, 8952, 65_487]
    /// Probes of one size before it counts as too large (MAX_PROBES, RFC 8899 §5.1.2).
    static let probesPerSize = 3
    /// Times that large packets alone are lost, each after the one before was noticed, until the path
    /// counts as a black hole.
    static let episodesUntilBlackHole = 3
    /// After this time a larger size is looked for again (PMTU_RAISE_TIMER, RFC 8899 §5.1.1): 600 s.
    static let raiseInterval: Int64 = 600_000_000_000
    /// The same after a black hole: 60 s, for it may have been an outage.
    static let recoveryInterval: Int64 = 60_000_000_000

    private struct Probe {
        var number: UInt64
        var size: Int
    }

    /// The largest datagram known to pass; what is sent.
    private(set) var size: Int
    private let ceiling: Int
    /// The sizes tried first, ascending; the last is the ceiling.
    private let ladder: [Int]
    /// The smallest size known not to pass; above the ceiling while none is known.
    private var refusedSize: Int
    /// Probes of the present candidate that were lost.
    private var lostProbes = 0
    private var outstanding: Probe?
    /// When the next search begins; nil while one is under way.
    private var resumesAt: Int64?
    private var lossEpisodes = 0
    private var latestEpisodeAt = Int64.min

    /// Starts at a size known to pass and searches up to `ceiling`; not at all if that is no more.
    init(size: Int, ceiling: Int) {
        self.size = size
        self.ceiling = ceiling
        ladder = Self.usualSizes.filter { $0 < ceiling } + [ceiling]
        refusedSize = ceiling + 1
    }

    // MARK: Probing

    /// The size to probe now; nil while a probe is under way or there is nothing to find.
    mutating func sizeToProbe(now: Int64) -> Int? {
        guard outstanding == nil else { return nil }
        if let resumesAt {
            guard now >= resumesAt else { return nil }
            refusedSize = ceiling + 1
            self.resumesAt = nil
        }
        if let candidate { return candidate }
        if size < ceiling { resumesAt = now + Self.raiseInterval }
        return nil
    }

    private var candidate: Int? {
        for step in ladder where step > size && step < refusedSize { return step }
        let distance = refusedSize - size
        // A few per cent more are not worth the probes.
        guard refusedSize <= ceiling, distance > max(32, size / 32) else { return nil }
        return size + distance / 2
    }

    /// The number of the probe whose fate is open.
    var outstandingNumber: UInt64? { outstanding?.number }

    /// A probe of `size` bytes left.
    mutating func probeSent(number: UInt64, size: Int) {
        outstanding = Probe(number: number, size: size)
    }

    /// The probe arrived: its size is what is sent from now on.
    mutating func probeAcknowledged() {
        guard let probe = outstanding else { return }
        outstanding = nil
        lostProbes = 0
        size = max(size, probe.size)
    }

    /// The probe was lost: to its size, or to chance.
    mutating func probeLost() {
        guard let probe = outstanding else { return }
        outstanding = nil
        lostProbes += 1
        if lostProbes >= Self.probesPerSize { refuse(probe.size) }
    }

    private mutating func refuse(_ size: Int) {
        refusedSize = min(refusedSize, size)
        lostProbes = 0
    }

    /// This machine's own kernel did not take a datagram of this size: the interface carries less.
    /// For a probe that is the answer; else the interface has changed, and the search starts again.
    mutating func refusedLocally(size refused: Int) {
        guard refused > Self.base else { return }
        if outstanding?.size == refused { outstanding = nil }
        refuse(refused)
        guard refused <= size else { return }
        size = Self.base
        resumesAt = nil
    }

    // MARK: Black holes

    /// A datagram of this size arrived that was no probe.
    mutating func datagramAcknowledged(size: Int) {
        if size > Self.base { lossEpisodes = 0 }
    }

    /// Datagrams above ``base`` were lost, the newest of them sent at `newestSentAt`. If that happens
    /// again and again, and none arrives in between, the path has come to carry less.
    ///
    /// An outage loses all sizes alike and looks no different at first; only what was sent after
    /// something small got through counts as another time.
    mutating func largeDatagramsLost(newestSentAt: Int64, now: Int64) {
        guard size > Self.base, newestSentAt > latestEpisodeAt else { return }
        latestEpisodeAt = now
        lossEpisodes += 1
        guard lossEpisodes >= Self.episodesUntilBlackHole else { return }
        lossEpisodes = 0
        lostProbes = 0
        outstanding = nil
        size = Self.base
        resumesAt = now + Self.recoveryInterval
    }
}

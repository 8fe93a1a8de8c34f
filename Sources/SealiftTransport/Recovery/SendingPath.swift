import SealiftBase

/// All that is learned about the way to the peer under one connection id: what is in flight, how
/// long a round trip takes, how much the path carries. A change of path starts a new one.
struct SendingPath {
    /// The longest wait between probes: after an outage the path is found again within this time. One
    /// second and two packets are next to nothing on any link, and let a path that loses most packets
    /// for a while outlive the idle timeout (30 s).
    static let longestProbeInterval: Int64 = 1_000_000_000
    /// Probes sent when a probe timeout expires (RFC 9002 §6.2.4).
    static let probesPerTimeout = 2

    /// Sequence of the local connection id.
    let sequence: UInt32
    /// How large datagrams may be.
    private(set) var mtu: PathMTUSearch
    private(set) var sent: SentPackets
    private(set) var rtt = RTTEstimator()
    private(set) var sampler = DeliveryRateSampler()
    private(set) var congestion: CongestionControl
    private(set) var pacer: Pacer
    /// Whether the latest poll ended for want of data, not of window or rate.
    private(set) var isApplicationLimited = true
    /// Probes that may leave whatever the window says.
    private(set) var probesPending = 0
    /// The longest the peer holds an ACK back, in nanoseconds.
    var maximumAcknowledgementDelay = ReceivedPackets.defaultDelayNanoseconds
    private var probeTimeouts = 0
    private(set) var lastElicitingSentAt: Int64?
    private var congestionMarks: UInt64 = 0
    private(set) var packetsLost: UInt64 = 0
    private(set) var packetsSpuriouslyLost: UInt64 = 0

    /// Starts on a path of which nothing is known.
    /// - Parameter firstNumber: packets below were sent under the sequence already.
    init(
        sequence: UInt32, firstNumber: UInt64, configuration: ConnectionConfiguration, now: Instant
    ) {
        self.sequence = sequence
        mtu = PathMTUSearch(
            size: configuration.maximumDatagramSize, ceiling: configuration.datagramSizeCeiling)
        let datagramSize = mtu.size
        sent = SentPackets(
            skipSeed: configuration.packetNumberSkipSeed &+ UInt64(sequence),
            firstNumber: firstNumber)
        congestion = CongestionControl(
            configuration.congestion, rateCap: configuration.maximumRate,
            datagramSize: datagramSize, seed: configuration.packetNumberSkipSeed)
        pacer = Pacer(
            burst: congestion.congestionWindow, datagramSize: datagramSize, now: now.nanoseconds)
        pacer.setRate(
            congestion.pacingRate, datagramSize: datagramSize, now: now.nanoseconds)
    }

    /// Gives up on everything under way: what it carried goes into `lost`. It is no congestion.
    mutating func abandon(lost: inout [SentFrame]) {
        sent.abandonOutstanding(into: &lost)
    }

    /// Goes on under the same connection id on a path of which nothing is known.
    mutating func restart(
        configuration: ConnectionConfiguration, now: Instant, lost: inout [SentFrame]
    ) {
        abandon(lost: &lost)
        let (sent, lostBefore, spuriousBefore) = (sent, packetsLost, packetsSpuriouslyLost)
        self = SendingPath(
            sequence: sequence, firstNumber: 0, configuration: configuration, now: now)
        self.sent = sent
        (packetsLost, packetsSpuriouslyLost) = (lostBefore, spuriousBefore)
    }

    /// The largest datagram the path is known to carry.
    var datagramSize: Int { mtu.size }

    // MARK: Datagram size

    /// Sends datagrams of this size from now on, and searches for no other.
    mutating func setDatagramSize(_ size: Int, now: Instant) {
        changeSize(now: now.nanoseconds) { $0 = PathMTUSearch(size: size, ceiling: size) }
    }

    /// The size of a probe to send now, alone; nil for none.
    mutating func sizeToProbe(now: Instant) -> Int? { mtu.sizeToProbe(now: now.nanoseconds) }

    /// A probe leaves. It asks for an ACK, but neither takes room in the window nor counts as
    /// congestion when it is lost (RFC 8899 §3, RFC 9000 §14.4).
    mutating func probeSent(number: UInt64, size: Int, now: Instant) {
        packetSent(
            number: number, size: size, firstFrame: sent.nextFrame, isAckEliciting: true,
            isInFlight: false, now: now)
        mtu.probeSent(number: number, size: size)
    }

    /// The kernel took no datagram of this size.
    mutating func datagramRefused(size: Int, now: Instant) {
        changeSize(now: now.nanoseconds) { $0.refusedLocally(size: size) }
    }

    private mutating func changeSize(now: Int64, _ change: (inout PathMTUSearch) -> Void) {
        let before = mtu.size
        change(&mtu)
        guard mtu.size != before else { return }
        congestion.handle(.datagramSizeChanged(mtu.size))
        pacer.setRate(congestion.pacingRate, datagramSize: mtu.size, now: now)
    }

    private mutating func settleProbe(now: Int64) {
        guard let number = mtu.outstandingNumber else { return }
        switch sent.fate(of: number) {
        case .outstanding: break
        case .acknowledged: changeSize(now: now) { $0.probeAcknowledged() }
        case .lost, .abandoned, .skipped, nil: mtu.probeLost()
        }
    }

    // MARK: Sending

    /// Whether the window has room for one more datagram.
    var windowHasRoom: Bool { sent.bytesInFlight + datagramSize <= congestion.congestionWindow }

    /// Bytes that pacing lets out now in one batch.
    mutating func paceAllowance(now: Instant) -> Int {
        pacer.allowance(now: now.nanoseconds)
    }

    /// The number for the next packet.
    mutating func takeNextNumber() -> UInt64 { sent.takeNextNumber() }

    /// Where the records of the packet being written begin.
    var nextFrame: UInt64 { sent.nextFrame }

    /// Notes a frame of the packet being written.
    mutating func appendFrame(_ frame: SentFrame) { sent.appendFrame(frame) }

    /// The packet being written leaves now.
    mutating func packetSent(
        number: UInt64, size: Int, firstFrame: UInt64, isAckEliciting: Bool, isInFlight: Bool,
        now: Instant
    ) {
        var packet = SentPacket(fate: .outstanding)
        packet.isAckEliciting = isAckEliciting
        packet.isInFlight = isInFlight
        packet.size = Int32(size)
        packet.firstFrame = firstFrame
        packet.sentAt = now.nanoseconds
        let isFirstInFlight = isInFlight && sent.bytesInFlight == 0
        sampler.stamp(&packet, bytesInFlight: sent.bytesInFlight)
        sent.append(packet)
        if isAckEliciting { lastElicitingSentAt = now.nanoseconds }
        guard isInFlight else { return }
        pacer.sent(size)
        congestion.handle(
            .packetSent(
                DepartureEvent(
                    now: now.nanoseconds, number: number, bytes: size,
                    bytesInFlight: sent.bytesInFlight,
                    followsApplicationLimit: packet.isApplicationLimited)))
        if isFirstInFlight {
            pacer.setRate(
                congestion.pacingRate, datagramSize: datagramSize, now: now.nanoseconds)
        }
        if isAckEliciting, probesPending > 0 { probesPending -= 1 }
    }

    /// The latest poll ended: for want of data, of window, or of rate.
    /// - Parameter hasWork: whether data waits that asks for an ACK.
    mutating func pollEnded(hasWork: Bool) {
        isApplicationLimited = !hasWork && windowHasRoom
        if isApplicationLimited {
            sampler.applicationIsLimiting(bytesInFlight: sent.bytesInFlight)
        }
        pacer.setHoldingBack(hasWork && windowHasRoom)
    }

    // MARK: Acknowledgement and loss

    /// Takes in an ACK of packets sent on this path.
    ///
    /// - Parameters:
    ///   - acknowledged: gets what the packets newly acknowledged carried.
    ///   - lost: gets what the packets declared lost carried.
    /// - Returns: the largest number newly acknowledged; nil if the ACK says nothing new.
    /// - Throws: ``Violation/acknowledgedUnsentPacket``; then nothing changed.
    mutating func acknowledge(
        _ header: AcknowledgementHeader, ranges: [ClosedRange<UInt64>], now: Instant,
        acknowledged: inout [SentFrame], lost: inout [SentFrame]
    ) throws(Violation) -> UInt64? {
        let time = now.nanoseconds
        let summary = try sent.acknowledge(
            ranges, now: time, sampler: &sampler, acknowledged: &acknowledged)
        guard let largest = summary.largest else { return nil }
        settleProbe(now: time)
        mtu.datagramAcknowledged(size: summary.largestSize)
        let givesSample = largest == header.largest && summary.newlyEliciting
        if givesSample {
            let bound = UInt64(maximumAcknowledgementDelay) / 1000
            let delay = Int64(min(header.delayMicroseconds, bound)) * 1000
            rtt.update(sample: time - summary.largestSentAt, delay: delay, now: time)
        }
        if summary.newlyEliciting {
            probeTimeouts = 0
            probesPending = 0
        }
        let sample = sampler.finish(now: time, minimumRTT: rtt.minimum)
        if summary.spuriousLosses > 0 {
            packetsSpuriouslyLost += UInt64(summary.spuriousLosses)
            congestion.handle(
                .lossesWereSpurious(
                    packets: summary.spuriousLosses, newestSentAt: summary.newestSpuriousSentAt))
        }
        if let marks = header.ecn?.congestionExperienced, marks > congestionMarks {
            congestionMarks = marks
            congestion.handle(.congestionExperienced(sentAt: summary.largestSentAt, now: time))
        }
        congestion.handle(
            .acknowledged(
                AcknowledgementEvent(
                    now: time, bytes: summary.bytes, largest: largest,
                    largestSentAt: summary.largestSentAt, bytesInFlight: sent.bytesInFlight,
                    isApplicationLimited: isApplicationLimited, rtt: rtt,
                    hasRTTSample: givesSample, sample: sample)))
        if congestion.holdsRateDown {
            sampler.applicationIsLimiting(bytesInFlight: sent.bytesInFlight)
        }
        detectLosses(now: time, lost: &lost)
        return largest
    }

    private mutating func detectLosses(now: Int64, lost: inout [SentFrame]) {
        let summary = sent.detectLosses(rtt: rtt, now: now, sampler: &sampler, lost: &lost)
        if summary.packets > 0 {
            packetsLost += UInt64(summary.packets)
            for packet in sampler.lostPackets {
                congestion.handle(.packetLost(packet, now: now))
            }
            sampler.forgetLostPackets()
            congestion.handle(
                .lost(
                    LossEvent(
                        now: now, packets: summary.packets, bytes: summary.bytes,
                        newestSentAt: summary.newestSentAt)))
            let limit = rtt.persistentCongestionDuration(maximumDelay: maximumAcknowledgementDelay)
            if summary.longestSpan > limit { congestion.handle(.persistentCongestion(now: now)) }
            if let newest = summary.newestLargeSentAt {
                changeSize(now: now) { $0.largeDatagramsLost(newestSentAt: newest, now: now) }
            }
        }
        settleProbe(now: now)
        pacer.setRate(congestion.pacingRate, datagramSize: datagramSize, now: now)
    }

    // MARK: Timer

    /// The probe timeout without backoff, in nanoseconds.
    var probeTimeout: Int64 { rtt.probeTimeout(maximumDelay: maximumAcknowledgementDelay) }

    /// When to call ``handleTimeout(now:lost:)``; nil while nothing is outstanding.
    var deadline: Instant? {
        if let lossTime = sent.lossTime { return Instant(nanoseconds: lossTime) }
        guard sent.elicitingCount > 0, let last = lastElicitingSentAt else { return nil }
        let base = probeTimeout
        let backedOff = base << Int64(min(probeTimeouts, 6))
        return Instant(nanoseconds: last)
            + .nanoseconds(min(backedOff, max(base, Self.longestProbeInterval)))
    }

    /// Acts if the deadline has come: declares losses by time, or allows probes and gives the
    /// oldest packet's content to send again (RFC 9002 §6.2.4).
    mutating func handleTimeout(now: Instant, lost: inout [SentFrame]) {
        guard let deadline, deadline <= now else { return }
        if sent.lossTime != nil {
            detectLosses(now: now.nanoseconds, lost: &lost)
            return
        }
        probeTimeouts += 1
        probesPending = Self.probesPerTimeout
        // The timer counts from here until a probe is sent.
        lastElicitingSentAt = now.nanoseconds
        if let oldest = sent.oldestEliciting { sent.copyFrames(of: oldest, into: &lost) }
    }
}

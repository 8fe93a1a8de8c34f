import SealiftBase

@testable import SealiftTransport

/// One sender and its receiver, without keys or content: the real sending path (records, round-trip
/// time, loss detection, pacer, controller) and the real rules of acknowledging.
struct SimulatedFlow {
    /// Bytes of a full datagram, and what of it is no content: header, tag, frame header.
    static let datagramSize = 1452
    static let overhead = 41

    enum Supply {
        case endless
        /// Bytes per second that the application makes.
        case rate(Double)
        /// Nothing outside of these times, endless inside.
        case spells([Range<Int64>])
    }

    /// What the receiver's end sends back, or the sender tells it.
    private enum Message {
        case packet(number: UInt64, size: Int)
        case frequency(AcknowledgementFrequency)
        case acknowledgementArrived(UInt64)
    }

    private struct Acknowledgement {
        var header: AcknowledgementHeader
        var ranges: [ClosedRange<UInt64>]
        var asksForAcknowledgement: Bool
    }

    var path: SendingPath
    let supply: Supply
    /// One way behind the bottleneck, and back.
    let delay: Int64
    /// Whether packets leave as the pacer says, or in bursts as the window opens.
    let isPaced: Bool
    /// Whether the sender asks for rarer ACKs, as sealift does; else every second packet, as TCP.
    let asksForRareAcknowledgements: Bool
    /// When the sender's machine gives it no processor.
    var naps = SenderNaps.none
    private(set) var received = ReceivedPackets(sequence: 0)
    /// Content that arrived, in bytes.
    private(set) var delivered = 0
    private var frequency = AcknowledgementFrequency(
        sequence: 0, packets: 2, delayMicroseconds: 25_000)
    private var policy = AcknowledgementFrequencyPolicy()
    private var forward = TimedQueue<Message>()
    private var back = TimedQueue<Acknowledgement>()
    private var silentAcknowledgements = 0
    private var supplied = 0.0
    private var suppliedAt: Int64 = 0
    private var acknowledged: [SentFrame] = []
    private var lost: [SentFrame] = []
    private var scratch = [UInt8](repeating: 0, count: 2048)

    /// - Parameter start: when it begins to send, in nanoseconds.
    init(
        _ algorithm: CongestionAlgorithm, roundTrip: Int64, seed: UInt64,
        supply: Supply = .endless, isPaced: Bool = true, rareAcknowledgements: Bool = true,
        maximumRate: Double? = nil, start: Int64 = 0, datagramSize: Int = Self.datagramSize
    ) {
        var configuration = ConnectionConfiguration(packetNumberSkipSeed: seed)
        configuration.congestion = algorithm
        configuration.maximumDatagramSize = datagramSize
        configuration.maximumRate = maximumRate
        path = SendingPath(
            sequence: 0, firstNumber: 0, configuration: configuration,
            now: Instant(nanoseconds: start))
        self.supply = start > 0 ? .spells([start..<Int64.max]) : supply
        delay = roundTrip / 2
        self.isPaced = isPaced
        asksForRareAcknowledgements = rareAcknowledgements
    }

    /// A TCP as an operating system has it: CUBIC, bursts, an ACK for every second packet.
    static func tcp(roundTrip: Int64, seed: UInt64, start: Int64 = 0) -> SimulatedFlow {
        SimulatedFlow(
            .cubic, roundTrip: roundTrip, seed: seed, isPaced: false, rareAcknowledgements: false,
            start: start)
    }

    // MARK: Time

    /// When something happens next.
    func nextTime(after now: Int64) -> Int64 {
        let next = min(forward.firstTime ?? .max, received.deadline?.nanoseconds ?? .max)
        var own = min(back.firstTime ?? .max, path.deadline?.nanoseconds ?? .max)
        if path.windowHasRoom {
            let release = isPaced ? path.pacer.releaseTime?.nanoseconds ?? now : now
            own = min(own, max(supplyTime(now), release))
        }
        return min(max(next, now + 1), naps.awake(at: max(own, now + 1)))
    }

    /// When there is something to send.
    private func supplyTime(_ now: Int64) -> Int64 {
        switch supply {
        case .endless: return now
        case .rate(let rate):
            let missing = Double(path.datagramSize) - supplied
            return missing <= 0 ? now : suppliedAt + Int64(missing / rate * 1e9) + 1
        case .spells(let spells):
            for spell in spells where now < spell.upperBound { return max(now, spell.lowerBound) }
            return .max
        }
    }

    private mutating func hasWork(_ now: Int64) -> Bool {
        if case .rate(let rate) = supply {
            supplied = min(supplied + Double(now - suppliedAt) / 1e9 * rate, 1e7)
            suppliedAt = now
            return supplied >= Double(path.datagramSize)
        }
        return supplyTime(now) <= now
    }

    // MARK: What happens

    mutating func step(
        now: Int64, through link: inout SimulatedBottleneck, generator: inout SeededGenerator
    ) {
        let instant = Instant(nanoseconds: now)
        while let time = forward.firstTime, time <= now { receive(forward.popFirst(), instant) }
        acknowledgeIfDue(instant)
        guard naps.awake(at: now) == now else { return }
        while let time = back.firstTime, time <= now { settle(back.popFirst(), instant) }
        if let deadline = path.deadline, deadline <= instant {
            path.handleTimeout(now: instant, lost: &lost)
            lost.removeAll(keepingCapacity: true)
        }
        while send(instant, through: &link, generator: &generator) {}
    }

    /// As `Connection.pollTransmit`: one batch.
    private mutating func send(
        _ now: Instant, through link: inout SimulatedBottleneck, generator: inout SeededGenerator
    ) -> Bool {
        var allowance = isPaced ? path.paceAllowance(now: now) : Int(Pacer.quantumLimit)
        var segments = 0
        let size = path.datagramSize
        while segments < 64, size * (segments + 1) <= 65_507 {
            let isProbe = path.probesPending > 0
            guard isProbe || (allowance > 0 && path.windowHasRoom) else { break }
            guard isProbe || hasWork(now.nanoseconds) else { break }
            supplied -= Double(size)
            allowance -= size
            segments += 1
            let number = path.takeNextNumber()
            path.packetSent(
                number: number, size: size, firstFrame: path.nextFrame, isAckEliciting: true,
                isInFlight: true, now: now)
            if let exit = link.pass(size, at: now.nanoseconds, generator: &generator) {
                forward.add(.packet(number: number, size: size), at: exit + delay)
            }
        }
        path.pollEnded(hasWork: hasWork(now.nanoseconds))
        return segments > 0
    }

    private mutating func receive(_ message: Message, _ now: Instant) {
        switch message {
        case .packet(let number, let size):
            delivered += size - Self.overhead
            received.record(
                number, isAckEliciting: true, ecn: .notCapable, now: now, frequency: frequency)
            acknowledgeIfDue(now)
        case .frequency(let request): frequency = request
        case .acknowledgementArrived(let largest):
            received.acknowledgementArrived(largest: largest)
        }
    }

    private mutating func acknowledgeIfDue(_ now: Instant) {
        guard received.isDue(now: now, frequency: frequency) else { return }
        let ranges = received.numbers.ranges.reversed().map { $0.lowerBound...($0.upperBound - 1) }
        let held = received
        let largest = scratch.withUnsafeMutableBytes { bytes in
            var writer = FrameWriter(bytes)
            return received.writeAcknowledgement(into: &writer, now: now)
        }
        guard let largest, held.unacknowledgedCount > 0 || held.isUrgent else { return }
        silentAcknowledgements += 1
        let asks = silentAcknowledgements >= Connection.silentPacketLimit
        if asks { silentAcknowledgements = 0 }
        let header = AcknowledgementHeader(
            sequence: 0, largest: largest, delayMicroseconds: 0, ecn: nil)
        back.add(
            Acknowledgement(header: header, ranges: ranges, asksForAcknowledgement: asks),
            at: now.nanoseconds + delay)
    }

    private mutating func settle(_ acknowledgement: Acknowledgement, _ now: Instant) {
        _ = try? path.acknowledge(
            acknowledgement.header, ranges: acknowledgement.ranges, now: now,
            acknowledged: &acknowledged, lost: &lost)
        acknowledged.removeAll(keepingCapacity: true)
        lost.removeAll(keepingCapacity: true)
        if acknowledgement.asksForAcknowledgement {
            forward.add(
                .acknowledgementArrived(acknowledgement.header.largest),
                at: now.nanoseconds + delay)
        }
        guard asksForRareAcknowledgements, path.rtt.hasSample else { return }
        let request = policy.update(
            congestionWindow: path.congestion.congestionWindow,
            isStartingUp: path.congestion.isStartingUp, datagramSize: path.datagramSize,
            minimumRTTNanoseconds: path.rtt.minimum, smoothedRTTNanoseconds: path.rtt.smoothed,
            now: now)
        if let request {
            forward.add(.frequency(request), at: now.nanoseconds + delay)
            path.maximumAcknowledgementDelay = Int64(request.delayMicroseconds) * 1000
        }
    }
}

internal import SealiftBase

/// What a measuring session found out about the path between two machines.
public struct PathMeasurement: Equatable, Sendable {
    /// One stretch in one direction.
    public struct Stretch: Equatable, Sendable {
        /// Bytes of datagrams that arrived, from the first half of the stretch on, and the time that took
        /// at the receiving end.
        public var bytes: UInt64 = 0
        /// See ``bytes``.
        public var duration = Duration.zero
        /// Packets sent, in the whole stretch.
        public var packetsSent: UInt64 = 0
        /// Those of them that were lost.
        public var packetsLost: UInt64 = 0
        /// Packets that arrived.
        public var packetsReceived: UInt64 = 0
        /// Those of them that arrived after a later one.
        public var packetsReordered: UInt64 = 0
        /// The smoothed round trip at the end of it.
        public var roundTrip: Duration?
        /// Of the sending machine: what it counted during the stretch.
        public var sender = MeasurementReport.Machine()
        /// Of the receiving machine: what it counted during the stretch.
        public var receiver = MeasurementReport.Machine()
        /// The whole stretch, at the end that dialed.
        public var wholeDuration = Duration.zero

        /// Bits of datagrams that arrived a second, over the second half; nil before anything arrived.
        public var rate: Double? {
            duration > .zero && bytes > 0 ? Double(bytes) * 8 / duration.inSeconds : nil
        }

        /// The share of packets that was lost, 0 to 1.
        public var loss: Double { Self.share(packetsLost, of: packetsSent) }

        /// The share of packets that came late, 0 to 1.
        public var reordering: Double { Self.share(packetsReordered, of: packetsReceived) }

        private static func share(_ part: UInt64, of whole: UInt64) -> Double {
            whole > 0 ? min(1, Double(part) / Double(whole)) : 0
        }
    }

    /// The least round trip seen before the first stretch.
    public var idleRoundTrip: Duration?
    /// Datagrams that the path carries: bytes of UDP payload, towards the end that waited.
    public var datagramSize: Int
    /// From the end that waited to the end that dialed.
    public var download: Stretch
    /// The other way.
    public var upload: Stretch
}

extension PathMeasurement.Stretch {
    /// What happened between two reports of each end: at its beginning, in the middle and at its end.
    init(sender: [MeasurementReport], receiver: [MeasurementReport], took whole: Duration) {
        guard let sentFirst = sender.first, let sentLast = sender.last,
            let first = receiver.first, let last = receiver.last, receiver.count > 1
        else { return }
        // The first half is what a congestion controller takes to find the rate.
        let middle = receiver[receiver.count / 2]
        bytes = last.bytesReceived.since(middle.bytesReceived)
        duration = .microseconds(Int64(clamping: last.clock.since(middle.clock)))
        packetsSent = sentLast.packetsSent.since(sentFirst.packetsSent)
        packetsLost = sentLast.packetsLost.since(sentFirst.packetsLost)
        packetsReceived = last.packetsReceived.since(first.packetsReceived)
        packetsReordered = last.packetsReordered.since(first.packetsReordered)
        roundTrip =
            sentLast.roundTrip > 0
            ? .microseconds(Int64(clamping: sentLast.roundTrip)) : nil
        self.sender = sentLast.machine.since(sentFirst.machine)
        self.receiver = last.machine.since(first.machine)
        wholeDuration = whole
    }
}

extension MeasurementReport.Machine {
    /// What was counted since `earlier`; what is no counter stays.
    fileprivate func since(_ earlier: Self) -> Self {
        var result = self
        result.kernelDrops = kernelDrops.since(earlier.kernelDrops)
        result.refusedDatagrams = refusedDatagrams.since(earlier.refusedDatagrams)
        result.processorMicroseconds = processorMicroseconds.since(earlier.processorMicroseconds)
        return result
    }
}

extension UInt64 {
    /// A peer's counters may go backwards; then nothing was counted.
    fileprivate func since(_ earlier: UInt64) -> UInt64 { self - Swift.min(self, earlier) }
}

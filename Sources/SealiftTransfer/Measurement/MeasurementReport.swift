internal import SealiftBase
internal import SealiftTransport

/// What one end of a measuring session counted since it began (`docs/PROTOCOL.md` §7.5).
///
/// Counters only grow: what happened in a stretch is the difference of two reports.
public struct MeasurementReport: Equatable, Sendable {
    /// What a machine knows of itself, beside what the transport counts.
    public struct Machine: Equatable, Sendable {
        /// Datagrams that the kernel dropped because nobody read them in time.
        public var kernelDrops: UInt64 = 0
        /// Datagrams that the kernel did not take.
        public var refusedDatagrams: UInt64 = 0
        /// Bytes of payload that the socket's receive buffer has room for, and those asked for.
        public var receiveBuffer: UInt64 = 0
        /// Bytes of payload that the socket's send buffer has room for.
        public var sendBuffer: UInt64 = 0
        /// Bytes that both buffers should have.
        public var wantedBuffer: UInt64 = 0
        /// Processor time of the whole process, in microseconds.
        public var processorMicroseconds: UInt64 = 0
        /// Whether the kernel cuts trains of datagrams (GSO).
        public var hasSegmentation = false
        /// Whether the kernel puts trains together (GRO).
        public var hasCoalescing = false

        /// Makes one with nothing in it.
        public init() {}
    }

    /// Microseconds since the session began, on this end's clock.
    public var clock: UInt64 = 0
    /// Bytes of datagrams that opened.
    public var bytesReceived: UInt64 = 0
    /// Packets that opened.
    public var packetsReceived: UInt64 = 0
    /// Packets that opened after a later one.
    public var packetsReordered: UInt64 = 0
    /// Packets sent.
    public var packetsSent: UInt64 = 0
    /// Packets lost, those that came late after all left out.
    public var packetsLost: UInt64 = 0
    /// The smoothed round trip, in microseconds; 0 before one was seen.
    public var roundTrip: UInt64 = 0
    /// The largest datagram that this end sends, in bytes.
    public var datagramSize: UInt64 = 0
    /// The machine.
    public var machine = Machine()

    /// Makes one with nothing in it.
    public init() {}

    init(_ connection: borrowing Connection, machine: Machine, since start: Instant, now: Instant) {
        let counted = connection.statistics
        clock = (now - start).microseconds
        bytesReceived = counted.bytesReceived
        packetsReceived = counted.packetsReceived
        packetsReordered = counted.packetsReordered
        packetsSent = counted.packetsSent
        packetsLost =
            counted.packetsLost - min(counted.packetsLost, counted.packetsSpuriouslyLost)
        roundTrip = counted.smoothedRTT?.microseconds ?? 0
        datagramSize = UInt64(connection.maximumDatagramSize)
        self.machine = machine
    }

    private static let segmentationFlag: UInt8 = 1
    private static let coalescingFlag: UInt8 = 2
    /// The largest number that a variable-length integer holds.
    private static let greatest: UInt64 = 1 << 62 - 1

    private var numbers: [UInt64] {
        [
            clock, bytesReceived, packetsReceived, packetsReordered, packetsSent, packetsLost,
            roundTrip, datagramSize, machine.kernelDrops, machine.refusedDatagrams,
            machine.receiveBuffer, machine.sendBuffer, machine.wantedBuffer,
            machine.processorMicroseconds,
        ]
    }

    func write(to writer: inout ByteWriter) {
        for number in numbers { writer.writeVariableLengthInteger(min(number, Self.greatest)) }
        writer.write(
            (machine.hasSegmentation ? Self.segmentationFlag : 0)
                | (machine.hasCoalescing ? Self.coalescingFlag : 0))
    }

    init(_ reader: inout ByteReader) throws(ByteReader.Failure) {
        func next() throws(ByteReader.Failure) -> UInt64 {
            try reader.readVariableLengthInteger()
        }
        clock = try next()
        bytesReceived = try next()
        packetsReceived = try next()
        packetsReordered = try next()
        packetsSent = try next()
        packetsLost = try next()
        roundTrip = try next()
        datagramSize = try next()
        machine.kernelDrops = try next()
        machine.refusedDatagrams = try next()
        machine.receiveBuffer = try next()
        machine.sendBuffer = try next()
        machine.wantedBuffer = try next()
        machine.processorMicroseconds = try next()
        let flags = try reader.readUInt8()
        guard flags <= Self.segmentationFlag | Self.coalescingFlag else { throw .outOfBounds }
        machine.hasSegmentation = flags & Self.segmentationFlag != 0
        machine.hasCoalescing = flags & Self.coalescingFlag != 0
    }
}

extension Duration {
    /// Whole microseconds; 0 for what is negative.
    var microseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        return UInt64(seconds) &* 1_000_000 &+ UInt64(attoseconds / 1_000_000_000_000)
    }
}

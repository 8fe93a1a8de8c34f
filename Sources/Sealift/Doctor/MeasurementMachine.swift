import SealiftBase
import SealiftIO
import SealiftTransfer

/// What this machine can tell of itself in a measurement's reports.
struct MeasurementMachine {
    private let offload: OffloadTrial
    private let sockets: [DatagramSocket]
    private var latest = MeasurementReport.Machine()
    private var nextLook = Instant.zero

    /// How old numbers may be: the socket thread asks in every turn.
    private static let interval = Duration.milliseconds(20)

    init(_ sockets: [DatagramSocket]) throws(SystemError) {
        offload = try OffloadTrial()
        self.sockets = sockets
    }

    /// The present numbers.
    mutating func figures(_ pump: DatagramPump, now: Instant) -> MeasurementReport.Machine {
        guard now >= nextLook else { return latest }
        nextLook = now + Self.interval
        latest = look(pump)
        return latest
    }

    private func look(_ pump: DatagramPump) -> MeasurementReport.Machine {
        var machine = MeasurementReport.Machine()
        machine.kernelDrops = sockets.reduce(0) { $0 + UInt64($1.kernelDrops) }
        machine.refusedDatagrams = pump.refusedDatagrams
        // The kernel counts its own book-keeping: what it grants is twice what it counts as payload.
        machine.receiveBuffer = UInt64(clamping: (sockets.map(\.buffers.receive).min() ?? 0) / 2)
        machine.sendBuffer = UInt64(clamping: (sockets.map(\.buffers.send).min() ?? 0) / 2)
        machine.wantedBuffer = UInt64(DatagramSocket.requestedBufferSize)
        machine.processorMicroseconds = ProcessorTime.ofProcess()
        machine.hasSegmentation = sockets.allSatisfy(\.isSegmentationOn) && offload.hasSegmentation
        machine.hasCoalescing = offload.hasCoalescing
        return machine
    }
}

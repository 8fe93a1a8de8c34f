import SealiftBase
import SealiftIO
import SealiftTransfer
import SealiftTransport

/// Moves datagrams between the sockets and a protocol machine, and sleeps when neither has anything.
///
/// Owned by one thread. It puts the socket's number and the remote address into a ``PathID``; the
/// machines never look inside.
final class DatagramPump {
    /// Datagrams read before the machine gets to work: enough to fill a GRO train or two, few enough
    /// that ACKs leave in time.
    private static let receivesPerTurn = 4
    /// Batches sent before the sockets are looked at again.
    private static let sendsPerTurn = 16

    /// The sockets, in the order of the listen addresses.
    let sockets: [DatagramSocket]
    private let poller: SocketPoller
    private let slab = ReceiveSlab()
    private let outgoing = UnsafeMutableRawBufferPointer.allocate(
        byteCount: OutgoingBatch.maximumByteCount, alignment: 4_096)
    /// A batch that the kernel had no room for, from the byte that did not go.
    private var blocked: (batch: PacketBatch, start: Int)?
    /// Datagrams that the kernel refused, as the transport sees them: lost.
    private(set) var refusedDatagrams: UInt64 = 0
    private var sources = SourceWatch()
    let policy: NetworkPolicy

    init(sockets: [DatagramSocket], waker: Waker, policy: NetworkPolicy = NetworkPolicy()) {
        self.sockets = sockets
        self.policy = policy
        poller = SocketPoller(sockets: sockets, waker: waker)
    }

    deinit {
        outgoing.deallocate()
    }

    /// The path to `address` from the first socket of its family; nil where there is none, or the policy
    /// forbids it.
    func path(to address: SocketAddress) -> PathID? {
        guard policy.permits(address) else { return nil }
        return sockets.firstIndex { $0.localAddress.family == address.family }
            .map { PathID(address, socket: $0) }
    }

    /// Hands every datagram that has come, from where the policy permits, to `deliver`, up to a bound.
    /// - Returns: whether more may be waiting.
    func receive(_ deliver: (UnsafeRawBufferPointer, PathID, ECN) -> Void) -> Bool {
        var isMoreWaiting = false
        for index in sockets.indices {
            var turn = 0
            while turn < Self.receivesPerTurn,
                case .received(let buffers) = sockets[index].receive(into: slab)
            {
                for number in 0..<buffers { self.deliver(slab[number], socket: index, deliver) }
                turn += 1
            }
            if turn == Self.receivesPerTurn { isMoreWaiting = true }
        }
        return isMoreWaiting
    }

    private func deliver(
        _ buffer: ReceivedBuffer, socket: Int,
        _ deliver: (UnsafeRawBufferPointer, PathID, ECN) -> Void
    ) {
        guard let source = buffer.source, policy.permits(source) else { return }
        let path = PathID(source, socket: socket)
        let ecn = ECN(buffer.trafficClass.ecn)
        for segment in 0..<buffer.segmentCount { deliver(buffer.segment(segment), path, ecn) }
    }

    /// Sends what `poll` writes, until it has nothing, the kernel has no room, or it is time to look
    /// at the sockets.
    /// - Parameter refused: hears of a batch that did not leave; its datagrams are lost.
    /// - Returns: whether more may be waiting to be sent.
    func transmit(
        _ poll: (UnsafeMutableRawBufferPointer) -> PacketBatch?,
        refused: (PacketBatch, SendFailure) -> Void
    ) -> Bool {
        if let (batch, start) = blocked {
            blocked = nil
            guard send(batch, from: start, refused) else { return false }
        }
        for _ in 0..<Self.sendsPerTurn {
            guard let batch = poll(outgoing) else { return false }
            if sockets[batch.path.socket].localAddress.isUnspecified,
                sources.hasChanged(batch.path, now: MonotonicClock.now())
            {
                // It is sealed under a connection id that must not be seen from the new address.
                refusedDatagrams += UInt64(batch.segmentCount)
                refused(batch, .localAddressChanged)
                continue
            }
            guard send(batch, from: 0, refused) else { return false }
        }
        return true
    }

    /// Sends one datagram beside those of the transport. Where it does not leave, it is lost: whoever asks
    /// a server or probes an address repeats it.
    func send(_ datagram: [UInt8], on path: PathID) {
        datagram.withUnsafeBytes { bytes in
            _ = sockets[path.socket].send(
                OutgoingBatch(
                    bytes: bytes, destination: path.address, trafficClass: policy.trafficClass))
        }
    }

    /// Sends a batch; false where the kernel had no room for all of it.
    private func send(
        _ batch: PacketBatch, from start: Int, _ refused: (PacketBatch, SendFailure) -> Void
    ) -> Bool {
        let socket = batch.path.socket
        let report = sockets[socket].send(
            OutgoingBatch(
                bytes: UnsafeRawBufferPointer(rebasing: outgoing[start..<batch.byteCount]),
                segmentSize: batch.segmentSize, destination: batch.path.address,
                trafficClass: policy.trafficClass))
        switch report.outcome {
        case .sent:
            return true
        case .wouldBlock:
            blocked = (batch, start + report.segmentsSent * batch.segmentSize)
            poller.setWaitsForRoom(true, socket: socket)
            return false
        case .messageTooLong:
            refused(batch, .tooLarge)
        case .unreachable:
            refused(batch, .unreachable)
        case .noBuffers, .permission, .other:
            // Lost like any other packet: the transport finds out and repairs it, at its own pace.
            refused(batch, .other)
        }
        let rest = batch.byteCount - start - report.segmentsSent * batch.segmentSize
        refusedDatagrams += UInt64((rest + batch.segmentSize - 1) / batch.segmentSize)
        return true
    }

    /// Sleeps until a datagram comes, there is room again, somebody wakes the thread, or `deadline`.
    func wait(until deadline: Instant) throws(SystemError) {
        try poller.wait(until: deadline)
        guard let (batch, _) = blocked else { return }
        let socket = batch.path.socket
        if poller.hasRoom(socket: socket) { poller.setWaitsForRoom(false, socket: socket) }
    }
}

extension ECN {
    /// The transport's word for the mark that the kernel told.
    init(_ mark: TrafficClass.ECN) {
        switch mark {
        case .notCapable: self = .notCapable
        case .capable1: self = .capable1
        case .capable0: self = .capable0
        case .congestionExperienced: self = .congestionExperienced
        }
    }
}

extension PathID {
    /// The path from socket number `socket` to `address`.
    init(_ address: SocketAddress, socket: Int) {
        let family = UInt64(address.family.rawValue)
        self.init(
            address.words.high, address.words.low,
            family << 56 | UInt64(UInt8(truncatingIfNeeded: socket)) << 48
                | UInt64(address.port) << 32 | UInt64(address.scope))
    }

    /// The number of our socket.
    var socket: Int { Int(words.2 >> 48 & 0xFF) }

    /// The remote address.
    var address: SocketAddress {
        SocketAddress(
            family: words.2 >> 56 == 4 ? .ipv4 : .ipv6, words: (words.0, words.1),
            port: UInt16(truncatingIfNeeded: words.2 >> 32),
            scope: UInt32(truncatingIfNeeded: words.2))
    }
}

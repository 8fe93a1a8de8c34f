import SealiftBase
import SealiftIO
import SealiftTransfer
import SealiftTransport
import SealiftTraversal

/// Moves datagrams between the sockets and a protocol machine, and sleeps when neither has anything.
///
/// Owned by one thread. It puts the socket's number and the remote address into a ``PathID``; the
/// machines never look inside.
final class DatagramPump {
    /// Receives of one socket, of up to half a mebibyte each, before the machine gets to work: few enough
    /// that ACKs leave in time.
    private static let receivesPerTurn = 4
    /// Batches sent before the sockets are looked at again.
    private static let sendsPerTurn = 16
    /// Datagrams taken from the relay before the machine gets to work.
    private static let relayedPerTurn = 256

    /// The sockets, in the order of the listen addresses.
    let sockets: [DatagramSocket]
    /// The way to the user's own relay: socket number ``PathID/relaySocket``; nil where there is none.
    var relay: RelayLink?
    /// Sockets opened for a while beside them, by their numbers, oldest first.
    private var extras: [(number: Int, socket: DatagramSocket)] = []
    private let waker: Waker
    private var poller: SocketPoller
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
        self.waker = waker
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

    /// The most sockets opened beside the first ones: those of two calls.
    static let mostExtras = 512

    /// Opens up to `count` sockets more for IPv4; fewer where the system or ``mostExtras`` allows no more.
    /// - Returns: their numbers.
    func addSockets(_ count: Int) -> [Int] {
        var added: [Int] = []
        var number = extras.last.map { $0.number + 1 } ?? sockets.count
        while added.count < count, extras.count < Self.mostExtras {
            if number > PathID.highestSocket { number = sockets.count }
            if !extras.contains(where: { $0.number == number }) {
                guard
                    let socket = try? DatagramSocket(
                        bind: .unspecified(.ipv4), interface: policy.interface)
                else { break }
                extras.append((number, socket))
                added.append(number)
            }
            number += 1
        }
        watchSockets()
        return added
    }

    /// Closes those of the added sockets.
    func closeSockets(_ numbers: Set<Int>) {
        guard extras.contains(where: { numbers.contains($0.number) }) else { return }
        if let (batch, _) = blocked, numbers.contains(batch.path.socket) { blocked = nil }
        extras.removeAll { numbers.contains($0.number) }
        watchSockets()
    }

    private func watchSockets() {
        poller = SocketPoller(sockets: sockets + extras.map(\.socket), waker: waker)
        if let (batch, _) = blocked, let place = place(of: batch.path.socket) {
            poller.setWaitsForRoom(true, socket: place)
        }
    }

    /// The socket of that number; nil where it was closed.
    private func dataSocket(_ number: Int) -> DatagramSocket? {
        number < sockets.count
            ? sockets[number] : extras.first { $0.number == number }?.socket
    }

    /// Where the poller has it.
    private func place(of number: Int) -> Int? {
        number < sockets.count
            ? number
            : extras.firstIndex { $0.number == number }.map { sockets.count + $0 }
    }

    /// Hands every datagram that has come, from where the policy permits, to `deliver`, up to a bound, with
    /// the time at which it was seen: never before it came, or a thread that got no processor just then
    /// would take the path for shorter than it is.
    /// - Returns: whether more may be waiting.
    func receive(_ deliver: (UnsafeRawBufferPointer, PathID, ECN, Instant) -> Void) -> Bool {
        var isMoreWaiting = false
        for index in sockets.indices {
            if drain(sockets[index], number: index, deliver) { isMoreWaiting = true }
        }
        // There may be hundreds, and most have nothing: only those are read that the last wait named.
        for (place, extra) in extras.enumerated()
        where poller.isReadable(socket: sockets.count + place) {
            if drain(extra.socket, number: extra.number, deliver) { isMoreWaiting = true }
        }
        if let relay, drain(relay, deliver) { isMoreWaiting = true }
        return isMoreWaiting
    }

    /// Takes what came through the relay, up to a bound.
    /// - Returns: whether more may be waiting.
    private func drain(
        _ relay: RelayLink, _ deliver: (UnsafeRawBufferPointer, PathID, ECN, Instant) -> Void
    ) -> Bool {
        for _ in 0..<Self.relayedPerTurn {
            guard let arrival = relay.takeArrival() else { return false }
            let path = PathID(SocketAddress(arrival.peer), socket: PathID.relaySocket)
            arrival.datagram.withUnsafeBytes {
                deliver($0, path, .notCapable, MonotonicClock.now())
            }
        }
        return true
    }

    /// Reads one socket, up to a bound.
    /// - Returns: whether more may be waiting.
    private func drain(
        _ socket: DatagramSocket, number: Int,
        _ deliver: (UnsafeRawBufferPointer, PathID, ECN, Instant) -> Void
    ) -> Bool {
        var turn = 0
        while turn < Self.receivesPerTurn,
            case .received(let buffers) = socket.receive(into: slab)
        {
            let now = MonotonicClock.now()
            for buffer in 0..<buffers {
                self.deliver(slab[buffer], socket: number, now: now, deliver)
            }
            turn += 1
        }
        return turn == Self.receivesPerTurn
    }

    private func deliver(
        _ buffer: ReceivedBuffer, socket: Int, now: Instant,
        _ deliver: (UnsafeRawBufferPointer, PathID, ECN, Instant) -> Void
    ) {
        guard let source = buffer.source, policy.permits(source) else { return }
        let path = PathID(source, socket: socket)
        let ecn = ECN(buffer.trafficClass.ecn)
        for segment in 0..<buffer.segmentCount {
            deliver(buffer.segment(segment), path, ecn, now)
        }
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
            if dataSocket(batch.path.socket)?.localAddress.isUnspecified == true,
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
            guard !path.isRelayed else {
                relay?.send(bytes, each: bytes.count, to: TransportAddress(path.address))
                return
            }
            _ = dataSocket(path.socket)?.send(
                OutgoingBatch(
                    bytes: bytes, destination: path.address, trafficClass: policy.trafficClass))
        }
    }

    /// Sends a batch; false where the kernel had no room for all of it.
    private func send(
        _ batch: PacketBatch, from start: Int, _ refused: (PacketBatch, SendFailure) -> Void
    ) -> Bool {
        guard !batch.path.isRelayed else {
            sendRelayed(batch, refused)
            return true
        }
        guard let socket = dataSocket(batch.path.socket) else {
            refusedDatagrams += UInt64(batch.segmentCount)
            refused(batch, .unreachable)
            return true
        }
        let report = socket.send(
            OutgoingBatch(
                bytes: UnsafeRawBufferPointer(rebasing: outgoing[start..<batch.byteCount]),
                segmentSize: batch.segmentSize, destination: batch.path.address,
                trafficClass: policy.trafficClass))
        switch report.outcome {
        case .sent:
            return true
        case .wouldBlock:
            blocked = (batch, start + report.segmentsSent * batch.segmentSize)
            if let place = place(of: batch.path.socket) {
                poller.setWaitsForRoom(true, socket: place)
            }
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

    /// Hands a batch to the relay's thread.
    private func sendRelayed(_ batch: PacketBatch, _ refused: (PacketBatch, SendFailure) -> Void) {
        let bytes = UnsafeRawBufferPointer(rebasing: outgoing[..<batch.byteCount])
        let peer = TransportAddress(batch.path.address)
        if relay?.send(bytes, each: batch.segmentSize, to: peer) == true { return }
        refusedDatagrams += UInt64(batch.segmentCount)
        refused(batch, relay == nil ? .unreachable : .other)
    }

    /// Sleeps until a datagram comes, there is room again, somebody wakes the thread, or `deadline`.
    func wait(until deadline: Instant) throws(SystemError) {
        try poller.wait(until: deadline)
        guard let (batch, _) = blocked, let place = place(of: batch.path.socket) else { return }
        if poller.hasRoom(socket: place) { poller.setWaitsForRoom(false, socket: place) }
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

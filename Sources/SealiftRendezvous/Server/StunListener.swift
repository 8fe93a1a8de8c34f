import SealiftBase
import SealiftIO
import SealiftTraversal
import Synchronization

/// Answers STUN Binding requests on its own thread.
///
/// On sealift's own sockets and not a NIO channel: that closes itself when a forged source address makes
/// the kernel refuse an answer.
final class StunListener: Sendable {
    private let waker: Waker
    private let isStopping = Atomic<Bool>(false)
    private let answered = Atomic<UInt64>(0)
    private let thread = Mutex<NamedThread?>(nil)
    /// The addresses bound, with their real ports.
    let addresses: [SocketAddress]

    /// Binds `addresses` and begins to answer.
    init(_ addresses: [SocketAddress]) throws(SystemError) {
        var sockets: [DatagramSocket] = []
        for address in addresses { sockets.append(try DatagramSocket(bind: address)) }
        self.addresses = sockets.map(\.localAddress)
        waker = try Waker()
        let bound = sockets
        let started = try NamedThread(name: "sealift stun") { [self] in run(bound) }
        thread.withLock { $0 = started }
    }

    /// Requests answered.
    var answers: UInt64 { answered.load(ordering: .relaxed) }

    /// Ends the thread.
    func stop() {
        isStopping.store(true, ordering: .releasing)
        waker.wake()
        let running = thread.withLock { $0.take() }
        running?.join()
    }

    private func run(_ sockets: [DatagramSocket]) {
        let poller = SocketPoller(sockets: sockets, waker: waker)
        let slab = ReceiveSlab()
        while !isStopping.load(ordering: .acquiring) {
            // Only a broken descriptor ends the wait with an error; then there is nothing to answer.
            guard (try? poller.wait(until: .distantFuture)) != nil else { return }
            for socket in sockets {
                guard case .received(let count) = socket.receive(into: slab) else { continue }
                for index in 0..<count { answer(slab[index], on: socket) }
            }
        }
    }

    private func answer(_ buffer: ReceivedBuffer, on socket: DatagramSocket) {
        guard let source = buffer.source,
            let client = TransportAddress(bytes: source.bytes, port: source.port),
            source.port != 0
        else { return }
        for segment in 0..<buffer.segmentCount {
            guard let answer = StunResponder.answer(to: buffer.segment(segment), from: client)
            else { continue }
            answer.withUnsafeBytes { bytes in
                // Lost like any other datagram where the kernel has no room; the client asks again.
                _ = socket.send(
                    OutgoingBatch(
                        bytes: bytes, segmentSize: bytes.count, destination: source))
            }
            answered.wrappingAdd(1, ordering: .relaxed)
        }
    }
}

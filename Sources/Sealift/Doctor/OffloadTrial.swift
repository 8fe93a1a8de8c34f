import SealiftBase
import SealiftIO

/// Whether this kernel cuts trains of datagrams (GSO) and puts them together (GRO), tried on loopback.
struct OffloadTrial {
    let hasSegmentation: Bool
    let hasCoalescing: Bool

    /// Sends trains to itself until one comes back whole, a few times at most: the kernel may hand a
    /// train's parts over one by one now and then.
    init() throws(SystemError) {
        let sockets = [
            try DatagramSocket(bind: .loopbackIPv4(port: 0)),
            try DatagramSocket(bind: .loopbackIPv4(port: 0)),
        ]
        let poller = SocketPoller(sockets: [sockets[1]], waker: try Waker())
        let slab = ReceiveSlab()
        let train = [UInt8](repeating: 0, count: 8 * 1_200)
        var isTogether = false
        for _ in 0..<4 where !isTogether {
            train.withUnsafeBytes {
                _ = sockets[0].send(
                    OutgoingBatch(
                        bytes: $0, segmentSize: 1_200, destination: sockets[1].localAddress))
            }
            try poller.wait(until: MonotonicClock.now() + .milliseconds(100))
            while case .received(let count) = sockets[1].receive(into: slab) {
                for index in 0..<count where slab[index].segmentCount > 1 { isTogether = true }
            }
        }
        hasSegmentation = sockets[0].isSegmentationOn
        hasCoalescing = isTogether
    }
}

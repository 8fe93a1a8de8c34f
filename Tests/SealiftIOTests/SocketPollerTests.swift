import SealiftBase
import Testing

@testable import SealiftIO

@Suite("The socket poller") struct SocketPollerTests {
    @Test("is woken from another thread, and once for many wakes")
    func wake() throws {
        let waker = try Waker()
        let poller = SocketPoller(sockets: [], waker: waker)
        let thread = try NamedThread(name: "waker") { for _ in 0..<1_000 { waker.wake() } }
        try poller.wait(until: .distantFuture)
        #expect(poller.wasWoken)
        thread.join()
        // Perhaps one more wake came after the first reset; then nothing is left.
        try poller.wait(until: .zero)
        try poller.wait(until: .zero)
        #expect(!poller.wasWoken)
        waker.wake()
        try poller.wait(until: .distantFuture)
        #expect(poller.wasWoken)
    }

    @Test("does not come back before a deadline nearer than a millisecond")
    func shortDeadline() throws {
        NamedThread.sharpenTimers()
        let poller = SocketPoller(sockets: [], waker: try Waker())
        for _ in 0..<50 {
            let deadline = MonotonicClock.now() + .microseconds(300)
            try poller.wait(until: deadline)
            #expect(MonotonicClock.now() >= deadline)
            #expect(!poller.wasWoken)
        }
    }

    @Test("tells which socket is readable, and of room where asked")
    func readiness() throws {
        let sockets = [
            try DatagramSocket(bind: .loopbackIPv4(port: 0)),
            try DatagramSocket(bind: .loopbackIPv6(port: 0)),
        ]
        let poller = SocketPoller(sockets: sockets, waker: try Waker())
        try poller.wait(until: .zero)
        #expect(!poller.isReadable(socket: 0) && !poller.isReadable(socket: 1))
        let bytes: [UInt8] = [1]
        _ = bytes.withUnsafeBytes {
            sockets[1].send(OutgoingBatch(bytes: $0, destination: sockets[1].localAddress))
        }
        try poller.wait(until: .distantFuture)
        #expect(!poller.isReadable(socket: 0) && poller.isReadable(socket: 1))
        #expect(!poller.hasRoom(socket: 0))
        poller.setWaitsForRoom(true, socket: 0)
        try poller.wait(until: .distantFuture)
        #expect(poller.hasRoom(socket: 0) && !poller.hasRoom(socket: 1))
    }
}

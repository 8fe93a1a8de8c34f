import Glibc
import SealiftBase
import SealiftIO
import SealiftTransport
import Testing

@testable import Sealift
@testable import SealiftTransfer

@Suite("The datagram pump")
struct DatagramPumpTests {
    /// Sends one datagram of `size` bytes and tells what the machine heard.
    private static func send(
        _ size: Int, from pump: DatagramPump, to address: SocketAddress
    ) throws -> [SendFailure] {
        let path = try #require(pump.path(to: address))
        var left = 1
        var failures: [SendFailure] = []
        _ = pump.transmit { buffer in
            guard left > 0 else { return nil }
            left -= 1
            buffer.baseAddress?.initializeMemory(as: UInt8.self, repeating: 7, count: size)
            return PacketBatch(path: path, byteCount: size, segmentSize: size)
        } refused: {
            failures.append($1)
        }
        return failures
    }

    @Test(
        "tells the machine what the kernel refused, and its port lives on",
        arguments: [
            (ENETUNREACH, SendFailure.unreachable), (EADDRNOTAVAIL, .unreachable),
            (EPERM, .other), (ENOBUFS, .other), (EIO, .other), (EINVAL, .other),
            (EMSGSIZE, .tooLarge),
        ])
    func refusals(code: Int32, failure: SendFailure) throws {
        let faults = FaultInjector()
        let socket = try DatagramSocket(bind: .loopbackIPv4(port: 0), faults: faults)
        let receiver = try DatagramSocket(bind: .loopbackIPv4(port: 0))
        let pump = DatagramPump(sockets: [socket], waker: try Waker())
        let port = socket.localAddress.port
        faults.fail(.sendPlain, with: code, times: 2)
        for _ in 0..<2 {
            #expect(try Self.send(100, from: pump, to: receiver.localAddress) == [failure])
        }
        #expect(pump.refusedDatagrams == 2)
        #expect(try Self.send(100, from: pump, to: receiver.localAddress).isEmpty)
        #expect(socket.localAddress.port == port)
        let slab = ReceiveSlab()
        #expect(receiver.receive(into: slab) == .received(buffers: 1))
        #expect(slab[0].source == socket.localAddress)
    }

    @Test("hears from the interface that a datagram is too large")
    func tooLarge() throws {
        let socket = try DatagramSocket(bind: .loopbackIPv6(port: 0))
        let pump = DatagramPump(sockets: [socket], waker: try Waker())
        let address = socket.localAddress
        #expect(try Self.send(65_487, from: pump, to: address).isEmpty)
    }

    @Test("knows the address that datagrams leave from")
    func source() throws {
        let remote = SocketAddress.loopbackIPv4(port: 9)
        #expect(remote.localSource == .loopbackIPv4(port: 0))
        #expect(SocketAddress.loopbackIPv6(port: 9).localSource == .loopbackIPv6(port: 0))
        var watch = SourceWatch()
        let path = PathID(remote, socket: 0)
        let (first, second) = (
            watch.hasChanged(path, now: .zero), watch.hasChanged(path, now: .zero + .seconds(1))
        )
        #expect(!first && !second)
    }
}

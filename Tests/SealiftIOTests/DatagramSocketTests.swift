import Glibc
import SealiftBase
import Testing

@testable import SealiftIO

@Suite("The datagram socket") struct DatagramSocketTests {
    static let loopbacks = [SocketAddress.loopbackIPv4(port: 0), .loopbackIPv6(port: 0)]

    /// What one datagram brought.
    struct Arrival {
        let bytes: [UInt8]
        let source: SocketAddress?
        let destination: SocketAddress?
        let trafficClass: TrafficClass
    }

    /// Waits for `count` datagrams, for ten seconds at most.
    func receive(_ count: Int, from socket: DatagramSocket) throws -> [Arrival] {
        let poller = SocketPoller(sockets: [socket], waker: try Waker())
        let slab = ReceiveSlab()
        let end = MonotonicClock.now() + .seconds(60)
        var arrivals: [Arrival] = []
        while arrivals.count < count, MonotonicClock.now() < end {
            try poller.wait(until: end)
            guard case .received(let buffers) = socket.receive(into: slab) else { continue }
            for index in 0..<buffers {
                let buffer = slab[index]
                for segment in 0..<buffer.segmentCount {
                    arrivals.append(
                        Arrival(
                            bytes: Array(buffer.segment(segment)), source: buffer.source,
                            destination: buffer.destination,
                            trafficClass: buffer.trafficClass))
                }
            }
        }
        return arrivals
    }

    func send(
        _ bytes: [UInt8], segmentSize: Int? = nil, from socket: DatagramSocket,
        to destination: SocketAddress, trafficClass: TrafficClass = .standard,
        source: SocketAddress? = nil
    ) -> SendReport {
        bytes.withUnsafeBytes {
            socket.send(
                OutgoingBatch(
                    bytes: $0, segmentSize: segmentSize, destination: destination, source: source,
                    trafficClass: trafficClass))
        }
    }

    func expectLife(of socket: DatagramSocket) throws {
        let port = socket.localAddress.port
        let address = socket.localAddress
        let here = address.isUnspecified ? SocketAddress.loopbackIPv4(port: port) : address
        #expect(send([7], from: socket, to: here).outcome == .sent)
        #expect(try receive(1, from: socket).first?.bytes == [7])
        #expect(socket.localAddress.port == port)
    }

    @Test(
        "A receive brings no more than a cache holds, and single datagrams fill every slot",
        arguments: [
            (65_535 * 32, 32, 8), (65_535, 1, 8), (1_472 * 32, 32, 32), (9_000 * 4, 4, 32),
            (20_000, 1, 26), (0, 1, 32),
        ])
    func slots(byteCount: Int, count: Int, expected: Int) {
        #expect(ReceiveSlab.slotsToFill(after: byteCount, in: count, of: 32) == expected)
        #expect(ReceiveSlab.slotsToFill(after: byteCount, in: count, of: 4) == 4)
    }

    @Test("carries a train there whole, with marks and both addresses", arguments: loopbacks)
    func train(address: SocketAddress) throws {
        let (sender, receiver) = (
            try DatagramSocket(bind: address), try DatagramSocket(bind: address)
        )
        var random = SeededGenerator(seed: 1)
        let bytes = random.bytes(40 * 1_400 + 77)
        let marks = TrafficClass(dscp: 8, ecn: .capable0)
        let report = send(
            bytes, segmentSize: 1_400, from: sender, to: receiver.localAddress,
            trafficClass: marks)
        #expect(report == SendReport(segmentsSent: 41, outcome: .sent))
        let arrivals = try receive(41, from: receiver)
        #expect(arrivals.flatMap(\.bytes) == bytes)
        #expect(arrivals.dropLast().allSatisfy { $0.bytes.count == 1_400 })
        #expect(arrivals.allSatisfy { $0.source == sender.localAddress })
        #expect(
            arrivals.allSatisfy { $0.destination == receiver.localAddress.with(port: 0) })
        #expect(arrivals.allSatisfy { $0.trafficClass == marks })
        #expect(sender.isSegmentationOn)
        #expect(receiver.buffers.receive > 0 && receiver.buffers.send > 0)
    }

    @Test("leaves from the address it is told to")
    func sourceAddress() throws {
        let sender = try DatagramSocket(bind: try #require(SocketAddress("0.0.0.0:0")))
        let receiver = try DatagramSocket(bind: .loopbackIPv4(port: 0))
        let source = try #require(SocketAddress("127.0.0.9:0"))
        #expect(
            send([1, 2], from: sender, to: receiver.localAddress, source: source).outcome == .sent)
        let arrival = try #require(try receive(1, from: receiver).first)
        #expect(arrival.source == source.with(port: sender.localAddress.port))
    }

    @Test("tells many senders apart", arguments: loopbacks)
    func manySenders(address: SocketAddress) throws {
        let receiver = try DatagramSocket(bind: address)
        var senders: [DatagramSocket] = []
        for _ in 0..<50 { senders.append(try DatagramSocket(bind: address)) }
        for (index, sender) in senders.enumerated() {
            #expect(
                send([UInt8(index)], from: sender, to: receiver.localAddress).outcome == .sent)
        }
        let arrivals = try receive(50, from: receiver)
        #expect(arrivals.count == 50)
        for arrival in arrivals {
            #expect(arrival.source == senders[Int(arrival.bytes[0])].localAddress)
        }
    }

    @Test("sends several datagrams of different sizes, the empty one too")
    func several() throws {
        let (sender, receiver) = (
            try DatagramSocket(bind: .loopbackIPv4(port: 0)),
            try DatagramSocket(bind: .loopbackIPv4(port: 0))
        )
        let bytes: [UInt8] = Array(0..<200)
        let report = bytes.withUnsafeBytes { buffer in
            sender.sendEach(
                [0, 1, 70, 200].map { count in
                    OutgoingBatch(
                        bytes: UnsafeRawBufferPointer(rebasing: buffer.prefix(count)),
                        destination: receiver.localAddress)
                })
        }
        #expect(report == SendReport(segmentsSent: 4, outcome: .sent))
        #expect(try receive(4, from: receiver).map(\.bytes.count) == [0, 1, 70, 200])
    }

    @Test("carries the largest datagrams, alone and in trains", arguments: loopbacks)
    func large(address: SocketAddress) throws {
        let sender = try DatagramSocket(bind: address)
        let receiver = try DatagramSocket(bind: address)
        var random = SeededGenerator(seed: 2)
        for (count, size) in [(65_487, 65_487), (62_665, 8_952), (65_340, 32_670)] {
            let bytes = random.bytes(count)
            #expect(
                send(bytes, segmentSize: size, from: sender, to: receiver.localAddress).outcome
                    == .sent)
            let arrivals = try receive((count + size - 1) / size, from: receiver)
            #expect(arrivals.flatMap(\.bytes) == bytes)
            #expect(arrivals.first?.bytes.count == size)
        }
    }

    @Test("believes no router about the size of datagrams", arguments: loopbacks)
    func routersAreNotBelieved(address: SocketAddress) throws {
        let socket = try DatagramSocket(bind: address)
        let isFour = address.family == .ipv4
        var value: Int32 = -1
        var size = socklen_t(MemoryLayout<Int32>.size)
        let result = getsockopt(
            socket.descriptor.number, Int32(isFour ? IPPROTO_IP : IPPROTO_IPV6),
            isFour ? IP_MTU_DISCOVER : IPV6_MTU_DISCOVER, &value, &size)
        #expect(result == 0)
        #expect(value == (isFour ? IP_PMTUDISC_PROBE : IPV6_PMTUDISC_PROBE))
    }

    @Test("lives on after a datagram that is too large", arguments: loopbacks)
    func tooLarge(address: SocketAddress) throws {
        let socket = try DatagramSocket(bind: address)
        let report = send(
            [UInt8](repeating: 0, count: 65_536), from: socket, to: socket.localAddress)
        #expect(report == SendReport(segmentsSent: 0, outcome: .messageTooLong))
        try expectLife(of: socket)
    }

    @Test("lives on where the network is unreachable")
    func unreachable() throws {
        let socket = try DatagramSocket(bind: try #require(SocketAddress("0.0.0.0:0")))
        // Without gateways there is no way to an address of another network (RFC 5737).
        var on: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        try #require(
            setsockopt(socket.descriptor.number, SOL_SOCKET, SO_DONTROUTE, &on, size) == 0)
        let destination = try #require(SocketAddress("203.0.113.77:9"))
        #expect(
            send([1], from: socket, to: destination)
                == SendReport(segmentsSent: 0, outcome: .unreachable))
        try expectLife(of: socket)
    }

    @Test("lives on where this machine does not permit a destination")
    func notPermitted() throws {
        let socket = try DatagramSocket(bind: try #require(SocketAddress("0.0.0.0:0")))
        // Broadcasts need an option that is never set.
        let destination = try #require(SocketAddress("255.255.255.255:9"))
        let outcome = send([1], from: socket, to: destination).outcome
        #expect(outcome == .permission || outcome == .unreachable)
        try expectLife(of: socket)
    }

    @Test("resends a refused train at once, singly, and stays with it", arguments: [EIO, EINVAL])
    func refusedTrain(code: Int32) throws {
        let faults = FaultInjector()
        let sender = try DatagramSocket(bind: .loopbackIPv4(port: 0), faults: faults)
        let receiver = try DatagramSocket(bind: .loopbackIPv4(port: 0))
        faults.fail(.sendSegmented, with: code)
        let bytes = (0..<2_500).map { UInt8(truncatingIfNeeded: $0) }
        let report = send(bytes, segmentSize: 1_200, from: sender, to: receiver.localAddress)
        #expect(report == SendReport(segmentsSent: 3, outcome: .sent))
        #expect(!sender.isSegmentationOn)
        #expect(try receive(3, from: receiver).map(\.bytes.count) == [1_200, 1_200, 100])
        faults.heal(.sendSegmented)
        #expect(
            send(bytes, segmentSize: 1_200, from: sender, to: receiver.localAddress).outcome
                == .sent)
        #expect(!sender.isSegmentationOn)
    }

    @Test("takes EINVAL above 1,200 bytes, and EMSGSIZE, for a smaller path, not for a refusal")
    func smallerPath() throws {
        let faults = FaultInjector()
        let socket = try DatagramSocket(bind: .loopbackIPv4(port: 0), faults: faults)
        for (code, size) in [(EINVAL, 1_452), (EMSGSIZE, 1_452), (EMSGSIZE, 1_200)] {
            faults.fail(.sendSegmented, with: code, times: 1)
            let report = send(
                [UInt8](repeating: 0, count: 3_000), segmentSize: size, from: socket,
                to: socket.localAddress)
            #expect(report == SendReport(segmentsSent: 0, outcome: .messageTooLong))
        }
        #expect(socket.isSegmentationOn)
    }

    @Test(
        "turns every error into a value and lives on",
        arguments: [
            (EAGAIN, SendOutcome.wouldBlock), (EMSGSIZE, .messageTooLong),
            (ENETUNREACH, .unreachable), (EHOSTUNREACH, .unreachable), (ENETDOWN, .unreachable),
            (ECONNREFUSED, .unreachable), (EADDRNOTAVAIL, .unreachable), (ENOBUFS, .noBuffers),
            (ENOMEM, .noBuffers), (EPERM, .permission), (EACCES, .permission), (EIO, .other(EIO)),
            (EINVAL, .other(EINVAL)),
        ])
    func errors(code: Int32, outcome: SendOutcome) throws {
        let faults = FaultInjector()
        let socket = try DatagramSocket(bind: .loopbackIPv4(port: 0), faults: faults)
        faults.fail(.sendPlain, with: code, times: 1)
        #expect(send([1], from: socket, to: socket.localAddress).outcome == outcome)
        try expectLife(of: socket)
    }

    @Test("says which address it could not be bound to")
    func addressInUse() throws {
        let first = try DatagramSocket(bind: .loopbackIPv4(port: 0))
        #expect(
            throws: SystemError(
                code: EADDRINUSE, operation: "bind to", path: "\(first.localAddress)")
        ) {
            try DatagramSocket(bind: first.localAddress)
        }
    }

    @Test("has nothing to give when nothing came")
    func nothing() throws {
        let socket = try DatagramSocket(bind: .loopbackIPv4(port: 0))
        let slab = ReceiveSlab(slots: 1)
        #expect(socket.receive(into: slab) == .wouldBlock)
        #expect(slab.count == 0)
    }

    @Test("cuts trains to what the kernel takes")
    func trainLimits() {
        #expect(OutgoingBatch.maximumSegments(of: 1_200) == 54)
        #expect(OutgoingBatch.maximumSegments(of: 100) == 64)
        #expect(OutgoingBatch.maximumSegments(of: 65_507) == 1)
        #expect(OutgoingBatch.maximumSegments(of: 40_000) == 1)
        #expect(OutgoingBatch.maximumSegments(of: 0) == 0)
    }
}

import Foundation
import Glibc
import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftTraversal
import Testing

@testable import SealiftRendezvous

@Suite("A rendezvous server on loopback", .serialized)
struct ServerTests {
    private static let certificate: SelfSignedCertificate = {
        var entropy = SealiftCrypto.SeededEntropy(seed: 7_440)
        return SelfSignedCertificate.generate(entropy: &entropy)
    }()

    private func start(
        _ security: RendezvousServerConfiguration.Security = .own(certificate),
        change: (inout RendezvousServerConfiguration) -> Void = { _ in }
    ) throws -> RendezvousServer {
        var configuration = RendezvousServerConfiguration(
            listen: [.loopbackIPv4(port: 0)], stun: [.loopbackIPv4(port: 0)], security: security)
        change(&configuration)
        return try RendezvousServer(configuration, threads: 1)
    }

    private func address(
        _ server: RendezvousServer, pin: Hash256? = certificate.keyPin
    ) -> RendezvousAddress {
        RendezvousAddress(
            host: "127.0.0.1", port: server.addresses[0].port, pin: pin, isSecure: pin != nil)
    }

    private func next(_ connection: RendezvousConnection) throws -> ServerMessage {
        guard case .message(let message) = connection.receive(until: .distantFuture) else {
            Issue.record("the connection was closed")
            throw CancellationError()
        }
        return message
    }

    private func connect(_ server: RendezvousServer) throws -> RendezvousConnection {
        let connection = try RendezvousConnection.open(address(server))
        guard case .welcome = try next(connection) else {
            Issue.record("the first message is no welcome")
            throw CancellationError()
        }
        return connection
    }

    @Test("passes boxes between clients that know its key")
    func boxes() throws {
        let server = try start()
        defer { server.stop() }
        let (sender, receiver) = (try connect(server), try connect(server))
        let mailbox = try #require(MailboxID([UInt8](repeating: 1, count: 16)))
        let boxes = (0..<4).compactMap { RendezvousBox([UInt8](repeating: $0, count: 4_096)) }
        for box in boxes {
            sender.send(.put(mailbox, box))
            #expect(try next(sender) == .stored(mailbox))
        }
        receiver.send(.subscribe([mailbox]))
        for box in boxes { #expect(try next(receiver) == .box(mailbox, box)) }
        #expect(server.counters.clients == 2)
        #expect(sender.localAddress?.bytes == [127, 0, 0, 1])
        sender.close()
        receiver.close()
    }

    @Test("is refused by a client that was told another key, or asks the system's authorities")
    func keys() throws {
        let server = try start()
        defer { server.stop() }
        #expect(throws: RendezvousConnectionError.wrongKey) {
            try RendezvousConnection.open(address(server, pin: .zero))
        }
        let unpinned = RendezvousAddress(
            host: "127.0.0.1", port: server.addresses[0].port, pin: nil)
        #expect(throws: RendezvousConnectionError.self) {
            try RendezvousConnection.open(unpinned)
        }
        #expect(server.counters.connected == 0)
    }

    @Test("lets a code be agreed on, end to end")
    func code() throws {
        let server = try start()
        defer { server.stop() }
        let sender = try RendezvousConnection.open(address(server))
        var offer = CodeOffer(
            meeting: Array("here".utf8), entropy: SealiftCrypto.SystemEntropy())
        var code: PairingCode?
        while code == nil {
            for action in offer.receive(try next(sender)) {
                if case .send(let message) = action { sender.send(message) }
                if case .show(let shown) = action { code = shown }
            }
        }
        let receiver = try RendezvousConnection.open(address(server))
        var claim = CodeClaim(try #require(code), entropy: SealiftCrypto.SystemEntropy())
        for _ in 0..<2 {
            for case .send(let message) in claim.receive(try next(receiver)) {
                receiver.send(message)
            }
        }
        var senderKey: PreSharedKey?
        for action in offer.receive(try next(sender)) {
            if case .send(let message) = action { sender.send(message) }
            if case .agreed(let key) = action { senderKey = key }
        }
        var receiverKey: PreSharedKey?
        for case .agreed(let key, let meeting) in claim.receive(try next(receiver)) {
            receiverKey = key
            #expect(meeting == Array("here".utf8))
        }
        let key = try #require(senderKey)
        #expect(receiverKey?.secret.constantTimeEquals(key.secret) == true)
        sender.close()
        receiver.close()
    }

    @Test("hangs up on a client that sends what is no message, and on one too many")
    func rudeness() throws {
        let server = try start { $0.limits.clientsPerAddress = 1 }
        defer { server.stop() }
        let first = try connect(server)
        let second = try RendezvousConnection.open(address(server))
        #expect(second.receive(until: .distantFuture) == .closed)
        // Work at an open door is out of turn.
        first.send(.work(solution: 1))
        #expect(first.receive(until: .distantFuture) == .closed)
    }

    @Test("counts what it refused in an interval, without an address unless the operator asks")
    func refusals() throws {
        for isAsked in [false, true] {
            let server = try start {
                $0.limits.clientsPerAddress = 1
                $0.logsAddresses = isAsked
            }
            defer { server.stop() }
            #expect(server.takeRefusals() == nil)
            let first = try connect(server)
            let second = try RendezvousConnection.open(address(server))
            #expect(second.receive(until: .distantFuture) == .closed)
            first.send(.work(solution: 1))
            #expect(first.receive(until: .distantFuture) == .closed)
            let told = try #require(server.takeRefusals())
            #expect((told.turnedAway, told.violations, told.busy) == (1, 1, 0))
            let place = TransportAddress(bytes: [127, 0, 0, 1], port: 0)
            #expect(told.sources?.map(\.address) == (isAsked ? [place] : nil))
            #expect(told.sources?.map(\.count) == (isAsked ? [2] : nil))
            // Said once.
            #expect(server.takeRefusals() == nil)
        }
    }

    @Test("counts connections that become no client")
    func failedOpenings() throws {
        let server = try start()
        defer { server.stop() }
        // No TLS where TLS is spoken.
        _ = try? request("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n", server)
        #expect(server.takeRefusals()?.failedOpenings == 1)
    }

    @Test("says that it leaves, and takes nobody new")
    func draining() throws {
        let server = try start { $0.drainTime = .seconds(60) }
        let client = try connect(server)
        let thread = try NamedThread(name: "stop") { server.stop() }
        #expect(try next(client) == .leaving)
        client.close()
        thread.join()
        #expect(throws: RendezvousConnectionError.self) {
            try RendezvousConnection.open(address(server))
        }
    }

    @Test("answers health checks and metrics, without an address in them")
    func plainRequests() throws {
        let server = try start(.plain)
        defer { server.stop() }
        let client = try RendezvousConnection.open(address(server, pin: nil))
        _ = try next(client)
        let health = try request("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n", server)
        #expect(health.hasPrefix("HTTP/1.1 200") && health.hasSuffix("ok\n"))
        let metrics = try request("GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n", server)
        #expect(metrics.contains("sealift_rendezvous_clients 1\n"))
        #expect(metrics.contains("sealift_rendezvous_connected_total 1\n"))
        #expect(!metrics.contains("127.0.0.1"))
        #expect(try request("GET / HTTP/1.1\r\nhost: x\r\n\r\n", server).hasPrefix("HTTP/1.1 404"))
        #expect(try request("NONSENSE\r\n\r\n", server).hasPrefix("HTTP/1.1 400"))
        client.close()
    }

    @Test("counts a client behind a proxy by the address that the proxy wrote last")
    func forwarded() throws {
        let server = try start(.plain) {
            $0.trustsForwardedFor = true
            $0.limits.clientsPerAddress = 1
        }
        defer { server.stop() }
        func upgrade(_ forwarded: String) throws -> String {
            try request(
                """
                GET /v1 HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r
                sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r
                x-forwarded-for: \(forwarded)\r\n\r\n
                """, server, until: 160)
        }
        // Without an address nobody is let in; with one, the welcome follows the upgrade.
        #expect(try upgrade("nobody").utf8.count < 160)
        #expect(try upgrade("198.51.100.1, 192.0.2.1").utf8.count >= 160)
        #expect(server.counters.connected == 1)
    }

    @Test("answers STUN, and lives on after datagrams that are none")
    func stun() throws {
        let server = try start()
        defer { server.stop() }
        let socket = try DatagramSocket(bind: .loopbackIPv4(port: 0))
        let destination = server.stunAddresses[0]
        let id = try #require(StunTransactionID([UInt8](repeating: 9, count: 12)))
        let serverAddress = try #require(
            TransportAddress(bytes: destination.bytes, port: destination.port))
        var binding = StunBinding(server: serverAddress, transactionID: id, now: .zero)
        let request = binding.pollTransmit(now: .zero) ?? []
        for datagram in [[0], [UInt8](repeating: 0xFF, count: 1_400), request] {
            datagram.withUnsafeBytes { bytes in
                _ = socket.send(
                    OutgoingBatch(
                        bytes: bytes, segmentSize: max(1, bytes.count), destination: destination))
            }
        }
        let poller = SocketPoller(sockets: [socket], waker: try Waker())
        let slab = ReceiveSlab()
        while binding.state == .waiting {
            try poller.wait(until: .distantFuture)
            guard case .received(let count) = socket.receive(into: slab) else { continue }
            for index in 0..<count {
                _ = binding.receive(slab[index].segment(0), from: serverAddress)
            }
        }
        let own = TransportAddress(
            bytes: socket.localAddress.bytes, port: socket.localAddress.port)
        #expect(own.map { .mapped($0) } == binding.state)
    }

    // MARK: A plain TCP client

    /// Sends `text` and reads until the server closes, or so many bytes have come.
    private func request(
        _ text: String, _ server: RendezvousServer, until limit: Int = .max
    ) throws -> String {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = server.addresses[0].port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(connected == 0)
        let bytes = Array(text.utf8)
        #expect(write(descriptor, bytes, bytes.count) == bytes.count)
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while answer.count < limit {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { break }
            answer += buffer[..<count]
        }
        return String(decoding: answer, as: UTF8.self)
    }
}

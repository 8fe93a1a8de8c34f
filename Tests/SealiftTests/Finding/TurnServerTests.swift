import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftTraversal
import Testing

@testable import Sealift

/// Against Debian's coturn, an independent relay.
@Suite(
    "A relay of one's own",
    .enabled(if: CoturnServer.isThere, "coturn is missing (scripts/bootstrap test)"))
struct TurnServerTests {
    @Test("carries datagrams both ways, asked for by UDP")
    func datagrams() throws {
        let relay = try CoturnServer()
        defer { relay.stop() }
        let server = SocketAddress.loopbackIPv4(port: relay.port)
        let own = try DatagramSocket(bind: .loopbackIPv4(port: 0))
        let peer = try DatagramSocket(bind: .loopbackIPv4(port: 0))
        var client = client(.datagrams)
        let waker = try Waker()
        let slab = ReceiveSlab(slots: 4)
        let deadline = MonotonicClock.now() + .seconds(60)
        var received: [[UInt8]] = []
        var echoed = 0

        /// Moves what there is until `isDone`, or the time is over.
        func run(until isDone: () -> Bool) throws {
            let poller = SocketPoller(sockets: [own, peer], waker: waker)
            while !isDone(), MonotonicClock.now() < deadline {
                let now = MonotonicClock.now()
                while let message = client.pollTransmit(now: now) { send(message, own, server) }
                while case .received(let count) = own.receive(into: slab) {
                    for index in 0..<count {
                        if case .data(_, let data) = client.receive(
                            slab[index].segment(0), now: now)
                        {
                            received.append(Array(data))
                        }
                    }
                }
                while case .received(let count) = peer.receive(into: slab) {
                    for index in 0..<count {
                        guard let source = slab[index].source else { continue }
                        echoed += 1
                        send(Array(slab[index].segment(0)).reversed(), peer, source)
                    }
                }
                if isDone() { return }
                try poller.wait(until: min(deadline, client.nextTimeout ?? deadline))
            }
        }

        func say(_ bytes: [UInt8]) {
            var buffer = [UInt8](repeating: 0, count: 2_000)
            let count = buffer.withUnsafeMutableBytes { buffer in
                bytes.withUnsafeBytes {
                    client.wrap(
                        $0, to: TransportAddress(peer.localAddress), into: buffer,
                        now: MonotonicClock.now())
                }
            }
            send(Array(buffer.prefix(count)), own, server)
        }

        try run { if case .allocated = client.state { true } else { false } }
        guard case .allocated(let allocation) = client.state else {
            Issue.record("no relay: \(client.state)")
            return
        }
        #expect(allocation.mapped == TransportAddress(own.localAddress))
        // Until the channel stands, the server may drop what comes.
        client.admit(TransportAddress(peer.localAddress), now: MonotonicClock.now())
        let standing = client.nextTimeout
        try run { client.nextTimeout != standing && (client.nextTimeout ?? .zero) > deadline }
        say([1, 2, 3])
        try run { !received.isEmpty }
        #expect(received == [[3, 2, 1]] && echoed == 1)
        client.release(now: MonotonicClock.now())
        try run { client.state == .released }
        #expect(client.state == .released)
    }

    @Test("says that the password is wrong")
    func wrongPassword() throws {
        let relay = try CoturnServer()
        defer { relay.stop() }
        let stream = try relay.connect()
        var client = client(.stream, password: "guess")
        try exchange(&client, stream) { client in
            if case .failed = client.state { true } else { false }
        }
        #expect(client.state == .failed(.wrongCredentials))
    }

    @Test("is asked for over TCP too, where UDP is blocked")
    func stream() throws {
        let relay = try CoturnServer()
        defer { relay.stop() }
        let stream = try relay.connect()
        var client = client(.stream)
        try exchange(&client, stream) { client in
            if case .allocated = client.state { true } else { false }
        }
        guard case .allocated = client.state else {
            Issue.record("no relay: \(client.state)")
            return
        }
        client.release(now: MonotonicClock.now())
        try exchange(&client, stream) { $0.state == .released }
        #expect(client.state == .released)
    }

    private func client(
        _ carrier: TurnClient.Carrier, password: String = CoturnServer.password
    ) -> TurnClient {
        TurnClient(
            username: CoturnServer.user, password: SecretBytes(copying: Array(password.utf8)),
            carrier: carrier, seed: 1, now: MonotonicClock.now())
    }

    private func send(_ bytes: [UInt8], _ socket: DatagramSocket, _ address: SocketAddress) {
        bytes.withUnsafeBytes {
            _ = socket.send(OutgoingBatch(bytes: $0, destination: address))
        }
    }

    private func exchange(
        _ client: inout TurnClient, _ stream: StreamSocket, until isDone: (TurnClient) -> Bool
    ) throws {
        let deadline = MonotonicClock.now() + .seconds(120)
        var framer = TurnFramer()
        while !isDone(client) {
            while let message = client.pollTransmit(now: MonotonicClock.now()) {
                try stream.write(message, until: deadline)
            }
            if isDone(client) { return }
            let bytes = try stream.read(atMost: 4_096, until: deadline)
            try #require(!bytes.isEmpty)
            framer.append(bytes)
            while let message = try framer.next() {
                message.withUnsafeBytes { _ = client.receive($0, now: MonotonicClock.now()) }
            }
        }
    }
}

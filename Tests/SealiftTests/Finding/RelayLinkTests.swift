import SealiftBase
import SealiftIO
import SealiftTraversal
import Testing

@testable import Sealift

@Suite(
    "The way to a relay of one's own",
    .enabled(if: CoturnServer.isThere, "coturn is missing (scripts/bootstrap test)"))
struct RelayLinkTests {
    /// A link, and what it told so far.
    private struct Guest {
        let link: RelayLink
        private let told = BoundedQueue<Void>(capacity: 4_096)
        private let deadline = MonotonicClock.now() + .seconds(120)

        init(_ text: String, password: String = CoturnServer.password) throws {
            let server = try #require(TurnServer(text), "\(text)")
            let told = told
            link = try RelayLink(
                RelayAccess(server, password: Array(password.utf8))
            ) { _ = told.tryPush(()) }
        }

        /// Waits until `take` gives something.
        func wait<Result>(for take: () -> Result?) -> Result? {
            while true {
                if let found = take() { return found }
                guard case .element = told.pop(until: deadline) else { return nil }
            }
        }

        /// The address at the relay, once there is one: the first try may come before the relay serves.
        func address() throws -> TransportAddress {
            var failures: [String] = []
            while let event = wait(for: { link.takeEvent() }) {
                switch event {
                case .ready(let address): return address
                case .failed(let words): failures.append(words)
                }
            }
            throw NoRelay(failures: failures)
        }
    }

    private struct NoRelay: Error {
        let failures: [String]
    }

    private func text(_ relay: CoturnServer, _ transport: String) -> String {
        transport == "tls"
            ? "turn:ann@127.0.0.1:\(relay.securePort)?transport=tls#sha256=\(relay.keyPin)"
            : "turn:ann@127.0.0.1:\(relay.port)?transport=\(transport)"
    }

    @Test("carries a peer's datagrams both ways", arguments: ["udp", "tcp", "tls"])
    func datagrams(transport: String) throws {
        let relay = try CoturnServer()
        defer { relay.stop() }
        let guest = try Guest(text(relay, transport))
        defer { guest.link.finish() }
        let relayed = try guest.address()
        let peer = try DatagramSocket(bind: .loopbackIPv4(port: 0))
        let slab = ReceiveSlab(slots: 4)
        let poller = SocketPoller(sockets: [peer], waker: try Waker())
        let address = TransportAddress(peer.localAddress)
        guest.link.admit(address)
        // Ours first, again and again: the relay lets the peer in when it has heard of it.
        var source: SocketAddress?
        let deadline = MonotonicClock.now() + .seconds(120)
        while source == nil, MonotonicClock.now() < deadline {
            [1, 2, 3].withUnsafeBytes { _ = guest.link.send($0, each: 3, to: address) }
            try poller.wait(until: MonotonicClock.now() + .milliseconds(100))
            if case .received = peer.receive(into: slab) { source = slab[0].source }
        }
        let back = try #require(source)
        #expect(TransportAddress(back) == relayed)
        let large = [UInt8](repeating: 7, count: 1_400)
        large.withUnsafeBytes { _ = peer.send(OutgoingBatch(bytes: $0, destination: back)) }
        let arrival = guest.wait { guest.link.takeArrival() }
        #expect(arrival?.peer == address && arrival?.datagram == large)
    }

    @Test("carries many datagrams at once, each whole", arguments: ["udp", "tls"])
    func batches(transport: String) throws {
        let relay = try CoturnServer()
        defer { relay.stop() }
        let guest = try Guest(text(relay, transport))
        defer { guest.link.finish() }
        _ = try guest.address()
        let peer = try DatagramSocket(bind: .loopbackIPv4(port: 0))
        let slab = ReceiveSlab(slots: 64)
        let poller = SocketPoller(sockets: [peer], waker: try Waker())
        let address = TransportAddress(peer.localAddress)
        var batch: [UInt8] = []
        for number in UInt8(0)..<40 { batch += [UInt8](repeating: number, count: 1_200) }
        batch += [40, 40, 40]
        var seen: [UInt8: Int] = [:]
        let deadline = MonotonicClock.now() + .seconds(120)
        while seen.count < 41, MonotonicClock.now() < deadline {
            batch.withUnsafeBytes { _ = guest.link.send($0, each: 1_200, to: address) }
            try poller.wait(until: MonotonicClock.now() + .milliseconds(100))
            while case .received(let count) = peer.receive(into: slab) {
                for index in 0..<count {
                    for number in 0..<slab[index].segmentCount {
                        let datagram = slab[index].segment(number)
                        #expect(datagram.allSatisfy { $0 == datagram[0] })
                        seen[datagram[0]] = datagram.count
                    }
                }
            }
        }
        #expect(seen.count == 41 && seen[40] == 3 && seen[7] == 1_200)
    }

    @Test("is found again when the relay was away")
    func restart() throws {
        let relay = try CoturnServer()
        let guest = try Guest(text(relay, "tcp"))
        defer { guest.link.finish() }
        _ = try guest.address()
        relay.stop()
        guard case .failed(let words)? = guest.wait(for: { guest.link.takeEvent() }) else {
            Issue.record("the loss was not noticed")
            return
        }
        #expect(words.contains("was lost"), "\(words)")
        let another = try CoturnServer(port: relay.port)
        defer { another.stop() }
        _ = try guest.address()
    }

    @Test("says what is wrong")
    func failures() throws {
        let relay = try CoturnServer()
        defer { relay.stop() }
        let otherKey = String(repeating: "ab", count: 32)
        for (text, password, words) in [
            (text(relay, "tcp"), "guess", "refuses the user name or the password"),
            (
                "turn:ann@127.0.0.1:\(relay.securePort)?transport=tls#sha256=\(otherKey)",
                CoturnServer.password, "has another key than the one named"
            ),
            ("turn:ann@127.0.0.1:1?transport=tcp", CoturnServer.password, "cannot be reached"),
        ] {
            let guest = try Guest(text, password: password)
            defer { guest.link.finish() }
            guard case .failed(let found)? = guest.wait(for: { guest.link.takeEvent() }) else {
                Issue.record("no failure for \(text)")
                continue
            }
            #expect(found.contains(words), "\(found)")
        }
    }
}

@Suite("The name of a relay")
struct TurnServerNameTests {
    @Test("is read in every form")
    func forms() throws {
        let plain = try #require(TurnServer("turn:ann@relay.example.org"))
        #expect(plain.username == "ann" && plain.host == "relay.example.org")
        #expect(plain.port == 3_478 && plain.transport == .udp && plain.pin == nil)
        let whole = try #require(
            TurnServer(
                "turn:a@b@[2001:db8::7]:443?transport=tls#sha256=\(String(repeating: "ab", count: 32))"
            ))
        #expect(whole.username == "a@b" && whole.host == "2001:db8::7" && whole.port == 443)
        #expect(whole.transport == .tls && whole.pin != nil)
        #expect(TurnServer("turn:ann@h?transport=tls")?.port == 5_349)
        #expect(TurnServer("turn:ann@[2001:db8::7]?transport=tls")?.port == 5_349)
        #expect(TurnServer("turn:ann@h?transport=tcp")?.port == 3_478)
    }

    @Test("of a relay's address is refused where it is malformed")
    func malformed() {
        for text in [
            "", "ann@h", "turn:h", "turn:@h", "turn:ann@", "turn:ann@h:0", "turn:ann@h:99999",
            "turn:ann@h?transport=sctp", "turn:ann@h?x=y", "turn:a b@h", "turn:ann@h#sha256=12",
            "turn:ann@h?transport=tcp#sha256=\(String(repeating: "ab", count: 32))",
        ] {
            #expect(TurnServer(text) == nil, "\(text)")
        }
    }
}

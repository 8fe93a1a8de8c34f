import SealiftBase
import SealiftCrypto
import Testing

@testable import SealiftTraversal

@Suite("Gathering addresses")
struct AddressGathererTests {
    private func address(_ last: UInt8, port: UInt16) -> TransportAddress {
        guard let address = TransportAddress(bytes: [192, 0, 2, last] as [UInt8], port: port) else {
            preconditionFailure("four bytes are an address")
        }
        return address
    }

    private func gatherer() -> AddressGatherer {
        AddressGatherer(
            sockets: [
                .init(family: .ipv4, local: [address(1, port: 5_000)]),
                .init(family: .ipv6, local: []),
            ],
            entropy: SeededEntropy(seed: 5))
    }

    /// Sends what is due, and answers each request as `translate` says; nil: no answer.
    private func answer(
        _ gatherer: inout AddressGatherer, now: Instant,
        _ translate: (TransportAddress) -> TransportAddress?
    ) -> Int {
        var requests = 0
        while let request = gatherer.pollTransmit(now: now) {
            requests += 1
            guard let seen = translate(request.destination),
                let reply = request.bytes.withUnsafeBytes({
                    StunResponder.answer(to: $0, from: seen)
                })
            else { continue }
            let isTaken = reply.withUnsafeBytes {
                gatherer.receive(
                    $0, socket: request.socket, from: request.destination, now: now)
            }
            #expect(isTaken)
        }
        return requests
    }

    @Test("finds the outside address, and the kind of NAT from two servers")
    func kinds() {
        let outside = address(77, port: 40_000)
        let first = address(10, port: 3_478)
        let second = address(11, port: 3_478)
        for (translate, kind, reflexive) in [
            ({ _ in outside }, .endpointIndependent, [outside]),
            (
                { $0 == first ? outside : outside.with(port: 40_001) }, .endpointDependent,
                [outside, outside.with(port: 40_001)]
            ),
            ({ _ in self.address(1, port: 5_000) }, NATKind.none, []),
            ({ $0 == first ? outside : nil }, .unclassified, [outside]),
        ] as [((TransportAddress) -> TransportAddress?, NATKind, [TransportAddress])] {
            var gatherer = gatherer()
            #expect(gatherer.kind(now: .zero) == nil && gatherer.isSettled)
            gatherer.ask(first, now: .zero)
            gatherer.ask(second, now: .zero)
            gatherer.ask(second, now: .zero)
            #expect(!gatherer.isSettled)
            // From the IPv4 socket only: nobody asks an IPv4 server over IPv6.
            #expect(answer(&gatherer, now: .zero, translate) == 2)
            #expect(gatherer.kind(now: .zero) == kind)
            #expect(gatherer.reflexive(socket: 0) == reflexive)
            #expect(gatherer.reflexive(socket: 1).isEmpty)
        }
    }

    @Test("counts UDP as blocked only after four unanswered requests, and goes on asking")
    func blocked() throws {
        var gatherer = gatherer()
        gatherer.ask(address(10, port: 3_478), now: .zero)
        var sent = 0
        var now = Instant.zero
        while now < .zero + .seconds(120) {
            now = try #require(gatherer.nextTimeout)
            #expect((gatherer.kind(now: now) == .blocked) == (now >= .zero + .seconds(4)))
            sent += answer(&gatherer, now: now) { _ in nil }
        }
        // Seven requests, a minute's pause, and so on.
        #expect(sent > 7)
        #expect(gatherer.isSettled)
    }

    @Test("keeps the mapping alive every 15 to 25 seconds, and notices when it changes")
    func keepAlive() throws {
        var gatherer = gatherer()
        var outside = address(77, port: 40_000)
        gatherer.ask(address(10, port: 3_478), now: .zero)
        var last = Instant.zero
        _ = answer(&gatherer, now: last) { _ in outside }
        #expect(gatherer.revision == 1)
        for turn in 0..<200 {
            let now = try #require(gatherer.nextTimeout)
            #expect((Duration.seconds(15)...Duration.seconds(25)).contains(now - last))
            if turn == 100 { outside = address(77, port: 41_000) }
            #expect(answer(&gatherer, now: now) { _ in outside } == 1)
            #expect(gatherer.revision == (turn < 100 ? 1 : 2))
            last = now
        }
        #expect(gatherer.reflexive(socket: 0) == [outside])
    }

    @Test("ignores answers of others, to other sockets, and random bytes")
    func foreign() throws {
        var gatherer = gatherer()
        let server = address(10, port: 3_478)
        gatherer.ask(server, now: .zero)
        let due = gatherer.pollTransmit(now: .zero)
        let request = try #require(due)
        let seen = address(66, port: 6_666)
        let reply = try #require(
            request.bytes.withUnsafeBytes { StunResponder.answer(to: $0, from: seen) })
        for (bytes, socket, source) in [
            (reply, 0, address(11, port: 3_478)), (reply, 1, server), (request.bytes, 0, server),
            ([], 0, server), (Array(reply.dropLast()), 0, server),
        ] as [([UInt8], Int, TransportAddress)] {
            let isTaken = bytes.withUnsafeBytes {
                gatherer.receive($0, socket: socket, from: source, now: .zero)
            }
            #expect(!isTaken)
        }
        #expect(gatherer.revision == 0 && gatherer.kind(now: .zero) == nil)
    }

    @Test("asks at most eight servers, whatever a name stands for")
    func limit() {
        var gatherer = gatherer()
        for last in 0..<100 { gatherer.ask(address(UInt8(last), port: 3_478), now: .zero) }
        #expect(answer(&gatherer, now: .zero) { _ in nil } == AddressGatherer.maximumServers)
    }

    @Test("asks again when the network may have changed, but nobody whom it asked just now")
    func refresh() {
        var gatherer = gatherer()
        let server = address(10, port: 3_478)
        let (before, after) = (address(77, port: 40_000), address(78, port: 40_000))
        gatherer.ask(server, now: .zero)
        #expect(answer(&gatherer, now: .zero) { _ in before } == 1)
        gatherer.refresh(now: .zero + .seconds(1))
        #expect(gatherer.isSettled)
        #expect(answer(&gatherer, now: .zero + .seconds(1)) { _ in after } == 0)
        let later = Instant.zero + AddressGatherer.leastInterval
        gatherer.refresh(now: later)
        #expect(!gatherer.isSettled && gatherer.reflexive(socket: 0) == [before])
        #expect(answer(&gatherer, now: later) { _ in after } == 1)
        #expect(gatherer.isSettled && gatherer.reflexive(socket: 0) == [after])
    }
}

extension TransportAddress {
    fileprivate func with(port: UInt16) -> TransportAddress {
        TransportAddress(family: family, words: words, port: port)
    }
}

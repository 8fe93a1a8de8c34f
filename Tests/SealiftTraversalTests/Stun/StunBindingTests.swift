import SealiftBase
import Testing

@testable import SealiftTraversal

@Suite("STUN Binding")
struct StunBindingTests {
    private func address(_ last: UInt8, port: UInt16) -> TransportAddress {
        guard let address = TransportAddress(bytes: [192, 0, 2, last] as [UInt8], port: port) else {
            preconditionFailure("four bytes are an address")
        }
        return address
    }

    private func id(_ byte: UInt8) throws -> StunTransactionID {
        try #require(StunTransactionID([UInt8](repeating: byte, count: 12)))
    }

    private func answer(_ request: [UInt8], from source: TransportAddress) -> [UInt8]? {
        request.withUnsafeBytes { StunResponder.answer(to: $0, from: source) }
    }

    private func firstRequest(of binding: inout StunBinding) throws -> [UInt8] {
        let request = binding.pollTransmit(now: .zero)
        return try #require(request)
    }

    @Test("tells a client the address it is seen at, IPv4 and IPv6")
    func exchange() throws {
        let server = address(1, port: 3_478)
        let ipv6 = try #require(
            TransportAddress(bytes: [0x20, 1] + [UInt8](repeating: 7, count: 14), port: 9))
        for seen in [address(9, port: 40_000), ipv6] {
            var binding = StunBinding(server: server, transactionID: try id(1), now: .zero)
            let request = try firstRequest(of: &binding)
            let reply = try #require(answer(request, from: seen))
            #expect(reply.count <= request.count + 24)
            let isOurs = reply.withUnsafeBytes { binding.receive($0, from: server) }
            #expect(isOurs)
            #expect(binding.state == .mapped(seen))
            #expect(binding.nextTimeout == nil)
        }
    }

    @Test("ignores answers of another server, of another transaction, and requests")
    func foreignAnswers() throws {
        let server = address(1, port: 3_478)
        var binding = StunBinding(server: server, transactionID: try id(1), now: .zero)
        let request = try firstRequest(of: &binding)
        let reply = try #require(answer(request, from: address(9, port: 40_000)))
        var other = StunBinding(server: server, transactionID: try id(2), now: .zero)
        let otherRequest = try firstRequest(of: &other)
        let foreign = try #require(answer(otherRequest, from: address(9, port: 40_000)))
        for (bytes, source) in [
            (reply, address(2, port: 3_478)), (foreign, server), (request, server),
        ] {
            let isOurs = bytes.withUnsafeBytes { binding.receive($0, from: source) }
            #expect(!isOurs)
        }
        #expect(binding.state == .waiting)
    }

    @Test("repeats its request at 0.5, 1.5, 3.5 … seconds, the same bytes, and ends after 39.5")
    func retransmission() throws {
        var binding = StunBinding(
            server: address(1, port: 3_478), transactionID: try id(1), now: .zero)
        var sent: [[UInt8]] = []
        var times: [Instant] = []
        while let due = binding.nextTimeout {
            times.append(due)
            if let request = binding.pollTransmit(now: due) { sent.append(request) }
        }
        #expect(binding.state == .timedOut)
        #expect(sent.count == 7 && Set(sent).count == 1)
        #expect(
            times.map { $0.nanoseconds / 1_000_000 }
                == [0, 500, 1_500, 3_500, 7_500, 15_500, 31_500, 39_500])
    }

    @Test("answers a request it does not understand with 420, and nothing else with anything")
    func refusals() throws {
        var writer = StunMessageWriter(.bindingRequest, try id(1))
        writer.add(StunAttributeType(rawValue: 0x7777), [1, 2, 3])
        let reply = try #require(answer(writer.finish(), from: address(9, port: 1)))
        let message = try StunVectors.message(reply)
        #expect(message.type == .bindingError && message.errorCode == 420)
        for type in [
            StunMessageType.bindingIndication, .bindingSuccess, .bindingError,
            StunMessageType(rawValue: 0x0003),
        ] {
            let bytes = StunMessageWriter(type, try id(1)).finish()
            #expect(answer(bytes, from: address(9, port: 1)) == nil)
        }
    }

    @Test("of two servers tells the kinds of NAT apart")
    func classification() {
        let (one, two) = (address(1, port: 3_478), address(2, port: 3_478))
        let local = address(9, port: 40_000)
        let outside = address(77, port: 40_000)
        #expect(NATKind.classify(local: [local], seen: []) == .blocked)
        #expect(NATKind.classify(local: [local], seen: [(one, local), (two, local)]) == .none)
        #expect(
            NATKind.classify(local: [local], seen: [(one, outside), (two, outside)])
                == .endpointIndependent)
        #expect(
            NATKind.classify(
                local: [local], seen: [(one, outside), (two, address(77, port: 40_001))])
                == .endpointDependent)
        #expect(NATKind.classify(local: [local], seen: [(one, outside)]) == .unclassified)
        // Another port of the same address is no second server.
        #expect(
            NATKind.classify(
                local: [local], seen: [(one, outside), (address(1, port: 3_479), outside)])
                == .unclassified)
    }
}

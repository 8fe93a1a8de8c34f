import SealiftBase
import Testing

@testable import SealiftTraversal

@Suite("A port mapped by PCP or NAT-PMP")
struct GatewayMappingTests {
    private let client = address([192, 168, 1, 9], 40_000)
    private let outer = address([198, 51, 100, 7], 40_001)
    private let nonce = [UInt8](repeating: 7, count: 12)

    private func mapping() throws -> GatewayMapping {
        try #require(GatewayMapping(client: client, entropy: nonce, now: .zero))
    }

    private func pcpAnswer(
        result: UInt8 = 0, seconds: UInt32 = 600, epoch: UInt32 = 100, nonce: [UInt8]? = nil
    ) -> [UInt8] {
        PCPSample.mapAnswer(
            result: result, seconds: seconds, epoch: epoch, nonce: nonce ?? self.nonce,
            internalPort: client.port, external: outer)
    }

    @Test("asks as RFC 6887 §11.1 has it, and takes the answer")
    func granted() throws {
        var mapping = try mapping()
        let sent = mapping.pollTransmit(now: .zero)
        #expect(
            sent == [
                [2, 1, 0, 0] + [0, 0, 7, 8] + PCPSample.mappedPrefix + [192, 168, 1, 9] + nonce
                    + [17, 0, 0, 0, 0x9C, 0x40, 0x9C, 0x40] + PCPSample.mappedPrefix + [0, 0, 0, 0]
            ])
        mapping.take(pcpAnswer(), at: .zero)
        let granted = try #require(PortMapping.of(mapping.state))
        #expect(granted.external == outer && granted.method == .pcp)
        #expect(granted.lifetime == .seconds(600) && granted.isReachableFromAfar)
        // Renewed at half its life, for the same address.
        #expect(mapping.nextTimeout == .zero + .seconds(300))
        let renewals = mapping.pollTransmit(now: .zero + .seconds(300))
        let renewal = try #require(renewals.first)
        #expect(renewal[42...43] == [0x9C, 0x41])
        #expect(mapping.nextTimeout == .zero + .seconds(450))
    }

    @Test("is lost where no renewal is answered until its end")
    func unanswered() throws {
        var mapping = try mapping()
        _ = mapping.pollTransmit(now: .zero)
        mapping.take(pcpAnswer(), at: .zero)
        var sent = 0
        while let due = mapping.nextTimeout {
            #expect(due <= .zero + .seconds(600))
            // In the end NAT-PMP is tried too.
            sent += mapping.pollTransmit(now: due).count { $0[0] == 2 }
        }
        #expect(mapping.state == .failed)
        #expect((4...10).contains(sent))
    }

    @Test("asks by NAT-PMP where PCP is not answered, or not spoken")
    func natPMP() throws {
        for isRefused in [false, true] {
            var mapping = try mapping()
            _ = mapping.pollTransmit(now: .zero)
            // RFC 6886 §3.5: what a server of version 0 says to version 2.
            if isRefused { mapping.take([0, 0x81, 0, 1, 0, 0, 0, 9], at: .zero) }
            var asked: [[UInt8]] = []
            var now = Instant.zero
            while asked.isEmpty, let due = mapping.nextTimeout {
                now = due
                asked = mapping.pollTransmit(now: due).filter { $0[0] == 0 }
            }
            #expect(now == .zero + (isRefused ? .zero : GatewayMapping.headStart))
            #expect(asked == [[0, 0], [0, 1, 0, 0, 0x9C, 0x40, 0x9C, 0x40, 0, 0, 7, 8]])
            mapping.take(
                [0, 129, 0, 0, 0, 0, 0, 9, 0x9C, 0x40, 0x9C, 0x41, 0, 0, 2, 0x58], at: now)
            #expect(mapping.state == .asking, "the address is still missing")
            mapping.take([0, 128, 0, 0, 0, 0, 0, 9, 198, 51, 100, 7], at: now)
            #expect(PortMapping.of(mapping.state)?.external == outer)
            mapping.takeBack(now: now)
            let end = mapping.pollTransmit(now: now).last
            #expect(end == [0, 1, 0, 0, 0x9C, 0x40, 0, 0, 0, 0, 0, 0])
        }
    }

    @Test("fails where nobody answers, or the router refuses")
    func failed() throws {
        var silent = try mapping()
        var last = Instant.zero
        while let due = silent.nextTimeout {
            last = due
            _ = silent.pollTransmit(now: due)
        }
        #expect(silent.state == .failed && last < .zero + .seconds(20))
        var refused = try mapping()
        _ = refused.pollTransmit(now: .zero)
        refused.take(pcpAnswer(result: 2), at: .zero)
        _ = refused.pollTransmit(now: .zero)
        refused.take([0, 129, 0, 2, 0, 0, 0, 9], at: .zero)
        #expect(refused.state == .failed)
    }

    @Test("believes no answer with another nonce, another port, or out of form")
    func forged() throws {
        var mapping = try mapping()
        _ = mapping.pollTransmit(now: .zero)
        mapping.take(pcpAnswer(nonce: [UInt8](repeating: 8, count: 12)), at: .zero)
        var otherPort = pcpAnswer()
        otherPort[41] ^= 1
        mapping.take(otherPort, at: .zero)
        for length in 0..<60 { mapping.take(Array(pcpAnswer().prefix(length)), at: .zero) }
        mapping.take([0, 129, 0, 0, 0, 0, 0, 9, 0x9C, 0x40, 0x9C, 0x41, 0, 0, 2, 0x58], at: .zero)
        #expect(mapping.state == .asking)
        mapping.take(pcpAnswer(), at: .zero)
        // Nor one without a nonce, once it stands.
        mapping.take(pcpAnswer(result: 2, nonce: [UInt8](repeating: 8, count: 12)), at: .zero)
        mapping.take([0, 0x81, 0, 1, 0, 0, 0, 9], at: .zero)
        #expect(PortMapping.of(mapping.state)?.external == outer)
    }

    @Test("is not offered where the address named leads nowhere outside")
    func lies() {
        for (bytes, port) in [
            ([10, 0, 0, 1], 40_000), ([192, 168, 1, 1], 40_000), ([100, 64, 0, 1], 40_000),
            ([127, 0, 0, 1], 40_000), ([0, 0, 0, 0], 40_000), ([224, 0, 0, 1], 40_000),
            ([255, 255, 255, 255], 40_000), ([169, 254, 0, 1], 40_000), ([198, 51, 100, 7], 22),
        ] as [([UInt8], UInt16)] {
            let mapping = PortMapping(.pcp, external: address(bytes, port), seconds: 600)
            #expect(!mapping.isReachableFromAfar, "\(bytes):\(port)")
        }
    }

    @Test("is asked for again at once where the router announces that it started anew")
    func announced() throws {
        var mapping = try mapping()
        _ = mapping.pollTransmit(now: .zero)
        mapping.take(pcpAnswer(epoch: 5_000), at: .zero)
        let later = Instant.zero + .seconds(10)
        mapping.take(PCPSample.announcement(epoch: 5_010), at: later)
        #expect(mapping.nextTimeout == .zero + .seconds(300), "nothing was lost")
        mapping.take(PCPSample.announcement(epoch: 1), at: later)
        #expect(mapping.nextTimeout == later)
        let asked = mapping.pollTransmit(now: later)
        #expect(asked.count == 1)
        #expect(PortMapping.of(mapping.state) != nil, "it counts until the router says otherwise")
    }

    @Test("is taken back, three times at most")
    func takenBack() throws {
        var mapping = try mapping()
        _ = mapping.pollTransmit(now: .zero)
        mapping.take(pcpAnswer(), at: .zero)
        mapping.takeBack(now: .zero)
        var sent: [[UInt8]] = []
        while let due = mapping.nextTimeout { sent += mapping.pollTransmit(now: due) }
        #expect(sent.count == 3 && mapping.state == .released)
        #expect(sent[0][4..<8] == [0, 0, 0, 0], "a lifetime of zero")
        #expect(sent[0][24..<36] == nonce[...], "only who asked can take it back")
    }

    @Test("has a sensible life, whatever the router grants")
    func lifetimes() {
        for (seconds, held) in [(0, 120), (1, 120), (600, 600), (UInt32.max, 86_400)] {
            let mapping = PortMapping(.pcp, external: outer, seconds: seconds)
            #expect(mapping.lifetime == .seconds(held))
        }
    }
}

/// An address that is known to be one.
func address(_ bytes: [UInt8], _ port: UInt16) -> TransportAddress {
    guard let address = TransportAddress(bytes: bytes, port: port) else {
        preconditionFailure("four or sixteen bytes are an address")
    }
    return address
}

extension GatewayMapping {
    fileprivate mutating func take(_ datagram: [UInt8], at now: Instant) {
        datagram.withUnsafeBytes { receive($0, now: now) }
    }
}

extension PortMapping {
    static func of(_ state: GatewayMapping.State) -> PortMapping? {
        if case .mapped(let mapping) = state { mapping } else { nil }
    }
}

/// What a PCP server sends (RFC 6887 §7.2, §11.1).
enum PCPSample {
    static let mappedPrefix = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]

    static func mapAnswer(
        result: UInt8, seconds: UInt32, epoch: UInt32, nonce: [UInt8], internalPort: UInt16,
        external: TransportAddress
    ) -> [UInt8] {
        var writer = ByteWriter()
        writer.write([2, 0x81, 0, result] as [UInt8])
        writer.write(seconds)
        writer.write(epoch)
        writer.writeZeros(12)
        writer.write(nonce)
        writer.write([17, 0, 0, 0] as [UInt8])
        writer.write(internalPort)
        writer.write(external.port)
        writer.write(mappedPrefix + external.bytes)
        return writer.bytes
    }

    static func announcement(epoch: UInt32) -> [UInt8] {
        var writer = ByteWriter()
        writer.write([2, 0x80, 0, 0, 0, 0, 0, 0] as [UInt8])
        writer.write(epoch)
        writer.writeZeros(12)
        return writer.bytes
    }
}

import SealiftBase
import Testing

@testable import SealiftTraversal

/// The messages of RFC 5769 §2.1 to §2.3.
enum StunVectors {
    static let request = """
        000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74002400046e0001\
        ff80290008932ff9b151263b36000600096576746a3a68367659202020000800149aeaa70cbfd8cb56781ef2b5b2d3\
        f249c1b571a280280004e57a3bcf
        """
    static let ipv4Response = """
        0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000080001a147e112a6\
        43000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96
        """
    static let ipv6Response = """
        010100482112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000140002a1470113a9\
        faa5d3f179bc25f4b5bed2b9d900080014a382954e4be67bf11784c97c8292c275bfe3ed4180280004c8fb0b4c
        """

    static func bytes(_ text: String) -> [UInt8] { Hexadecimal.decode(text) ?? [] }

    static func message(_ bytes: [UInt8]) throws -> StunMessage {
        try bytes.withUnsafeBytes { try StunMessage($0) }
    }
}

@Suite("STUN messages")
struct StunVectorTests {
    @Test("of RFC 5769 are read whole, fingerprints included")
    func vectors() throws {
        let request = try StunVectors.message(StunVectors.bytes(StunVectors.request))
        #expect(request.type == .bindingRequest && request.hasFingerprint)
        #expect(request.value(of: .username).map(Array.init) == Array("evtj:h6vY".utf8))
        #expect(request.value(of: .software).map(Array.init) == Array("STUN test client".utf8))
        #expect(request.unknownRequired.isEmpty)

        let ipv4 = try StunVectors.message(StunVectors.bytes(StunVectors.ipv4Response))
        #expect(ipv4.type == .bindingSuccess)
        #expect(
            ipv4.mappedAddress == TransportAddress(bytes: [192, 0, 2, 1] as [UInt8], port: 32_853))

        let ipv6 = try StunVectors.message(StunVectors.bytes(StunVectors.ipv6Response))
        let address = StunVectors.bytes("20010db8123456780011223344556677")
        #expect(ipv6.mappedAddress == TransportAddress(bytes: address, port: 32_853))
    }

    @Test("cut at any length are refused and never trap")
    func truncation() {
        for text in [StunVectors.request, StunVectors.ipv4Response, StunVectors.ipv6Response] {
            let bytes = StunVectors.bytes(text)
            for length in 0..<bytes.count {
                #expect((try? StunVectors.message(Array(bytes[..<length]))) == nil)
            }
            #expect((try? StunVectors.message(bytes + [0, 0, 0, 0])) == nil)
        }
    }

    @Test("changed anywhere are found by their fingerprint, or by their form")
    func alteration() {
        let bytes = StunVectors.bytes(StunVectors.ipv4Response)
        for bit in 0..<(bytes.count * 8) {
            var altered = bytes
            altered[bit / 8] ^= 1 << (bit % 8)
            // A fingerprint whose own type is changed is no fingerprint any more.
            if case let message? = try? StunVectors.message(altered) {
                #expect(!message.hasFingerprint, "bit \(bit)")
            }
        }
    }

    @Test("with malformed addresses and error codes have none, and never trap")
    func malformedAttributes() throws {
        let id = try #require(StunTransactionID([UInt8](repeating: 5, count: 12)))
        let values: [[UInt8]] = [
            [], [0], [0, 1], [0, 1, 0, 80], [0, 1, 0, 80, 1, 2, 3], [0, 1, 0, 80, 1, 2, 3, 4, 5],
            [0, 2, 0, 80, 1, 2, 3, 4], [0, 3, 0, 80, 1, 2, 3, 4],
            [UInt8](repeating: 255, count: 99),
        ]
        for value in values {
            for type in [StunAttributeType.xorMappedAddress, .mappedAddress, .errorCode] {
                var writer = StunMessageWriter(.bindingSuccess, id)
                writer.add(type, value)
                let message = try StunVectors.message(writer.finish())
                #expect(message.mappedAddress == nil)
                #expect(message.errorCode == nil)
            }
        }
    }

    @Test("of random bytes never trap, with and without a plausible header")
    func randomBytes() {
        var generator = SeededGenerator(seed: 5_769)
        for _ in 0..<20_000 {
            var bytes = generator.bytes(Int(generator.next() % 120))
            if bytes.count >= 20, generator.next() % 4 > 0 {
                bytes[0] &= 0x01
                bytes.replaceSubrange(4..<8, with: [0x21, 0x12, 0xA4, 0x42])
                bytes[2] = 0
                bytes[3] = UInt8((bytes.count - 20) & 0xFC)
                bytes = Array(bytes[..<(20 + Int(bytes[3]))])
            }
            if let message = try? StunVectors.message(bytes) {
                _ = (message.mappedAddress, message.errorCode, message.unknownRequired)
            }
            let source = TransportAddress(bytes: [192, 0, 2, 1] as [UInt8], port: 5)
            if let source {
                _ = bytes.withUnsafeBytes { StunResponder.answer(to: $0, from: source) }
            }
        }
    }

    @Test("with more attributes than any has are refused")
    func attributeFlood() throws {
        let id = try #require(StunTransactionID([UInt8](repeating: 5, count: 12)))
        var writer = StunMessageWriter(.bindingRequest, id)
        for _ in 0..<33 { writer.add(.software, []) }
        let bytes = writer.finish()
        #expect(throws: StunMessage.Malformation.tooManyAttributes) {
            try StunVectors.message(bytes)
        }
    }
}

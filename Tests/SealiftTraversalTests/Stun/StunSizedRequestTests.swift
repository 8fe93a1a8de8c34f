import SealiftBase
import Testing

@testable import SealiftTraversal

@Suite("A STUN request of a chosen size")
struct StunSizedRequestTests {
    private let id = StunTransactionID([UInt8](0..<12))

    @Test("has exactly that size, in fours, and every attribute within the RFC's limit")
    func sizes() throws {
        let id = try #require(id)
        for size in Array(24...1_600) + [8_972, 24_468] {
            let request = try #require(StunSizedRequest(byteCount: size, transactionID: id))
            #expect(request.bytes.count == size & ~3)
            let message = try request.bytes.withUnsafeBytes { try StunMessage($0) }
            #expect(message.attributes.allSatisfy { $0.value.count <= 763 })
            #expect(message.unknownRequired.isEmpty)
        }
    }

    @Test("is answered by a server, and takes no other answer for its own")
    func answers() throws {
        let id = try #require(id)
        let client = try #require(TransportAddress(bytes: [192, 0, 2, 1], port: 4_000))
        let request = try #require(StunSizedRequest(byteCount: 1_472, transactionID: id))
        let other = try #require(StunTransactionID([UInt8](repeating: 1, count: 12)))
        let elsewhere = try #require(StunSizedRequest(byteCount: 1_472, transactionID: other))
        let answer = try #require(
            request.bytes.withUnsafeBytes { StunResponder.answer(to: $0, from: client) })
        answer.withUnsafeBytes {
            #expect(request.isAnswered(by: $0))
            #expect(!elsewhere.isAnswered(by: $0))
        }
        // A request that comes back is no answer.
        request.bytes.withUnsafeBytes { #expect(!request.isAnswered(by: $0)) }
    }

    @Test("is not made smaller or larger than servers read")
    func bounds() throws {
        let id = try #require(id)
        for size in [Int.min, -4, 0, 23, 24_472, Int.max] {
            #expect(StunSizedRequest(byteCount: size, transactionID: id) == nil)
        }
    }
}

import SealiftBase
import Testing

@testable import SealiftTraversal

@Suite("Candidates")
struct CandidateTests {
    private func address(_ bytes: [UInt8], _ port: UInt16 = 40_000) -> TransportAddress {
        guard let address = TransportAddress(bytes: bytes, port: port) else {
            preconditionFailure("4 or 16 bytes are an address")
        }
        return address
    }

    private func ipv6(_ text: String) -> TransportAddress {
        address(Hexadecimal.decode(text) ?? [])
    }

    private func read(
        _ bytes: [UInt8], policy: AddressPolicy = AddressPolicy()
    ) -> CandidateList? {
        bytes.withUnsafeBytes { buffer in
            var reader = ByteReader(buffer)
            guard let list = CandidateList(peer: &reader, policy: policy), reader.isAtEnd else {
                return nil
            }
            return list
        }
    }

    @Test("survive the way to the peer")
    func roundTrip() {
        let list = CandidateList([
            Candidate(.host, address([192, 168, 1, 5])),
            Candidate(.reflexive, address([198, 51, 100, 7], 1_024)),
            Candidate(.host, ipv6("20010db8000000000000000000000001")),
            Candidate(.manual, address([192, 168, 1, 5])),
        ])
        #expect(list.candidates.count == 3)
        #expect(read(list.encoded) == list)
    }

    @Test("of a peer never point at this machine, at many at once, at nobody, or at a service")
    func hostile() {
        let refused = [
            address([127, 0, 0, 1]), address([127, 255, 255, 255]), address([0, 0, 0, 0]),
            address([0, 1, 2, 3]), address([224, 0, 0, 1]), address([239, 255, 255, 250]),
            address([255, 255, 255, 255]), address([240, 0, 0, 1]),
            ipv6("00000000000000000000000000000000"), ipv6("00000000000000000000000000000001"),
            ipv6("00000000000000000000ffff7f000001"), ipv6("00000000000000000000ffffc0000201"),
            ipv6("ff020000000000000000000000000001"), address([192, 0, 2, 1], 22),
            address([192, 0, 2, 1], 1_023), address([192, 0, 2, 1], 0),
        ]
        for address in refused {
            let list = CandidateList([Candidate(.host, address)])
            #expect(read(list.encoded)?.candidates.isEmpty == true, "\(address)")
        }
        for address in [
            address([10, 0, 0, 1]), address([223, 255, 255, 255]), address([128, 0, 0, 1]),
            ipv6("fe800000000000000000000000000001"), ipv6("fd000000000000000000000000000001"),
        ] {
            let list = CandidateList([Candidate(.host, address)])
            #expect(read(list.encoded)?.candidates.count == 1, "\(address)")
        }
    }

    @Test("are at most sixteen, and a longer list is refused before it is read")
    func bound() {
        let many = (0..<40).map { Candidate(.host, address([192, 0, 2, UInt8($0)])) }
        #expect(CandidateList(many).candidates.count == 16)
        var bytes = CandidateList(many).encoded
        bytes[0] = 17
        #expect(read(bytes + bytes.suffix(8)) == nil)
    }

    @Test("that are malformed are refused whole, and never trap")
    func malformed() {
        let bytes = CandidateList([Candidate(.host, address([192, 0, 2, 1]))]).encoded
        for length in 0..<bytes.count { #expect(read(Array(bytes[..<length])) == nil) }
        var generator = SeededGenerator(seed: 16)
        for _ in 0..<5_000 { _ = read(generator.bytes(Int(generator.next() % 60))) }
    }

    @Test("follow the user's policy: denied blocks first, then allowed ones")
    func policy() throws {
        let lan = try #require(AddressRange(bytes: [10, 0, 0, 0] as [UInt8], prefixLength: 8))
        let corner = try #require(AddressRange(bytes: [10, 9, 0, 0] as [UInt8], prefixLength: 16))
        let policy = AddressPolicy(allowed: [lan], denied: [corner])
        #expect(policy.permits(address([10, 1, 2, 3])))
        #expect(!policy.permits(address([10, 9, 2, 3])))
        #expect(!policy.permits(address([11, 1, 2, 3])))
        let list = CandidateList([
            Candidate(.host, address([10, 1, 1, 1])), Candidate(.host, address([10, 9, 1, 1])),
        ])
        #expect(read(list.encoded, policy: policy)?.candidates.count == 1)
    }

    @Test("lie in a block by its leading bits, whatever the family")
    func ranges() throws {
        let all = try #require(AddressRange(bytes: [1, 2, 3, 4] as [UInt8], prefixLength: 0))
        #expect(all.contains(address([255, 255, 255, 255])))
        #expect(!all.contains(ipv6("00000000000000000000000000000001")))
        let one = try #require(AddressRange(bytes: [1, 2, 3, 4] as [UInt8], prefixLength: 32))
        #expect(one.contains(address([1, 2, 3, 4])) && !one.contains(address([1, 2, 3, 5])))
        let bytes = Hexadecimal.decode("20010db8000000010000000000000000") ?? []
        for (length, text, isIn) in [
            (64, "20010db800000001ffffffffffffffff", true),
            (64, "20010db8000000020000000000000000", false),
            (65, "20010db8000000018000000000000000", false),
            (128, "20010db8000000010000000000000000", true),
            (128, "20010db8000000010000000000000001", false),
            (0, "ffffffffffffffffffffffffffffffff", true),
        ] {
            let range = try #require(AddressRange(bytes: bytes, prefixLength: length))
            #expect(range.contains(ipv6(text)) == isIn, "\(length) \(text)")
        }
        #expect(AddressRange(bytes: [1, 2, 3, 4] as [UInt8], prefixLength: 33) == nil)
        #expect(AddressRange(bytes: [1, 2, 3] as [UInt8], prefixLength: 8) == nil)
    }
}

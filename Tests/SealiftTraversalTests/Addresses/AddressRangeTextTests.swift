import Testing

@testable import SealiftTraversal

@Suite("A block of addresses as text")
struct AddressRangeTextTests {
    private func parse(_ text: String) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let bytes = parts.compactMap { UInt8($0) }
        return parts.count == 4 && bytes.count == 4 ? bytes : nil
    }

    @Test("is read with and without a prefix")
    func forms() throws {
        let range = try #require(AddressRange("10.1.2.3/8", parse: parse))
        #expect(range.contains(try #require(TransportAddress(bytes: [10, 9, 9, 9], port: 1))))
        #expect(!range.contains(try #require(TransportAddress(bytes: [11, 1, 2, 3], port: 1))))
        let single = try #require(AddressRange("10.1.2.3", parse: parse))
        #expect(single.contains(try #require(TransportAddress(bytes: [10, 1, 2, 3], port: 1))))
        #expect(!single.contains(try #require(TransportAddress(bytes: [10, 1, 2, 4], port: 1))))
    }

    @Test(
        "that is malformed is refused",
        arguments: [
            "", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8/8",
            "10.0.0/8", "ten/8", "10.0.0.0/0008",
        ])
    func malformed(text: String) {
        #expect(AddressRange(text, parse: parse) == nil)
    }
}

import SealiftIO
import Testing

@Suite("Looking up a name")
struct NameLookupTests {
    @Test("gives a numeric address back as it is")
    func numbers() {
        #expect(
            NameLookup.addresses(of: "127.0.0.1", port: 3_478) == [.loopbackIPv4(port: 3_478)])
        #expect(NameLookup.addresses(of: "::1", port: 9) == [.loopbackIPv6(port: 9)])
    }

    @Test("that is none gives nothing")
    func nonsense() {
        #expect(NameLookup.addresses(of: "not a name", port: 1).isEmpty)
    }
}

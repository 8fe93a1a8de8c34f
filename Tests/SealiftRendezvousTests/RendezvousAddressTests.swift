import SealiftBase
import Testing

@testable import SealiftRendezvous

@Suite("The address of a rendezvous server")
struct RendezvousAddressTests {
    private let pin = String(repeating: "ab", count: 32)

    @Test("is read in every form, and written back as it was")
    func forms() throws {
        for text in [
            "wss://rv.example.org:7440", "ws://127.0.0.1:8080", "wss://[2001:db8::7]:443/some/path",
            "wss://rv.example.org:7440#sha256=\(pin)",
        ] {
            #expect(RendezvousAddress(text)?.description == text)
        }
        let short = try #require(RendezvousAddress("wss://rv.example.org/"))
        #expect(short.port == 7_440 && short.pathPrefix.isEmpty && short.pin == nil)
        #expect(RendezvousAddress("wss://[::1]")?.host == "::1")
    }

    @Test("that is malformed is refused")
    func malformed() {
        for text in [
            "", "rv.example.org", "https://rv.example.org", "wss://", "wss://:7440",
            "wss://rv.example.org:0", "wss://rv.example.org:70000", "wss://rv.example.org:",
            "wss://2001:db8::7", "wss://[::1", "wss://[::1]x", "wss://a b", "wss://a\r\nhost:1",
            "wss://a#sha256=12", "wss://a#md5=\(pin)", "ws://a#sha256=\(pin)", "wss://a#",
        ] {
            #expect(RendezvousAddress(text) == nil, "\(text)")
        }
    }
}

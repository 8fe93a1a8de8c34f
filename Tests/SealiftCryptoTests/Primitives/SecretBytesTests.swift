import Testing

@testable import SealiftCrypto

@Suite("Secrets")
struct SecretBytesTests {
    @Test("nothing that holds a secret prints it")
    func unprintable() throws {
        let marker = [UInt8](repeating: 0xC7, count: 32)
        let secret = SecretBytes(copying: marker)
        let psk = try #require(PreSharedKey(secret))
        let device = try DeviceKeyPair(secretEncoding: secret.appending(secret))
        var pair = try HandshakePair()
        let session = try #require(try pair.establish()).initiator
        var shown = "\(secret) \(psk) \(device) \(session.secrets)"
        dump(secret, to: &shown)
        dump(psk, to: &shown)
        dump(device, to: &shown)
        dump(session.secrets, to: &shown)
        debugPrint(secret, psk, device, session, to: &shown)
        #expect(shown.contains("<secret>"))
        // 0xC7 = 199, in the forms that a dump could take. Public keys may hold a single one.
        #expect(!shown.lowercased().contains("c7c7c7"))
        let numbers = shown.split { !$0.isNumber }
        #expect(!zip(numbers, numbers.dropFirst()).contains { $0 == "199" && $1 == "199" })
    }

    @Test("wiping overwrites every byte")
    func wiping() {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 100, alignment: 8)
        defer { memory.deallocate() }
        memory.initializeMemory(as: UInt8.self, repeating: 0xFF)
        wipe(memory)
        #expect(memory.allSatisfy { $0 == 0 })
        wipe(UnsafeMutableRawBufferPointer(start: nil, count: 0))
    }

    @Test("equality looks at every byte and at the length")
    func equality() {
        let base = SecretBytes(copying: Array(0..<32))
        #expect(base.constantTimeEquals(SecretBytes(copying: Array(0..<32))))
        #expect(!base.constantTimeEquals(SecretBytes(copying: Array(0..<31))))
        for index in 0..<32 {
            var bytes = Array(UInt8(0)..<32)
            bytes[index] ^= 0x80
            #expect(!base.constantTimeEquals(SecretBytes(copying: bytes)))
        }
    }

    @Test("seeded entropy replays, and fills runs of any length")
    func entropy() {
        for count in [0, 1, 7, 8, 9, 64, 100] {
            var (one, same, other) = (
                SeededEntropy(seed: 5), SeededEntropy(seed: 5), SeededEntropy(seed: 6)
            )
            let bytes = one.bytes(count)
            #expect(bytes.count == count && bytes == same.bytes(count))
            if count >= 8 { #expect(bytes != other.bytes(count)) }
        }
        var system = SystemEntropy()
        #expect(system.bytes(32) != system.bytes(32))
    }
}

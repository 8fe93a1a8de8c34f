import SealiftBase
import Testing

@testable import SealiftCrypto

@Suite("Sealing backends")
struct PacketCipherTests {
    @Test(
        "all backends seal to the same bytes and open each other's, at every length",
        arguments: 0..<4)
    func agree(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        for length in Array(1...300) + [1_200, 1_400, 1_419, 8_919, 16_384, 65_474] {
            let ciphers = PacketCipher.allBackends(key: SecretBytes(copying: generator.bytes(32)))
            let plaintext = generator.bytes(length)
            let header = generator.bytes(17)
            let nonce = PacketNonce(packetNumber: generator.next() >> 2)
            let sealed = try ciphers.map {
                try #require($0.sealed(plaintext, header: header, nonce: nonce))
            }
            for cipher in ciphers {
                for bytes in sealed {
                    #expect(bytes == sealed[0], "length \(length)")
                    #expect(cipher.opened(bytes, header: header, nonce: nonce) == plaintext)
                }
                var altered = sealed[0]
                altered[Int(generator.next() % UInt64(altered.count))] ^= 1
                #expect(cipher.opened(altered, header: header, nonce: nonce) == nil)
                var otherHeader = header
                otherHeader[Int(generator.next() % 17)] ^= 0x80
                #expect(cipher.opened(sealed[0], header: otherHeader, nonce: nonce) == nil)
            }
        }
    }

    @Test("the backend that this machine chooses is one of those tested")
    func choice() {
        let key = SecretBytes(copying: [UInt8](repeating: 1, count: 32))
        func name(_ cipher: PacketCipher) -> String {
            switch cipher {
            case .portable: "portable"
            #if canImport(CIPSecMB) && arch(x86_64)
                case .multiBuffer: "multi-buffer"
            #endif
            }
        }
        let names = PacketCipher.allBackends(key: key).map(name)
        #expect(names.contains(name(PacketCipher(key: key))))
        print("sealing backend: \(name(PacketCipher(key: key))), tested: \(names)")
    }

    @Test("hashing in lanes gives what hashing one by one gives, from many threads at once")
    func concurrentHashing() async {
        await withTaskGroup(of: Bool.self) { group in
            for seed in 0..<8 {
                group.addTask {
                    var generator = SeededGenerator(seed: UInt64(seed))
                    let bytes = generator.bytes(70 * 4_096 + 77)
                    var (lanes, single) = (
                        [Hash256](repeating: .zero, count: 71),
                        [Hash256](repeating: .zero, count: 71)
                    )
                    for _ in 0..<20 {
                        bytes.withUnsafeBytes { run in
                            lanes.withUnsafeMutableBufferPointer {
                                SHA256Digest.hashBlocks(of: run, blockSize: 4_096, into: $0)
                            }
                            single.withUnsafeMutableBufferPointer {
                                SHA256Digest.hashBlocksOneByOne(of: run, blockSize: 4_096, into: $0)
                            }
                        }
                        if lanes != single { return false }
                    }
                    return true
                }
            }
            for await isEqual in group { #expect(isEqual) }
        }
    }
}

import SealiftBase
import Testing

@testable import SealiftCrypto

@Suite("SHA-256")
struct SHA256DigestTests {
    @Test("known answers of FIPS 180-4")
    func knownAnswers() {
        #expect(
            SHA256Digest.hash([UInt8]()).hexadecimal
                == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(
            SHA256Digest.hash(Array("abc".utf8)).hexadecimal
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test("parts give the hash of the whole, and a node the hash of its halves")
    func parts() {
        var generator = SeededGenerator(seed: 3)
        let bytes = generator.bytes(1000)
        for cut in stride(from: 0, through: 1000, by: 37) {
            var hasher = IncrementalSHA256()
            Array(bytes[..<cut]).withUnsafeBytes { hasher.update($0) }
            Array(bytes[cut...]).withUnsafeBytes { hasher.update($0) }
            #expect(hasher.finalize() == SHA256Digest.hash(bytes))
        }
        let (left, right) = (SHA256Digest.hash([1]), SHA256Digest.hash([2]))
        #expect(SHA256Digest.hash(left, right) == SHA256Digest.hash(left.bytes + right.bytes))
        #expect(SHA256Digest.hash(left, right) != SHA256Digest.hash(right, left))
    }

    @Test("hashing blocks gives each block's own hash, for every count and a short last block")
    func blocks() {
        var generator = SeededGenerator(seed: 4)
        let size = 16_384
        let bytes = generator.bytes(40 * size)
        let edges = [0, 1, 63, 64, size - 1, size, size + 1, 2 * size, 16 * size, 17 * size]
        let short = (1...40).map { $0 * size - 100 }
        for length in edges + short + [40 * size] {
            let count = (length + size - 1) / size
            // One place more than needed: it must stay as it is.
            var out = [Hash256](repeating: .zero, count: count + 1)
            bytes[..<length].withUnsafeBytes { run in
                out.withUnsafeMutableBufferPointer {
                    SHA256Digest.hashBlocks(of: run, blockSize: size, into: $0)
                }
            }
            for index in 0..<count {
                let block = bytes[(index * size)..<min(length, (index + 1) * size)]
                #expect(out[index] == SHA256Digest.hash(Array(block)), "\(length), \(index)")
            }
            #expect(out[count] == .zero)
        }
    }

    @Test("blocks of other sizes, larger than a lane takes too")
    func otherBlockSizes() {
        var generator = SeededGenerator(seed: 5)
        let bytes = generator.bytes(300_000)
        for size in [1, 55, 56, 64, 1000, 65_535, 65_536, 70_000, 262_144] {
            let run = size == 1 ? Array(bytes[..<100]) : bytes
            let count = (run.count + size - 1) / size
            var out = [Hash256](repeating: .zero, count: count)
            run.withUnsafeBytes { run in
                out.withUnsafeMutableBufferPointer {
                    SHA256Digest.hashBlocks(of: run, blockSize: size, into: $0)
                }
            }
            for index in 0..<count {
                let block = run[(index * size)..<min(run.count, (index + 1) * size)]
                #expect(out[index] == SHA256Digest.hash(Array(block)), "\(size), \(index)")
            }
        }
    }
}

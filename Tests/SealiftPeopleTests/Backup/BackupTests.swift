import SealiftBase
import SealiftCrypto
import Testing

@testable import SealiftPeople

@Suite("A backup file")
struct BackupTests {
    private static let passphrase = SecretBytes(copying: Array("correct horse".utf8))
    private static let other = SecretBytes(copying: Array("correct house".utf8))

    private static func words(_ byte: UInt8) throws -> RecoveryWords {
        try #require(
            RecoveryWords(entropy: SecretBytes(copying: [UInt8](repeating: byte, count: 32))))
    }

    @Test("under a passphrase is opened by that one only, and by no words")
    func passphrase() throws {
        var entropy = SeededEntropy(seed: 1)
        let made = try #require(
            BackupHeader.make(under: Self.passphrase, cost: .test, entropy: &entropy))
        let read = try BackupHeader(decoding: made.header.encoded + [1, 2, 3])
        #expect(read.form == .passphrase && read.byteCount == made.header.encoded.count)
        #expect(read.byteCount <= BackupHeader.maximumByteCount)
        #expect(
            try #require(read.key(under: Self.passphrase)).constantTimeEquals(made.key))
        #expect(read.key(under: Self.other) == nil)
        #expect(read.key(under: try Self.words(1)) == nil)
    }

    @Test("under the words is opened by those only, and by no passphrase")
    func words() throws {
        var entropy = SeededEntropy(seed: 2)
        let made = try #require(
            BackupHeader.make(under: try Self.words(1), entropy: &entropy))
        let read = try BackupHeader(decoding: made.header.encoded)
        #expect(read.form == .words && read.byteCount == BackupHeader.maximumByteCount)
        #expect(try #require(read.key(under: Self.words(1))).constantTimeEquals(made.key))
        #expect(read.key(under: try Self.words(2)) == nil)
        #expect(read.key(under: Self.passphrase) == nil)
    }

    @Test("with any byte of its header changed, or cut in it, says so and opens nothing")
    func header() throws {
        var entropy = SeededEntropy(seed: 3)
        let made = try #require(
            BackupHeader.make(under: try Self.words(1), entropy: &entropy))
        let whole = made.header.encoded
        for place in whole.indices {
            for bit in 0..<8 {
                var altered = whole
                altered[place] ^= 1 << UInt8(bit)
                #expect(throws: BackupError.self) { try BackupHeader(decoding: altered) }
            }
            #expect(throws: BackupError.self) {
                try BackupHeader(decoding: Array(whole.prefix(place)))
            }
        }
        #expect(throws: BackupError.notABackup) { try BackupHeader(decoding: []) }
        #expect(throws: BackupError.notABackup) {
            try BackupHeader(decoding: Array("SQLite format 3".utf8))
        }
        #expect(throws: BackupError.newerVersion) {
            try BackupHeader(decoding: Array("SLB2".utf8) + whole.dropFirst(4))
        }
        #expect(throws: BackupError.newerVersion) {
            try BackupHeader(decoding: Array("SLB1".utf8) + [9] + whole.dropFirst(5))
        }
    }

    /// Three segments of a file.
    private static func sealed() throws -> (key: SecretBytes, segments: [[UInt8]]) {
        var entropy = SeededEntropy(seed: 4)
        let key = SecretBytes(count: 32, entropy: &entropy)
        var sealer = BackupSealer(key: key)
        let full = [UInt8](repeating: 7, count: BackupSegments.contentByteCount)
        let segments = try [(full, false), (full, false), ([1, 2, 3], true)].map {
            try #require(sealer.seal($0, isLast: $1, entropy: &entropy))
        }
        return (key, segments)
    }

    /// What opens of `segments`, in bytes of content.
    private static func opened(_ segments: [[UInt8]], _ key: SecretBytes) throws -> Int {
        var opener = BackupOpener(key: key)
        var count = 0
        for (index, segment) in segments.enumerated() {
            count += try opener.open(segment, isLast: index == segments.count - 1).count
        }
        return count
    }

    @Test("has segments that open in their order only: none moved, left out, repeated or cut off")
    func segments() throws {
        let (key, segments) = try Self.sealed()
        let whole = 2 * BackupSegments.contentByteCount + 3
        #expect(try Self.opened(segments, key) == whole)
        let bytes = UInt64(segments.map(\.count).reduce(0, +))
        #expect(BackupSegments.contentLength(of: bytes) == UInt64(whole))
        for order in [
            [1, 0, 2], [0, 2], [1, 2], [0, 1], [0], [2], [0, 1, 1, 2], [0, 1, 2, 2],
        ] {
            #expect(throws: BackupError.damaged, "\(order)") {
                try Self.opened(order.map { segments[$0] }, key)
            }
        }
        var entropy = SeededEntropy(seed: 5)
        let another = SecretBytes(count: 32, entropy: &entropy)
        #expect(throws: BackupError.damaged) { try Self.opened(segments, another) }
        for place in segments[2].indices {
            var altered = segments
            altered[2][place] ^= 1
            #expect(throws: BackupError.damaged) { try Self.opened(altered, key) }
            altered[2] = Array(segments[2].prefix(place))
            #expect(throws: BackupError.damaged) { try Self.opened(altered, key) }
        }
    }

    @Test("has no length that segments cannot have, and no segment of another size")
    func lengths() throws {
        for short in [0, 1, UInt64(BackupSegments.overhead)] {
            #expect(BackupSegments.contentLength(of: short) == nil)
            let behind = UInt64(BackupSegments.sealedByteCount) + short
            #expect((BackupSegments.contentLength(of: behind) == nil) == (short > 0))
        }
        #expect(BackupSegments.contentLength(of: UInt64(BackupSegments.overhead) + 1) == 1)
        #expect(BackupSegments.contentLength(of: .max) != 0)
        var entropy = SeededEntropy(seed: 6)
        var sealer = BackupSealer(key: SecretBytes(count: 32, entropy: &entropy))
        #expect(sealer.seal([], isLast: true, entropy: &entropy) == nil)
        #expect(sealer.seal([1], isLast: false, entropy: &entropy) == nil)
        let long = [UInt8](repeating: 0, count: BackupSegments.contentByteCount + 1)
        #expect(sealer.seal(long, isLast: true, entropy: &entropy) == nil)
    }

    @Test("has a preface that is read as it was written, and in no other length or form")
    func preface() throws {
        var entropy = SeededEntropy(seed: 7)
        let device = DeviceKeyPair.generate(entropy: &entropy)
        let time = WallTime(secondsSince1970: 1_795_000_000)
        let head = LogHead(log: LogID(entropy: &entropy), size: 9, root: LogHash.empty)
        for head in [LogCheckpoint(head, at: time, by: device), nil] {
            let preface = try #require(
                BackupPreface(
                    time: time, identity: IdentityID(SHA256Digest.hash([1])),
                    device: device.publicKeys, head: head, databaseLength: 4_096))
            let bytes = preface.encoded
            #expect(bytes.count == BackupPreface.byteCount)
            #expect(try BackupPreface(decoding: bytes) == preface)
            #expect(throws: BackupError.damaged) { try BackupPreface(decoding: bytes + [0]) }
            #expect(throws: BackupError.damaged) {
                try BackupPreface(decoding: Array(bytes.dropLast()))
            }
            #expect(throws: BackupError.newerVersion) {
                try BackupPreface(decoding: [2] + bytes.dropFirst())
            }
            // A length of zero, and one beyond the bound.
            #expect(throws: BackupError.damaged) {
                try BackupPreface(decoding: bytes.dropLast(8) + [UInt8](repeating: 0, count: 8))
            }
            #expect(throws: BackupError.damaged) {
                try BackupPreface(decoding: bytes.dropLast(8) + [UInt8](repeating: 0xFF, count: 8))
            }
        }
    }
}

import SealiftBase
import SealiftCrypto
import Testing

@testable import SealiftContent

@Suite("Records of placed files")
struct PlacedFileRecordTests {
    private func identity(
        inode: UInt64 = 5, size: UInt64 = 6, modified: Int64 = 7, changed: Int64 = 8
    ) throws -> FileIdentity {
        FileIdentity(
            device: 0, inode: inode, size: size,
            modificationTime: try #require(
                ModificationTime(seconds: modified, nanoseconds: 999_999_999)),
            changeTime: try #require(ModificationTime(seconds: changed, nanoseconds: 1)))
    }

    private func record(
        _ state: PlacedFileRecord.State = .placed
    ) throws -> PlacedFileRecord {
        PlacedFileRecord(
            state: state, path: PathKey(try Samples.path("a/b")), key: try #require(Samples.key),
            isExecutable: true, number: 3, root: SHA256Digest.hash([1]), identity: try identity())
    }

    @Test("come back as they were written, in 120 bytes")
    func roundTrip() throws {
        for state in [PlacedFileRecord.State.placing, .placed, .refuted] {
            let bytes = try record(state).encoded
            #expect(bytes.count == 120)
            #expect(
                bytes.withUnsafeBytes { PlacedFileRecord(decoding: $0) } == (try record(state)))
        }
    }

    @Test("that are cut or changed anywhere count as none")
    func damaged() throws {
        let bytes = try record().encoded
        for end in 0..<bytes.count {
            #expect(bytes[..<end].withUnsafeBytes { PlacedFileRecord(decoding: $0) } == nil)
            var changed = bytes
            changed[end] ^= 0x10
            #expect(changed.withUnsafeBytes { PlacedFileRecord(decoding: $0) } == nil)
        }
        let zeros = [UInt8](repeating: 0, count: 120)
        #expect(zeros.withUnsafeBytes { PlacedFileRecord(decoding: $0) } == nil)
    }

    @Test("know a file again only if nobody touched it")
    func match() throws {
        #expect(try record().match(identity()) == .untouched)
        #expect(try record().match(identity(changed: 9)) == .plausible)
        #expect(try record().match(identity(inode: 9)) == .plausible)
        #expect(try record().match(identity(size: 9)) == .other)
        #expect(try record().match(identity(modified: 9)) == .other)
        #expect(try record(.placing).match(identity()) == .plausible)
    }

    @Test("The check of eight bytes at a time is that of one at a time")
    func check() {
        var generator = SeededGenerator(seed: 1)
        for count in 0..<70 {
            let bytes = generator.bytes(count)
            var whole = CyclicRedundancyCheck()
            bytes.withUnsafeBytes { whole.update($0) }
            var single = CyclicRedundancyCheck()
            for byte in bytes { single.update(CollectionOfOne(byte)) }
            #expect(whole.value == single.value)
        }
    }
}

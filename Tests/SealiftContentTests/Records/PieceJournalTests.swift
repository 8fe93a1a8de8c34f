import SealiftBase
import SealiftCrypto
import Testing

@testable import SealiftContent

/// The data file's inode.
private let inode: UInt64 = 77

/// A journal's file in memory.
private struct Disk {
    var bytes: [UInt8] = []

    mutating func apply(_ write: PieceJournalWriter.Write) {
        let end = Int(write.offset) + write.bytes.count
        if bytes.count < end { bytes += [UInt8](repeating: 0, count: end - bytes.count) }
        bytes.replaceSubrange(Int(write.offset)..<end, with: write.bytes)
    }

    func read(
        in boot: BootIdentity, dataInode: UInt64 = inode, chunk: Int = 64
    ) -> PieceJournalReader? {
        guard let header = bytes.withUnsafeBytes({ PieceJournalHeader.newest(in: $0) }) else {
            return nil
        }
        var reader = PieceJournalReader(header: header, boot: boot, dataInode: dataInode)
        var start = Int(PieceJournalFormat.tableOffset)
        while start < bytes.count {
            let end = min(bytes.count, start + chunk)
            bytes[start..<end].withUnsafeBytes { reader.feed($0) }
            start = end
        }
        return reader
    }
}

private func hash(_ number: UInt64) -> Hash256 { SHA256Digest.hash([UInt8(number & 255), 1]) }

@Suite("The piece journal")
struct PieceJournalTests {
    let key: StagingKey
    let boot: BootIdentity
    let otherBoot: BootIdentity
    let length: UInt64 = 40 << 18

    init() throws {
        key = try #require(Samples.key)
        boot = try #require(Samples.boot)
        otherBoot = try #require(Samples.otherBoot)
    }

    /// Pieces 0, 5, 3 synced; 7 and 1 not.
    private func journal() -> (Disk, PieceJournalWriter) {
        var writer = PieceJournalWriter(key: key, dataInode: inode, length: length, boot: boot)
        var disk = Disk()
        disk.apply(writer.headerWrite)
        for piece in [0, 5, 3] as [UInt64] {
            disk.apply(writer.record(PieceIndex(piece), hash: hash(piece)))
        }
        let sync = writer.beginSync()
        disk.apply(writer.record(PieceIndex(7), hash: hash(7)))
        disk.apply(writer.completeSync(sync))
        disk.apply(writer.record(PieceIndex(1), hash: hash(1)))
        return (disk, writer)
    }

    private func members(_ set: PieceSet) -> [UInt64] { set.intervals.ranges.flatMap { Array($0) } }

    @Test(
        "In the same run of the machine everything is trusted", arguments: [1, 39, 40, 41, 10_000])
    func sameBoot(chunk: Int) throws {
        let reader = try #require(journal().0.read(in: boot, chunk: chunk))
        #expect(members(reader.trusted) == [0, 1, 3, 5, 7])
        #expect(reader.doubtful.isEmpty)
    }

    @Test("After a power cut only what was synced is trusted")
    func otherRun() throws {
        let reader = try #require(journal().0.read(in: otherBoot))
        #expect(members(reader.trusted) == [0, 3, 5])
        #expect(members(reader.doubtful) == [1, 7])
    }

    @Test("Records of data that another file took the place of are all doubtful")
    func otherData() throws {
        let reader = try #require(journal().0.read(in: boot, dataInode: inode + 1))
        #expect(reader.trusted.isEmpty)
        #expect(members(reader.doubtful) == [0, 1, 3, 5, 7])
        let writer = PieceJournalWriter(resuming: reader, boot: boot, dataInode: inode + 1)
        #expect(writer.header.revision == reader.header.revision + 1)
    }

    @Test("A journal cut at every byte gives a part of what was proven, never more")
    func tornEverywhere() throws {
        let disk = journal().0
        for end in 0...disk.bytes.count {
            let torn = Disk(bytes: Array(disk.bytes[..<end]))
            guard let reader = torn.read(in: boot) else {
                #expect(end < PieceJournalHeader.byteCount)
                continue
            }
            for piece in members(reader.trusted) {
                #expect([0, 1, 3, 5, 7].contains(piece))
                #expect(Int(PieceJournalFormat.offset(of: PieceIndex(piece))) + 40 <= end)
            }
        }
    }

    @Test("Any byte changed takes at most its own record, or one header, with it")
    func changedEverywhere() throws {
        let disk = journal().0
        let table = Int(PieceJournalFormat.tableOffset)
        for place in Array(0..<72) + Array(4_096..<4_168) + Array(table..<disk.bytes.count) {
            var changed = disk
            changed.bytes[place] ^= 0x40
            let reader = try #require(changed.read(in: otherBoot))
            var expected: [UInt64] = [0, 3, 5]
            if place >= table {
                expected.removeAll { $0 == UInt64((place - table) / 40) }
            } else if place >= 4_096 {
                // The newest header is in slot 1: the one before knows of no sync.
                expected = []
            }
            #expect(members(reader.trusted) == expected, "byte \(place)")
        }
    }

    @Test("A header torn while it is written leaves the one before in force")
    func tornHeader() throws {
        var (disk, writer) = journal()
        let before = disk.bytes
        let write = writer.completeSync(writer.beginSync())
        disk.apply(write)
        #expect(members(try #require(disk.read(in: otherBoot)).trusted) == [0, 1, 3, 5, 7])
        for count in 0..<write.bytes.count {
            var torn = Disk(bytes: before)
            torn.apply(
                PieceJournalWriter.Write(
                    offset: write.offset, bytes: Array(write.bytes[..<count])))
            #expect(members(try #require(torn.read(in: otherBoot)).trusted) == [0, 3, 5])
        }
    }

    @Test("Records of another file, or in another place, count as none")
    func misplaced() throws {
        let record = PieceJournalRecord(hash: hash(1), epoch: 1)
        let bytes = record.encoded(for: PieceIndex(4), key: key)
        let otherKey = try #require(StagingKey(bytes: [UInt8](repeating: 8, count: 16)))
        bytes.withUnsafeBytes {
            #expect(PieceJournalRecord(decoding: $0, for: PieceIndex(4), key: key) == record)
            #expect(PieceJournalRecord(decoding: $0, for: PieceIndex(5), key: key) == nil)
            #expect(PieceJournalRecord(decoding: $0, for: PieceIndex(4), key: otherKey) == nil)
        }
    }

    @Test("A newer journal is told from a damaged one")
    func versions() {
        var bytes = PieceJournalWriter(
            key: key, dataInode: inode, length: 1, boot: boot
        ).header.encoded
        bytes[4] = 3
        bytes.removeLast(4)
        var writer = ByteWriter()
        writer.write(bytes)
        writer.write(CyclicRedundancyCheck.value(of: bytes))
        #expect(throws: RecordViolation.newerVersion(3)) {
            try writer.bytes.withUnsafeBytes { bytes throws in
                try PieceJournalHeader(decoding: bytes)
            }
        }
    }

    @Test("Records behind the file's last piece count as none")
    func pastEnd() throws {
        let writer = PieceJournalWriter(key: key, dataInode: inode, length: 1 << 18, boot: boot)
        var disk = Disk()
        disk.apply(writer.headerWrite)
        disk.apply(writer.record(PieceIndex(0), hash: hash(0)))
        disk.apply(writer.record(PieceIndex(1), hash: hash(1)))
        #expect(members(try #require(disk.read(in: boot)).trusted) == [0])
    }

    /// The data and the journal of one file on a disk that may lose or reorder what is not synced.
    /// A piece's bytes are a number; proven means recorded with the hash of that number.
    @Test(
        "Power cuts at every step, writes lost and reordered: trusted means on disk",
        arguments: 0..<400)
    func powerCuts(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var data = [UInt64](repeating: 0, count: 40)
        var pendingData: [(Int, UInt64)] = []
        var disk = Disk()
        var pendingJournal: [PieceJournalWriter.Write] = []
        var run: UInt8 = 1
        var identity = try #require(BootIdentity(bytes: [UInt8](repeating: run, count: 16)))
        var writer = PieceJournalWriter(
            key: key, dataInode: inode, length: length, boot: identity)
        disk.apply(writer.headerWrite)

        func syncJournal() {
            for write in pendingJournal { disk.apply(write) }
            pendingJournal = []
        }

        for _ in 0..<3 {
            for _ in 0..<Int.random(in: 0...60, using: &generator) {
                switch Int.random(in: 0..<10, using: &generator) {
                case 0:
                    let sync = writer.beginSync()
                    for (piece, value) in pendingData { data[piece] = value }
                    pendingData = []
                    if Int.random(in: 0..<4, using: &generator) == 0 { continue }
                    pendingJournal.append(writer.completeSync(sync))
                    if Bool.random(using: &generator) { syncJournal() }
                default:
                    let piece = Int.random(in: 0..<40, using: &generator)
                    // The source may change between two contents, and back.
                    let value = UInt64.random(in: 1...2, using: &generator) * 50 + UInt64(piece)
                    pendingJournal.append(writer.erase(PieceIndex(UInt64(piece))))
                    syncJournal()
                    pendingData.append((piece, value))
                    pendingJournal.append(
                        writer.record(PieceIndex(UInt64(piece)), hash: hash(value)))
                }
            }
            // The power goes: of each kind of write a random part arrived, in any order per piece.
            for (piece, value) in pendingData where Bool.random(using: &generator) {
                data[piece] = value
            }
            pendingData = []
            for write in pendingJournal where Bool.random(using: &generator) {
                let isTorn = Int.random(in: 0..<5, using: &generator) == 0
                let kept =
                    isTorn
                    ? Int.random(in: 0...write.bytes.count, using: &generator) : write.bytes.count
                disk.apply(
                    PieceJournalWriter.Write(
                        offset: write.offset, bytes: Array(write.bytes[..<kept])))
            }
            pendingJournal = []

            run += 1
            identity = try #require(BootIdentity(bytes: [UInt8](repeating: run, count: 16)))
            let reader = try #require(disk.read(in: identity))
            func isOnDisk(_ piece: UInt64) -> Bool {
                let offset = Int(PieceJournalFormat.offset(of: PieceIndex(piece)))
                let record = disk.bytes[offset..<(offset + 40)].withUnsafeBytes {
                    PieceJournalRecord(decoding: $0, for: PieceIndex(piece), key: key)
                }
                return record?.hash == hash(data[Int(piece)])
            }
            for piece in members(reader.trusted) {
                #expect(isOnDisk(piece), "seed \(seed), piece \(piece)")
            }
            // Resume as the documentation says: re-hash the doubtful, keep or erase, sync, go on.
            writer = PieceJournalWriter(resuming: reader, boot: identity, dataInode: inode)
            for piece in members(reader.doubtful) {
                let index = PieceIndex(piece)
                disk.apply(
                    isOnDisk(piece)
                        ? writer.record(index, hash: hash(data[Int(piece)])) : writer.erase(index))
            }
            disk.apply(writer.headerWrite)
        }
    }
}

@Suite("The staging key")
struct StagingKeyTests {
    @Test("It is the hash of path, size and time")
    func bytes() throws {
        let path = try Samples.path("a/b")
        let file = FileEntry(
            size: 258, modificationTime: try #require(ModificationTime(seconds: -1, nanoseconds: 2))
        )
        let input =
            Array("sealift/1 staginga/b".utf8) + [0] + [0, 0, 0, 0, 0, 0, 1, 2]
            + [UInt8](repeating: 255, count: 8) + [0, 0, 0, 2]
        let key = StagingKey(path: path, file: file)
        #expect(key.bytes == Array(SHA256Digest.hash(input).bytes.prefix(16)))
        #expect(key.hexadecimal.count == 32)
        #expect(key.fileName(ending: ".data") == Array((key.hexadecimal + ".data").utf8))
    }

    @Test("CRC-32C has its published check value")
    func check() {
        #expect(CyclicRedundancyCheck.value(of: "123456789".utf8) == 0xE306_9283)
    }
}

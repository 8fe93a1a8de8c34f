import SealiftBase
import SealiftContent

extension FuzzTarget {
    /// A journal of proven pieces as it may lie on a disk: torn, cut, of another file, planted.
    ///
    /// Chunks make no difference, and no piece is believed that the file does not have.
    static let pieceJournal = FuzzTarget(
        "piece-journal", maximumLength: 2_048, seeds: JournalSample.seeds
    ) { input throws(BrokenRule) in
        let (step, setup) = (1 + input.choice(100), input.byte())
        let (isSameBoot, isChecked) = (setup & 1 == 0, setup & 2 != 0)
        // The two slots' first bytes, then the table: what lies between is of no meaning.
        let slots = (0..<2).map { _ in
            let slot = input.filled(PieceJournalHeader.byteCount)
            return isChecked ? RecordCheck.corrected(slot, count: slot.count) : slot
        }
        let padding = [UInt8](
            repeating: 0,
            count: Int(PieceJournalFormat.slotByteCount) - PieceJournalHeader.byteCount)
        let area = slots[0] + padding + slots[1]
        guard let header = area.withUnsafeBytes({ PieceJournalHeader.newest(in: $0) }) else {
            return
        }
        try demand(slots.contains(header.encoded), "a header is not written as it was read")
        guard
            let boot = isSameBoot
                ? header.boot : BootIdentity(bytes: [UInt8](repeating: 1, count: 16))
        else { return }
        var table = input.rest()
        if isChecked { table = RecordCheck.corrected(table: table, key: header.key) }
        let whole = read(table, header, boot, by: max(1, table.count))
        let inParts = read(table, header, boot, by: step)
        try demand(
            whole.trusted == inParts.trusted && whole.doubtful == inParts.doubtful
                && whole.highestEpoch == inParts.highestEpoch, "chunks make other pieces")
        let count = PieceGeometry.pieceCount(of: header.length)
        for set in [whole.trusted, whole.doubtful] {
            try demand(
                set.intervals.ranges.allSatisfy { $0.upperBound <= count }, "a piece past the end")
        }
        var writer = PieceJournalWriter(resuming: whole, boot: boot, dataInode: 1)
        let sync = writer.beginSync()
        let next = writer.completeSync(sync)
        try demand(next.bytes.count == PieceJournalHeader.byteCount, "a header's size")
    }

    private static func read(
        _ table: [UInt8], _ header: PieceJournalHeader, _ boot: BootIdentity, by step: Int
    ) -> PieceJournalReader {
        var reader = PieceJournalReader(header: header, boot: boot, dataInode: 1)
        for start in stride(from: 0, to: table.count, by: step) {
            table[start..<min(start + step, table.count)].withUnsafeBytes { reader.feed($0) }
        }
        return reader
    }

    /// A record of piece hashes in the home folder.
    static let pieceHashCache = FuzzTarget(
        "piece-hash-cache", maximumLength: 4_096,
        seeds: {
            [300_000, 1 << 18, 0, 20 << 20].map { size in
                [0] + CacheSample.record(size: size, hashes: CacheSample.hashes(size))
            } + [[1] + CacheSample.record(size: .max, hashes: [])]
        }
    ) { input throws(BrokenRule) in
        let isChecked = input.byte() & 1 == 1
        var bytes = input.rest()
        if isChecked {
            bytes = RecordCheck.corrected(bytes, count: PieceHashCacheHeader.byteCount)
        }
        guard
            let header = bytes.withUnsafeBytes({ try? PieceHashCacheHeader(decoding: $0) })
        else { return }
        try demand(
            bytes.starts(with: header.encoded), "a header is not written as it was read")
        let last = PieceGeometry.pieceCount(of: header.identity.size)
        try demand(header.offset(of: PieceIndex(last)) == nil, "a hash behind the last piece")
        _ = header.offset(of: PieceIndex(last &- 1))
        let table = bytes[PieceHashCacheHeader.byteCount...]
        var verifier = PieceHashTableVerifier(header: header)
        verifier.feedZeroPieces(count: UInt64(bytes[0]) << 40)
        for start in stride(from: table.startIndex, to: table.endIndex, by: 33) {
            table[start..<min(start + 33, table.endIndex)].withUnsafeBytes { verifier.feed($0) }
        }
        _ = verifier.isProven()
        guard let record = bytes.withUnsafeBytes({ try? PieceHashCacheRecord(decoding: $0) }) else {
            return
        }
        try demand(record.encoded == bytes, "a record is not written as it was read")
    }
}

/// The checks of records (CRC-32C), made right: a fuzzer does not find one by itself.
enum RecordCheck {
    /// `bytes` with the check in the last four of its first `count` bytes made right.
    static func corrected(_ bytes: [UInt8], count: Int) -> [UInt8] {
        guard bytes.count >= count else { return bytes }
        let check = value(of: bytes[..<(count - 4)])
        return bytes[..<(count - 4)] + check + bytes[count...]
    }

    /// A journal's table with the check of every record made right.
    static func corrected(table: [UInt8], key: StagingKey) -> [UInt8] {
        var table = table
        let size = PieceJournalFormat.recordByteCount
        for (piece, start) in stride(from: 0, through: table.count - size, by: size).enumerated() {
            var covered = ByteWriter()
            covered.write(key.bytes)
            covered.write(UInt64(piece))
            covered.write(table[start..<(start + size - 4)])
            let end = start + size
            table.replaceSubrange((end - 4)..<end, with: value(of: covered.bytes[...]))
        }
        return table
    }

    private static func value(of bytes: ArraySlice<UInt8>) -> [UInt8] {
        var state = UInt32.max
        for byte in bytes {
            state ^= UInt32(byte)
            for _ in 0..<8 { state = state >> 1 ^ (state & 1 == 1 ? 0x82F6_3B78 : 0) }
        }
        var writer = ByteWriter()
        writer.write(~state)
        return writer.bytes
    }
}

/// Journals to begin with.
private enum JournalSample {
    static func seeds() -> [[UInt8]] {
        guard let path = try? EntryPath(Array("a/b".utf8)),
            let boot = BootIdentity(bytes: [UInt8](repeating: 7, count: 16)),
            let hash = Hash256([UInt8](repeating: 5, count: 32))
        else { return [] }
        return [3 << 18, 1 << 56, UInt64.max].map { length in
            let file = FileEntry(size: min(length, FileEntry.maximumSize), modificationTime: .epoch)
            let key = StagingKey(path: path, file: file)
            var writer = PieceJournalWriter(
                key: key, dataInode: 1, length: length, boot: boot)
            let first = writer.headerWrite.bytes
            var table: [UInt8] = []
            for piece in 0..<4 {
                table += writer.record(PieceIndex(UInt64(piece)), hash: hash).bytes
                if piece == 1 { table += [UInt8](repeating: 0, count: 40) }
            }
            let sync = writer.beginSync()
            let second = writer.completeSync(sync).bytes
            return [39, UInt8(length & 3)] + first + second + table
        }
    }
}

/// Cache records to begin with.
private enum CacheSample {
    static func hashes(_ size: UInt64) -> [Hash256] {
        (0..<PieceGeometry.pieceCount(of: size)).map { piece in
            Hash256([UInt8](repeating: UInt8(piece % 3), count: 32)) ?? .zero
        }
    }

    static func record(size: UInt64, hashes: [Hash256]) -> [UInt8] {
        var accumulator = RootAccumulator()
        for hash in hashes { accumulator.append(PieceHashTable.hash(hash)) }
        let identity = FileIdentity(
            device: 1, inode: 2, size: size, modificationTime: .epoch, changeTime: .epoch)
        let root = hashes.isEmpty ? .zero : accumulator.finalize(length: size)
        var writer = ByteWriter()
        writer.write(PieceHashCacheHeader(identity: identity, root: root).encoded)
        for hash in hashes { writer.write(hash) }
        return writer.bytes
    }
}

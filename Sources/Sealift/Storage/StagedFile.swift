import SealiftBase
import SealiftContent
import SealiftIO
import SealiftTransfer

/// The staged data of one file of more than one piece, with its journal (`docs/PROTOCOL.md` §9).
///
/// Data is written first, its record after; a record that is lost costs a piece, one that lies cannot
/// be: after a power cut only records whose data was synced are believed.
final class StagedFile {
    /// Room is reserved this far ahead of what is written, so that files do not fragment and an
    /// interrupted transfer of a huge file holds no more than this in vain.
    private static let reserveAhead: UInt64 = 64 << 20

    let entry: ListingEntry
    let facts: FileEntry
    let key: StagingKey
    private let data: OpenFile
    private let journalFile: OpenFile
    private var journal: PieceJournalWriter
    private var reservedEnd: UInt64 = 0
    private var canReserve = true
    /// Whether records were written that no sync covers yet.
    private var isDirty = false

    /// The pieces that an earlier run proved; empty where there was none.
    let claimed: PieceHashes

    init(
        _ entry: ListingEntry, _ facts: FileEntry, in staging: DirectoryHandle, boot: BootIdentity
    ) throws(SystemError) {
        self.entry = entry
        self.facts = facts
        key = StagingKey(path: entry.path, file: facts)
        data = try staging.openFile(
            Self.dataName(key), for: .creatingOrUpdating(mode: 0o600))
        journalFile = try staging.openFile(
            Self.journalName(key), for: .creatingOrUpdating(mode: 0o600))
        let found = try Self.readJournal(journalFile, data: data, key: key, facts, boot: boot)
        if let found {
            journal = found.writer
            claimed = found.claimed
        } else {
            journal = PieceJournalWriter(key: key, length: facts.size, boot: boot)
            claimed = PieceHashes(layout: facts.pieceLayout)
            try journalFile.setSize(0)
            try data.setSize(0)
        }
        let header = journal.headerWrite
        try journalFile.write(header.bytes, at: header.offset)
    }

    static func dataName(_ key: StagingKey) -> [UInt8] { Array("\(key.hexadecimal).data".utf8) }
    static func journalName(_ key: StagingKey) -> [UInt8] {
        Array("\(key.hexadecimal).journal".utf8)
    }

    /// Writes a piece, then its record.
    func write(
        _ piece: PieceIndex, _ content: UnsafeRawBufferPointer, hash: Hash256
    ) throws(SystemError) {
        let offset = piece.rawValue * UInt64(PieceGeometry.pieceSize)
        try reserve(through: offset + UInt64(content.count))
        try data.write(from: content, at: offset)
        let record = journal.record(piece, hash: hash)
        try journalFile.write(record.bytes, at: record.offset)
        isDirty = true
    }

    /// Strikes a piece from the journal, for good before its bytes are overwritten.
    func forget(_ piece: PieceIndex) throws(SystemError) {
        let erasure = journal.erase(piece)
        try journalFile.write(erasure.bytes, at: erasure.offset)
        try journalFile.sync()
    }

    private func reserve(through end: UInt64) throws(SystemError) {
        guard canReserve, end > reservedEnd, facts.holes.isEmpty else { return }
        let target = min(facts.size, end + Self.reserveAhead)
        canReserve = try data.reserve(reservedEnd..<target)
        reservedEnd = target
    }

    /// Begins a sync of what was written so far; the volume is to be synced next.
    func beginSync() -> PieceJournalWriter.Sync? {
        guard isDirty else { return nil }
        isDirty = false
        return journal.beginSync()
    }

    /// Ends a sync: the volume was synced since it began.
    func completeSync(_ sync: PieceJournalWriter.Sync) throws(SystemError) {
        let header = journal.completeSync(sync)
        try journalFile.write(header.bytes, at: header.offset)
        try journalFile.sync()
    }

    /// Gives the whole, proven content its length, mode and time.
    func finish() throws(SystemError) {
        try data.setSize(facts.size)
        try data.setMode(Self.mode(of: facts))
        try data.setModified(FileTime(facts.modificationTime))
    }

    /// 0666 or 0777 under the user's mask.
    static func mode(of facts: FileEntry) -> UInt32 {
        (facts.isExecutable ? 0o777 : 0o666) & ~FileCreationMask.current
    }

    // MARK: An earlier run's journal

    private static let readChunk = 1 << 20

    /// Reads a journal that fits the file; nil where there is none to believe.
    private static func readJournal(
        _ file: OpenFile, data: OpenFile, key: StagingKey, _ facts: FileEntry, boot: BootIdentity
    ) throws(SystemError) -> (writer: PieceJournalWriter, claimed: PieceHashes)? {
        let front = Int(PieceJournalFormat.tableOffset)
        var buffer = [UInt8](repeating: 0, count: max(front, readChunk))
        let count = try file.read(into: &buffer, count: front, at: 0)
        let header = buffer.withUnsafeBytes {
            PieceJournalHeader.newest(in: UnsafeRawBufferPointer(rebasing: $0[..<count]))
        }
        guard let header, header.key == key, header.length == facts.size else { return nil }
        var reader = PieceJournalReader(header: header, boot: boot)
        var claimed = PieceHashes(layout: facts.pieceLayout)
        let size = PieceJournalFormat.recordByteCount
        let chunk = readChunk / size * size
        var piece: UInt64 = 0
        while piece < facts.pieceLayout.pieceCount {
            let offset = PieceJournalFormat.offset(of: PieceIndex(piece))
            let count = try file.read(into: &buffer, count: chunk, at: offset)
            guard count >= size else { break }
            buffer.withUnsafeBytes { bytes in
                let whole = UnsafeRawBufferPointer(rebasing: bytes[..<(count / size * size)])
                reader.feed(whole)
                for index in 0..<UInt64(whole.count / size) {
                    let place = PieceIndex(piece + index)
                    let record = UnsafeRawBufferPointer(
                        rebasing: whole[(Int(index) * size)..<((Int(index) + 1) * size)])
                    guard facts.pieceLayout.isData(place),
                        let record = PieceJournalRecord(decoding: record, for: place, key: key)
                    else { continue }
                    claimed.set(record.hash, for: place)
                }
                piece += UInt64(whole.count / size)
            }
        }
        // What may not have reached the disk before the machine stopped is looked at again.
        let writer = PieceJournalWriter(resuming: reader, boot: boot)
        for range in reader.doubtful.intervals.ranges {
            for piece in range {
                let place = PieceIndex(piece)
                let hash = claimed[place]
                let isThere = try isStillThere(place, hash, in: data, facts, &buffer)
                if !isThere { claimed.remove(place) }
                let record =
                    isThere
                    ? hash.map { writer.record(place, hash: $0) } ?? writer.erase(place)
                    : writer.erase(place)
                try file.write(record.bytes, at: record.offset)
            }
        }
        if !reader.doubtful.isEmpty { try file.sync() }
        return (writer, claimed)
    }

    /// Whether a piece's bytes on disk have the hash that its record states.
    private static func isStillThere(
        _ piece: PieceIndex, _ hash: Hash256?, in data: OpenFile, _ facts: FileEntry,
        _ buffer: inout [UInt8]
    ) throws(SystemError) -> Bool {
        guard let hash, let length = facts.pieceLayout.pieceLength(piece) else { return false }
        let offset = piece.rawValue * UInt64(PieceGeometry.pieceSize)
        guard try data.read(into: &buffer, count: length, at: offset) == length else {
            return false
        }
        return buffer.withUnsafeBytes {
            PieceHasher.hash(
                UnsafeRawBufferPointer(rebasing: $0[..<length]),
                isOnlyPiece: facts.pieceLayout.pieceCount == 1)
        } == hash
    }
}

extension OpenFile {
    /// Reads up to `count` bytes to the front of `buffer`, which has at least as many.
    fileprivate func read(
        into buffer: inout [UInt8], count: Int, at offset: UInt64
    ) throws(SystemError) -> Int {
        var outcome: Result<Int, SystemError> = .success(0)
        buffer.withUnsafeMutableBytes { bytes in
            do throws(SystemError) {
                outcome = .success(
                    try read(
                        into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<count]), at: offset))
            } catch {
                outcome = .failure(error)
            }
        }
        return try outcome.get()
    }
}

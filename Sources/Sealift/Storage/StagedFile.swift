import Glibc
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
    private let bits: ExecutableBits
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
        _ entry: ListingEntry, _ facts: FileEntry, in staging: DirectoryHandle, boot: BootIdentity,
        bits: ExecutableBits = .asListed
    ) throws(SystemError) {
        self.bits = bits
        self.entry = entry
        self.facts = facts
        key = StagingKey(path: entry.path, file: facts)
        data = try staging.openFile(
            Self.dataName(key), for: .creatingOrUpdating(mode: 0o600))
        journalFile = try staging.openFile(
            Self.journalName(key), for: .creatingOrUpdating(mode: 0o600))
        guard try journalFile.tryLock(for: .seconds(1)) else {
            throw SystemError(code: EBUSY, operation: "receive a file that another run receives")
        }
        let inode = try data.status().inode
        let found = try Self.readJournal(
            journalFile, data: data, dataInode: inode, key: key, facts, boot: boot)
        if let found {
            journal = found.writer
            claimed = found.claimed
        } else {
            journal = PieceJournalWriter(
                key: key, dataInode: inode, length: facts.size, boot: boot)
            claimed = PieceHashes(layout: facts.pieceLayout)
            try journalFile.setSize(0)
            try data.setSize(0)
        }
        let header = journal.headerWrite
        try journalFile.write(header.bytes, at: header.offset)
    }

    static func dataName(_ key: StagingKey) -> [UInt8] { key.fileName(ending: ".data") }
    static func journalName(_ key: StagingKey) -> [UInt8] { key.fileName(ending: ".journal") }

    /// Writes a piece, then its record.
    func write(
        _ piece: PieceIndex, _ content: UnsafeRawBufferPointer, hash: Hash256
    ) throws(SystemError) {
        let offset = piece.rawValue * UInt64(PieceGeometry.pieceSize)
        try reserve(from: offset, through: offset + UInt64(content.count))
        try data.write(from: content, at: offset)
        let record = journal.record(piece, hash: hash)
        try journalFile.write(record.bytes, at: record.offset)
        isDirty = true
    }

    /// Strikes pieces from the journal, for good before their bytes are overwritten.
    func forget(_ pieces: [PieceIndex]) throws(SystemError) {
        for piece in pieces {
            let erasure = journal.erase(piece)
            try journalFile.write(erasure.bytes, at: erasure.offset)
        }
        try journalFile.sync()
    }

    private func reserve(from offset: UInt64, through end: UInt64) throws(SystemError) {
        guard canReserve, end > reservedEnd, facts.holes.isEmpty else { return }
        let target = min(facts.size, end + Self.reserveAhead)
        // A resumed file may go on far behind what was reserved; what lies between is not wanted yet.
        canReserve = try data.reserve(max(reservedEnd, offset)..<target)
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
    /// - Returns: what the file system then says of it.
    func finish() throws(SystemError) -> FileStatus {
        try Self.finish(data, facts, bits)
    }

    /// Stages the whole content of a file of at most one piece, which has no journal, and closes it.
    ///
    /// The file is made with the mode it will have, so that nothing is left to do but to write and to
    /// set the time; the folder lets nobody else in.
    /// - Returns: what the file system then says of it.
    static func stage(
        _ content: UnsafeRawBufferPointer, _ key: StagingKey, _ facts: FileEntry,
        _ bits: ExecutableBits = .asListed, in staging: DirectoryHandle
    ) throws(SystemError) -> FileStatus {
        let name = dataName(key)
        let data: OpenFile
        do throws(SystemError) {
            data = try staging.openFile(
                name, for: .creatingExclusively(mode: mode(of: facts, bits) | 0o600))
        } catch  where error.isAlreadyThere {
            data = try staging.openFile(name, for: .creatingOrUpdating(mode: 0o600))
        }
        if content.count > 0 { try data.write(from: content, at: 0) }
        try data.setModified(FileTime(facts.modificationTime))
        var status = try data.status()
        // What an earlier run left, or a file system with a mind of its own.
        if status.size != facts.size || status.mode != mode(of: facts, bits) {
            status = try finish(data, facts, bits)
        }
        try data.close()
        return status
    }

    /// The same for a file of one piece that an earlier run staged.
    static func finish(
        _ data: OpenFile, _ facts: FileEntry, _ bits: ExecutableBits = .asListed
    ) throws(SystemError) -> FileStatus {
        try data.setSize(facts.size)
        try data.setMode(mode(of: facts, bits))
        try data.setModified(FileTime(facts.modificationTime))
        return try data.status()
    }

    /// The bytes that the journal beside `data` says are proven, as a look without any promise.
    static func provenBytes(
        _ entry: ListingEntry, _ facts: FileEntry, in staging: DirectoryHandle, dataInode: UInt64
    ) throws(SystemError) -> UInt64 {
        let key = StagingKey(path: entry.path, file: facts)
        let file: OpenFile
        do throws(SystemError) {
            file = try staging.openFile(journalName(key), for: .reading)
        } catch  where error.isMissing {
            return 0
        }
        guard let header = try newestHeader(of: file, key, facts) else { return 0 }
        var reader = PieceJournalReader(header: header, boot: header.boot, dataInode: dataInode)
        try readTable(of: file, facts, with: &reader)
        var proven = reader.trusted
        proven.formUnion(reader.doubtful)
        return proven.dataBytes(in: facts.pieceLayout)
    }

    /// Whether a file that is listed as executable is so on this disk.
    enum ExecutableBits {
        /// Yes.
        case asListed
        /// Not before the user released it from quarantine.
        case withheld
    }

    /// 0666 or 0777 under the user's mask.
    static func mode(of facts: FileEntry, _ bits: ExecutableBits) -> UInt32 {
        (facts.isExecutable && bits == .asListed ? 0o777 : 0o666) & ~FileCreationMask.current
    }

    // MARK: An earlier run's journal

    /// Records read at a time, 1 MiB.
    private static let readChunk: UInt64 = 26_214

    private static func newestHeader(
        of file: OpenFile, _ key: StagingKey, _ facts: FileEntry
    ) throws(SystemError) -> PieceJournalHeader? {
        let front = try file.readArray(atMost: Int(PieceJournalFormat.tableOffset), at: 0)
        let header = front.withUnsafeBytes { PieceJournalHeader.newest(in: $0) }
        guard let header, header.key == key, header.length == facts.size else { return nil }
        return header
    }

    /// Reads the records of everything that is no hole of the file.
    private static func readTable(
        of file: OpenFile, _ facts: FileEntry, with reader: inout PieceJournalReader,
        found: (PieceIndex, Hash256) -> Void = { _, _ in }
    ) throws(SystemError) {
        var next: UInt64 = 0
        let size = PieceJournalFormat.recordByteCount
        while let run = facts.pieceLayout.dataRun(atOrAfter: next) {
            let first = PieceIndex(run.lowerBound)
            reader.skip(to: first)
            let wanted = min(readChunk, UInt64(run.count)) * UInt64(size)
            let bytes = try file.readArray(
                atMost: Int(wanted), at: PieceJournalFormat.offset(of: first))
            let count = bytes.count / size
            // The table ends with the last piece that was proven.
            guard count > 0 else { return }
            bytes.withUnsafeBytes { reader.feed($0, found: found) }
            next = run.lowerBound + UInt64(count)
        }
    }

    /// Reads a journal that fits the file; nil where there is none to believe.
    private static func readJournal(
        _ file: OpenFile, data: OpenFile, dataInode: UInt64, key: StagingKey, _ facts: FileEntry,
        boot: BootIdentity
    ) throws(SystemError) -> (writer: PieceJournalWriter, claimed: PieceHashes)? {
        // A journal whose data is gone tells nothing.
        guard let header = try newestHeader(of: file, key, facts), try data.status().size > 0
        else { return nil }
        var reader = PieceJournalReader(header: header, boot: boot, dataInode: dataInode)
        var claimed = PieceHashes(layout: facts.pieceLayout)
        try readTable(of: file, facts, with: &reader) { piece, hash in
            claimed.set(hash, for: piece)
        }
        // What may not have reached the disk before the machine stopped is looked at again.
        let writer = PieceJournalWriter(resuming: reader, boot: boot, dataInode: dataInode)
        var buffer = [UInt8](repeating: 0, count: PieceGeometry.pieceSize)
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

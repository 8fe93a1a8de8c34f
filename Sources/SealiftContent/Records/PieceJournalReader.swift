public import SealiftBase

/// Reads a journal's table in chunks of any size and says which pieces may be believed.
///
/// Memory is one record and the ranges of two sets. Torn, misplaced and missing records, and
/// whatever lies behind the last piece, count as nothing.
public struct PieceJournalReader: Sendable {
    /// The header the journal was read under.
    public let header: PieceJournalHeader

    /// Pieces whose bytes are surely on disk as recorded.
    public private(set) var trusted = PieceSet()

    /// Pieces that were proven, but whose bytes may not have reached the disk before the machine
    /// stopped. Each is to be read and hashed again, and compared with its record.
    public private(set) var doubtful = PieceSet()

    /// The highest epoch among the records read.
    public private(set) var highestEpoch: UInt32 = 0

    private let isSameBoot: Bool
    private let isSameData: Bool
    private let pieceCount: UInt64
    private var piece: UInt64 = 0
    private var partial: [UInt8] = []

    /// Makes the reader of a journal with `header`, in the run `boot` of the machine, where the data
    /// file has the inode `dataInode`. With another inode than the header's, every piece is doubtful:
    /// the folder was copied, or something else took the file's name.
    public init(header: PieceJournalHeader, boot: BootIdentity, dataInode: UInt64) {
        self.header = header
        isSameBoot = header.boot == boot
        isSameData = header.dataInode == dataInode
        pieceCount = PieceGeometry.pieceCount(of: header.length)
    }

    /// Takes the next bytes of the table, which begins at ``PieceJournalFormat/tableOffset``.
    /// - Parameter found: called with each record that counts: the piece and its hash.
    public mutating func feed(
        _ bytes: UnsafeRawBufferPointer, found: (PieceIndex, Hash256) -> Void = { _, _ in }
    ) {
        let size = PieceJournalFormat.recordByteCount
        var rest = bytes[...]
        if !partial.isEmpty {
            let taken = rest.prefix(size - partial.count)
            partial.append(contentsOf: taken)
            rest = rest.dropFirst(taken.count)
            guard partial.count == size else { return }
            let record = partial
            partial = []
            record.withUnsafeBytes { take($0, found) }
        }
        while rest.count >= size {
            take(UnsafeRawBufferPointer(rebasing: rest.prefix(size)), found)
            rest = rest.dropFirst(size)
        }
        partial = Array(rest)
    }

    /// Goes to the record of `piece`, leaving out those between: a hole of the journal file.
    public mutating func skip(to piece: PieceIndex) {
        self.piece = piece.rawValue
        partial = []
    }

    private mutating func take(
        _ bytes: UnsafeRawBufferPointer, _ found: (PieceIndex, Hash256) -> Void
    ) {
        guard piece < pieceCount else { return }
        let index = PieceIndex(piece)
        piece += 1
        guard let record = PieceJournalRecord(decoding: bytes, for: index, key: header.key) else {
            return
        }
        highestEpoch = max(highestEpoch, record.epoch)
        found(index, record.hash)
        if isSameData, isSameBoot || record.epoch <= header.syncedEpoch {
            trusted.insert(index)
        } else {
            doubtful.insert(index)
        }
    }
}

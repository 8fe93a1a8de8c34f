import SealiftBase
import SealiftContent

/// The records of 64 proven pieces, encoded and read back: what the journal adds to 16 MiB.
struct JournalPart: Part {
    static let name = "journal"
    static let bytesPerRun = pieces * PieceGeometry.pieceSize
    static let packetsPerRun = 0

    private static let pieces = 64

    private let writer: PieceJournalWriter
    private let boot: BootIdentity
    private let hash = ZeroPiece.hash

    init() throws {
        guard let key = StagingKey(bytes: [UInt8](repeating: 7, count: StagingKey.byteCount)),
            let boot = BootIdentity(bytes: [UInt8](repeating: 9, count: BootIdentity.byteCount))
        else { throw PartFailure.refused("a key of the right length") }
        self.boot = boot
        writer = PieceJournalWriter(
            key: key, dataInode: 1, length: UInt64(Self.bytesPerRun), boot: boot)
    }

    mutating func prepare() throws {}

    mutating func run() throws {
        var reader = PieceJournalReader(header: writer.header, boot: boot, dataInode: 1)
        for piece in 0..<UInt64(Self.pieces) {
            let record = writer.record(PieceIndex(piece), hash: hash)
            record.bytes.withUnsafeBytes { reader.feed($0) }
        }
        guard reader.trusted.count == UInt64(Self.pieces) else {
            throw PartFailure.refused("a record that was just written")
        }
    }
}

/// Where things stand in a journal of proven pieces (PROTOCOL §9.5).
///
/// ```
/// 0     header, slot 0     72 bytes, rest of the 4,096 zero
/// 4096  header, slot 1     72 bytes, rest of the 4,096 zero
/// 8192  record of piece 0  40 bytes
/// 8232  record of piece 1  …
/// ```
/// A table, not a log: a piece's hash is read by its number, so a resumed file of any size needs no
/// index in memory, and a rewritten piece takes no more room. Missing records are holes of the file.
///
/// Which records to believe after a power cut is told by **epochs**. A record carries the epoch it
/// was written in; the header names the last epoch whose data was synced. A sync costs one write of
/// 72 bytes, whatever the number of pieces it covers and whatever order they came in.
public enum PieceJournalFormat {
    /// Bytes of a header slot. The two slots never share a sector, so that one of them is whole.
    public static let slotByteCount: UInt64 = 4_096
    /// Where the table begins.
    public static let tableOffset: UInt64 = 2 * slotByteCount
    /// Bytes of a record: hash (32) ‖ u32 epoch ‖ u32 check.
    public static let recordByteCount = 40

    /// Where the record of `piece` stands.
    /// - Precondition: `piece` is a piece of a file, so below 2^46.
    public static func offset(of piece: PieceIndex) -> UInt64 {
        tableOffset + piece.rawValue * UInt64(recordByteCount)
    }
}

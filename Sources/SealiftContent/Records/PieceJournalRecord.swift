public import SealiftBase

/// One proven piece: hash (32) ‖ u32 epoch ‖ u32 CRC-32C of (staging key ‖ u64 piece ‖ hash ‖
/// epoch). All zeros: not proven.
///
/// The check covers the key and the piece's number, so a record that landed in the wrong place, or
/// comes from blocks of another file, counts as none.
public struct PieceJournalRecord: Hashable, Sendable {
    /// The piece's proven hash.
    public let hash: Hash256
    /// The epoch in which its bytes were written; never 0.
    public let epoch: UInt32

    /// Puts the two parts together.
    public init(hash: Hash256, epoch: UInt32) {
        self.hash = hash
        self.epoch = epoch
    }

    /// The 40 bytes of this record for `piece` of the file with `key`.
    public func encoded(for piece: PieceIndex, key: StagingKey) -> [UInt8] {
        var writer = ByteWriter(capacity: PieceJournalFormat.recordByteCount)
        writer.write(hash)
        writer.write(epoch)
        writer.write(writer.bytes.withUnsafeBytes { Self.check($0, piece: piece, key: key) })
        return writer.bytes
    }

    /// Reads the record of `piece` of the file with `key` from the front of `bytes`; nil when there
    /// is none, or it is cut short, torn or misplaced. Nothing of it counts then.
    public init?(decoding bytes: UnsafeRawBufferPointer, for piece: PieceIndex, key: StagingKey) {
        let size = PieceJournalFormat.recordByteCount
        guard bytes.count >= size else { return nil }
        let record = UnsafeRawBufferPointer(rebasing: bytes[..<size])
        guard !ZeroPiece.isZero(record) else { return nil }
        do throws(ByteReader.Failure) {
            var reader = ByteReader(record)
            hash = try reader.readHash()
            epoch = try reader.readUInt32()
            let check = try reader.readUInt32()
            let covered = UnsafeRawBufferPointer(rebasing: record[..<(size - 4)])
            guard epoch > 0, check == Self.check(covered, piece: piece, key: key) else {
                return nil
            }
        } catch {
            return nil
        }
    }

    /// What is written to forget a piece: 40 zero bytes.
    public static let erased = [UInt8](repeating: 0, count: PieceJournalFormat.recordByteCount)

    private static func check(
        _ covered: UnsafeRawBufferPointer, piece: PieceIndex, key: StagingKey
    ) -> UInt32 {
        var check = CyclicRedundancyCheck()
        key.bytes.withUnsafeBytes { check.update($0) }
        withUnsafeBytes(of: piece.rawValue.bigEndian) { check.update($0) }
        check.update(covered)
        return check.value
    }
}

public import SealiftBase

/// A whole cache record in memory, for files small enough: 32 bytes for each 256 KiB of the file.
/// Large ones are written and verified in pieces, by ``PieceHashCacheHeader``,
/// ``PieceHashTable`` and ``PieceHashTableVerifier``.
public struct PieceHashCacheRecord: Hashable, Sendable {
    /// Which file, and its root.
    public let header: PieceHashCacheHeader

    /// Its piece hashes.
    public let hashes: [Hash256]

    /// Puts the two parts together.
    /// - Precondition: there is one hash for each piece of the file.
    public init(header: PieceHashCacheHeader, hashes: [Hash256]) {
        precondition(
            UInt64(hashes.count) == PieceGeometry.pieceCount(of: header.identity.size),
            "a hash for each piece")
        self.header = header
        self.hashes = hashes
    }

    /// The record's bytes.
    public var encoded: [UInt8] {
        var writer = ByteWriter(
            capacity: PieceHashCacheHeader.byteCount + hashes.count * Hash256.byteCount)
        writer.write(header.encoded)
        for hash in hashes { writer.write(PieceHashTable.stored(hash)) }
        return writer.bytes
    }

    /// Reads a record that fills `bytes`, and proves its table by the root.
    /// - Throws: ``RecordViolation``.
    public init(decoding bytes: UnsafeRawBufferPointer) throws(RecordViolation) {
        let header = try PieceHashCacheHeader(decoding: bytes)
        let table = UnsafeRawBufferPointer(rebasing: bytes[PieceHashCacheHeader.byteCount...])
        var verifier = PieceHashTableVerifier(header: header)
        verifier.feed(table)
        guard verifier.isProven() else { throw .damaged }
        var hashes: [Hash256] = []
        var reader = ByteReader(table)
        while let stored = try? reader.readHash() { hashes.append(PieceHashTable.hash(stored)) }
        self.header = header
        self.hashes = hashes
    }
}

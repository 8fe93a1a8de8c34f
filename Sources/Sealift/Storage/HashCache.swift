import SealiftBase
import SealiftContent
import SealiftIO

/// Piece hashes of files that an earlier run read whole (`docs/PROTOCOL.md` §9), one record a file,
/// found by the file's identity on its volume.
///
/// A cache: what cannot be read or written is as if it had never been there.
struct HashCache: Sendable {
    /// Smaller files are read again sooner than their record: 16 MiB.
    private static let smallestFile: UInt64 = 16 << 20
    /// The largest record read: the hashes of 16 TiB.
    private static let maximumByteCount = 2 << 30

    let home: Home

    /// The hashes of the file with `identity`; nil where none are known.
    func hashes(of identity: FileIdentity, layout: PieceLayout) -> PieceHashes? {
        guard identity.size >= Self.smallestFile,
            let bytes = try? home.readRecord(Self.name(identity), atMost: Self.maximumByteCount),
            let record = bytes.withUnsafeBytes({ try? PieceHashCacheRecord(decoding: $0) }),
            record.header.identity == identity
        else { return nil }
        var hashes = PieceHashes(layout: layout)
        for (index, hash) in record.hashes.enumerated() {
            hashes.set(hash, for: PieceIndex(UInt64(index)))
        }
        return hashes
    }

    /// Keeps the hashes of a file that was read whole.
    func keep(_ hashes: PieceHashes, of identity: FileIdentity) {
        guard identity.size >= Self.smallestFile, let root = hashes.root() else { return }
        let all = (0..<hashes.layout.pieceCount).compactMap { hashes[PieceIndex($0)] }
        let record = PieceHashCacheRecord(
            header: PieceHashCacheHeader(identity: identity, root: root), hashes: all)
        try? home.writeRecord(Self.name(identity), record.encoded)
    }

    /// One record for each file on each volume: a file that changed replaces its own.
    private static func name(_ identity: FileIdentity) -> String {
        "hashes-\(String(identity.device, radix: 16))-\(String(identity.inode, radix: 16))"
    }
}

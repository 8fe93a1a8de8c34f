import SealiftBase
import SealiftContent
import SealiftIO

/// Piece hashes of files that an earlier run read whole (`docs/PROTOCOL.md` §9.6), one record a file,
/// found by the file's identity on its volume.
///
/// Records are written and read run by run: holes of the file are holes of its record, so a sparse
/// file of tebibytes costs what its data costs, in memory and on disk. A cache: what cannot be read
/// or written is as if it had never been there.
struct HashCache: Sendable {
    /// Smaller files are read again sooner than their record: 16 MiB.
    static let smallestFile: UInt64 = 16 << 20
    /// Hashes held at once while a record is written or read: 1 MiB of them.
    private static let chunk: UInt64 = 32_768

    let home: Home

    /// The hashes of the file with `identity`; nil where none are known.
    func hashes(of identity: FileIdentity, layout: PieceLayout) -> PieceHashes? {
        guard identity.size >= Self.smallestFile, layout.length == identity.size,
            let file = try? home.directory.openFile(
                Array(Self.name(identity).utf8), for: .reading)
        else { return nil }
        var front = [UInt8](repeating: 0, count: PieceHashCacheHeader.byteCount)
        let header = front.withUnsafeMutableBytes { buffer -> PieceHashCacheHeader? in
            guard (try? file.read(into: buffer, at: 0)) == buffer.count else { return nil }
            return try? PieceHashCacheHeader(decoding: UnsafeRawBufferPointer(buffer))
        }
        guard let header, header.identity == identity else { return nil }
        var hashes = PieceHashes(layout: layout)
        var verifier = PieceHashTableVerifier(header: header)
        var next: UInt64 = 0
        for run in Self.chunks(of: layout) {
            verifier.feedZeroPieces(count: run.lowerBound - next)
            guard Self.read(run, of: file, &verifier, into: &hashes) else { return nil }
            next = run.upperBound
        }
        verifier.feedZeroPieces(count: layout.pieceCount - next)
        return verifier.isProven() ? hashes : nil
    }

    /// Keeps the hashes of a file that was read whole.
    func keep(_ hashes: PieceHashes, of identity: FileIdentity) {
        guard identity.size >= Self.smallestFile, let root = hashes.root() else { return }
        let header = PieceHashCacheHeader(identity: identity, root: root)
        try? home.writeRecord(Self.name(identity)) { file throws(SystemError) in
            try file.write(header.encoded, at: 0)
            for run in Self.chunks(of: hashes.layout) {
                var table = ByteWriter(capacity: run.count * Hash256.byteCount)
                for piece in run {
                    table.write(PieceHashTable.stored(hashes[PieceIndex(piece)] ?? .zero))
                }
                try file.write(table.bytes, at: Self.offset(of: run.lowerBound))
            }
            try file.setSize(Self.offset(of: hashes.layout.pieceCount))
        }
    }

    private static func read(
        _ run: Range<UInt64>, of file: OpenFile,
        _ verifier: inout PieceHashTableVerifier, into hashes: inout PieceHashes
    ) -> Bool {
        var table = [UInt8](repeating: 0, count: run.count * Hash256.byteCount)
        return table.withUnsafeMutableBytes { buffer in
            let count = try? file.read(into: buffer, at: offset(of: run.lowerBound))
            guard count == buffer.count else { return false }
            let bytes = UnsafeRawBufferPointer(buffer)
            verifier.feed(bytes)
            for (index, piece) in run.enumerated() {
                let start = index * Hash256.byteCount
                let part = bytes[start..<(start + Hash256.byteCount)]
                guard let stored = Hash256(UnsafeRawBufferPointer(rebasing: part)) else {
                    return false
                }
                hashes.set(PieceHashTable.hash(stored), for: PieceIndex(piece))
            }
            return true
        }
    }

    /// The pieces that are no holes, in runs of at most ``chunk``.
    private static func chunks(
        of layout: PieceLayout
    ) -> UnfoldSequence<Range<UInt64>, UInt64> {
        sequence(state: 0) { next in
            guard let run = layout.dataRun(atOrAfter: next) else { return nil }
            let part = run.lowerBound..<min(run.upperBound, run.lowerBound + chunk)
            next = part.upperBound
            return part
        }
    }

    /// Where the hash of `piece` stands in a record.
    private static func offset(of piece: UInt64) -> UInt64 {
        UInt64(PieceHashCacheHeader.byteCount) + piece * UInt64(Hash256.byteCount)
    }

    /// One record for each file on each volume: a file that changed replaces its own.
    private static func name(_ identity: FileIdentity) -> String {
        "hashes-\(String(identity.device, radix: 16))-\(String(identity.inode, radix: 16))"
    }
}

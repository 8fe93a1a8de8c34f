import SealiftBase
import SealiftContent
import Testing

@Suite("The piece-hash cache")
struct PieceHashCacheTests {
    private func record(pieces: Int, zeros: Set<Int> = []) throws -> PieceHashCacheRecord {
        var accumulator = RootAccumulator()
        var hashes: [Hash256] = []
        for piece in 0..<pieces {
            let hash =
                zeros.contains(piece)
                ? ZeroPiece.hash : ContentID(of: [UInt8(piece)]).root
            accumulator.append(hash)
            hashes.append(hash)
        }
        let size = UInt64(pieces) << 18
        let time = try #require(ModificationTime(seconds: 1_700_000_000, nanoseconds: 5))
        return PieceHashCacheRecord(
            header: PieceHashCacheHeader(
                identity: FileIdentity(
                    device: 1, inode: 2, size: size, modificationTime: time, changeTime: time),
                root: accumulator.finalize(length: size)),
            hashes: hashes)
    }

    private func decode(_ bytes: [UInt8]) throws -> PieceHashCacheRecord {
        try bytes.withUnsafeBytes { bytes throws in try PieceHashCacheRecord(decoding: bytes) }
    }

    @Test("A record decodes to itself", arguments: [0, 1, 2, 17, 100])
    func identity(pieces: Int) throws {
        let record = try record(pieces: pieces, zeros: [0, 5, 6, 7, 16])
        #expect(try decode(record.encoded) == record)
    }

    @Test("A record changed or cut at any byte is refused")
    func damaged() throws {
        let bytes = try record(pieces: 5, zeros: [2]).encoded
        for place in bytes.indices {
            var changed = bytes
            changed[place] ^= 1
            #expect(throws: RecordViolation.self) { try decode(changed) }
            #expect(throws: RecordViolation.damaged) { try decode(Array(bytes[..<place])) }
        }
        #expect(throws: RecordViolation.damaged) { try decode(bytes + [0]) }
    }

    @Test(
        "A table is verified in chunks of any size, its holes left out",
        arguments: [1, 31, 32, 500])
    func chunks(size: Int) throws {
        let record = try record(pieces: 40, zeros: Set(10..<30))
        let bytes = record.encoded
        func table(_ pieces: Range<Int>) -> ArraySlice<UInt8> {
            let start = PieceHashCacheHeader.byteCount
            return bytes[(start + pieces.lowerBound * 32)..<(start + pieces.upperBound * 32)]
        }
        var verifier = PieceHashTableVerifier(header: record.header)
        for part in [table(0..<10), table(30..<40)] {
            var start = part.startIndex
            while start < part.endIndex {
                let end = min(part.endIndex, start + size)
                part[start..<end].withUnsafeBytes { verifier.feed($0) }
                start = end
            }
            if part.startIndex == table(0..<10).startIndex { verifier.feedZeroPieces(count: 20) }
        }
        #expect(verifier.isProven())
        verifier.feedZeroPieces(count: .max)
        #expect(!verifier.isProven())
    }

    @Test("Hashes are found by their number")
    func offsets() throws {
        let record = try record(pieces: 3)
        #expect(record.header.offset(of: PieceIndex(2)) == 92 + 64)
        #expect(record.header.offset(of: PieceIndex(3)) == nil)
        #expect(record.header.offset(of: PieceIndex(.max)) == nil)
    }
}

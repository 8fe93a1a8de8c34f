import SealiftBase
import SealiftCrypto
import Testing

@testable import SealiftContent

@Suite("The root accumulator")
struct RootAccumulatorTests {
    /// The tree of PROTOCOL §8.1 built whole, level by level.
    private func naiveRoot(_ pieces: [Hash256]) -> Hash256 {
        guard !pieces.isEmpty else { return .zero }
        func reduce(_ row: [Hash256]) -> Hash256 {
            var row = row
            while row.count > 1 {
                row = stride(from: 0, to: row.count, by: 2).map {
                    SHA256Digest.hash(row[$0], row[$0 + 1])
                }
            }
            return row[0]
        }
        let missing = reduce([Hash256](repeating: .zero, count: 16))
        var row = pieces
        while row.count & (row.count - 1) != 0 { row.append(missing) }
        return reduce(row)
    }

    @Test(
        "Random pieces and runs of zero pieces give the root of the whole tree", arguments: 0..<200)
    func naiveModel(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var accumulator = RootAccumulator()
        var pieces: [Hash256] = []
        for _ in 0..<Int.random(in: 0...12, using: &generator) {
            if Bool.random(using: &generator) {
                let count = UInt64.random(in: 0...70, using: &generator)
                accumulator.appendZeroPieces(count: count)
                pieces += [Hash256](repeating: ZeroPiece.hash, count: Int(count))
            } else {
                let hash = try #require(Hash256(generator.bytes(32)))
                accumulator.append(hash)
                pieces.append(hash)
            }
        }
        let length = UInt64(pieces.count) * UInt64(PieceGeometry.pieceSize)
        #expect(accumulator.pieceCount == UInt64(pieces.count))
        #expect(accumulator.finalize(length: length) == naiveRoot(pieces))
    }

    @Test("Every number of pieces up to 140 gives the root of the whole tree")
    func everyCount() throws {
        var accumulator = RootAccumulator()
        var pieces: [Hash256] = []
        for number in 0..<140 {
            let length = UInt64(number) * UInt64(PieceGeometry.pieceSize)
            #expect(accumulator.finalize(length: length) == naiveRoot(pieces))
            let hash = SHA256Digest.hash([UInt8(number)])
            accumulator.append(hash)
            pieces.append(hash)
        }
    }

    @Test("A sparse file of 5 TiB costs its data, not its size")
    func sparse() {
        let size: UInt64 = 5 << 40
        var stream = ContentHasher()
        stream.update(Samples.content(1_000))
        stream.updateZeros(count: size - 2_000)
        stream.update(Samples.content(1_000))
        #expect(stream.finalize().length == size)

        var pieces = RootAccumulator()
        let head = Samples.content(1_000) + [UInt8](repeating: 0, count: 262_144 - 1_000)
        let tail = [UInt8](repeating: 0, count: 262_144 - 1_000) + Samples.content(1_000)
        pieces.append(head.withUnsafeBytes { PieceHasher.hash($0, isOnlyPiece: false) })
        pieces.appendZeroPieces(count: (size >> 18) - 2)
        pieces.append(tail.withUnsafeBytes { PieceHasher.hash($0, isOnlyPiece: false) })
        #expect(pieces.finalize(length: size) == stream.finalize().root)
    }

    @Test("Zeros stated as a hole hash like zeros fed as bytes", arguments: 0..<30)
    func zeros(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var stated = ContentHasher()
        var fed = ContentHasher()
        for _ in 0..<4 {
            let data = generator.bytes(Int.random(in: 0...300_000, using: &generator))
            let zeros = Int.random(in: 0...900_000, using: &generator)
            stated.update(data)
            stated.updateZeros(count: UInt64(zeros))
            fed.update(data + [UInt8](repeating: 0, count: zeros))
        }
        #expect(stated.finalize() == fed.finalize())
    }
}

@Suite("Zero pieces")
struct ZeroPieceTests {
    @Test("The hash of a zero piece of any length is the one of its bytes")
    func hashes() {
        for length in [1, 100, 16_384, 16_385, 40_000, 262_143, 262_144, 262_145, 540_000] {
            let bytes = [UInt8](repeating: 0, count: length)
            let count = PieceGeometry.pieceCount(of: UInt64(length))
            for piece in 0..<count {
                let start = Int(piece) * PieceGeometry.pieceSize
                let hash = bytes[start..<min(length, start + PieceGeometry.pieceSize)]
                    .withUnsafeBytes {
                        PieceHasher.hash($0, isOnlyPiece: count == 1)
                    }
                #expect(ZeroPiece.hash(of: PieceIndex(piece), in: UInt64(length)) == hash)
            }
            #expect(ZeroPiece.hash(of: PieceIndex(count), in: UInt64(length)) == nil)
        }
    }

    @Test("A single set bit at any place is seen")
    func bits() {
        for count in [0, 1, 63, 64, 65, 200] {
            var bytes = [UInt8](repeating: 0, count: count)
            #expect(bytes.withUnsafeBytes { ZeroPiece.isZero($0) })
            for index in 0..<count {
                bytes[index] = 1
                #expect(!bytes.withUnsafeBytes { ZeroPiece.isZero($0) })
                bytes[index] = 0
            }
        }
    }
}

import Foundation
import SealiftBase
import SealiftContent
import Testing

@Suite("The tree against libtorrent")
struct TreeVectorTests {
    struct Vectors: Decodable {
        let vectors: [Vector]
    }

    struct Vector: Decodable {
        let length: Int
        let root: String?
        let pieces: [String]
    }

    static func load() throws -> [Vector] {
        let file = try #require(
            Bundle.module.url(forResource: "roots", withExtension: "json", subdirectory: "Vectors"))
        return try JSONDecoder().decode(Vectors.self, from: Data(contentsOf: file)).vectors
    }

    @Test("Every root and piece hash is the one libtorrent computes")
    func rootsAndPieces() throws {
        let vectors = try Self.load()
        #expect(vectors.count >= 10)
        for vector in vectors {
            let content = Samples.content(vector.length)
            let expected = try vector.root.map { try #require(Hash256(hexadecimal: $0)) } ?? .zero
            #expect(
                ContentID(of: content) == ContentID(length: UInt64(vector.length), root: expected),
                "length \(vector.length)")
            #expect(RootAccumulator.root(ofBytes: content) == expected)

            let count = PieceGeometry.pieceCount(of: UInt64(vector.length))
            var hashes: [String] = []
            for piece in 0..<count {
                let range = try #require(
                    PieceGeometry.byteRange(of: PieceIndex(piece), in: UInt64(vector.length)))
                let bytes = Array(content[Int(range.lowerBound)..<Int(range.upperBound)])
                hashes.append(
                    bytes.withUnsafeBytes {
                        PieceHasher.hash($0, isOnlyPiece: count == 1).hexadecimal
                    })
            }
            // libtorrent states the layer only where there is more than one piece.
            if count > 1 { #expect(hashes == vector.pieces, "length \(vector.length)") }
            if count == 1 { #expect(hashes == [vector.root]) }
        }
    }

    @Test("A stream in chunks of any size gives the same root")
    func chunks() throws {
        for vector in try Self.load() {
            let content = Samples.content(vector.length)
            var generator = SeededGenerator(seed: UInt64(vector.length))
            var hasher = ContentHasher()
            var start = 0
            while start < content.count {
                let end = min(content.count, start + Int.random(in: 1...400_000, using: &generator))
                hasher.update(content[start..<end])
                start = end
            }
            #expect(hasher.finalize().root.hexadecimal == vector.root ?? Hash256.zero.hexadecimal)
        }
    }
}

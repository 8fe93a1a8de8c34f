import SealiftBase
import SealiftContent
import Testing

@Suite("Pieces of a length")
struct PieceGeometryTests {
    @Test(
        "Counts and lengths at every border",
        arguments: [
            (0, 0, nil), (1, 1, 1), (262_143, 1, 262_143), (262_144, 1, 262_144), (262_145, 2, 1),
            (1 << 31, 1 << 13, 262_144), ((1 << 32) - 1, 1 << 14, 262_143),
            (1 << 62, 1 << 44, 262_144), (.max, 1 << 46, 262_143),
        ] as [(UInt64, UInt64, Int?)])
    func borders(length: UInt64, count: UInt64, last: Int?) {
        #expect(PieceGeometry.pieceCount(of: length) == count)
        if count > 0 {
            #expect(PieceGeometry.pieceLength(PieceIndex(count - 1), of: length) == last)
        }
        #expect(PieceGeometry.pieceLength(PieceIndex(count), of: length) == nil)
        #expect(PieceGeometry.pieceLength(PieceIndex(.max), of: length) == nil)
    }

    @Test("Holes leave exactly the other pieces", arguments: 0..<100)
    func layout(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let size = UInt64.random(in: 0...(60 << 18), using: &generator)
        let zeros = (0..<PieceGeometry.fullPieceCount(of: size)).filter { _ in
            Bool.random(using: &generator)
        }
        let holes = HoleRuns(enclosedBy: zeros.map { ($0 << 18)..<(($0 + 1) << 18) }, size: size)
        let layout = PieceLayout(length: size, holes: holes)
        var data: [UInt64] = []
        var next: UInt64 = 0
        while let run = layout.dataRun(atOrAfter: next) {
            data += run
            next = run.upperBound
        }
        let expected = (0..<layout.pieceCount).filter { !zeros.contains($0) }
        #expect(data == expected)
        #expect(layout.dataPieceCount == UInt64(expected.count))
        #expect(zeros.allSatisfy { holes.contains(PieceIndex($0)) })
        let bytes = expected.reduce(0) { $0 + UInt64(layout.pieceLength(PieceIndex($1)) ?? 0) }
        #expect(layout.dataBytes == bytes)

        var proven = PieceSet()
        for piece in data where Bool.random(using: &generator) { proven.insert(PieceIndex(piece)) }
        let missing = proven.missing(from: layout).flatMap { Array($0) }
        #expect(missing == data.filter { !proven.contains(PieceIndex($0)) })
        #expect(proven.completes(layout) == missing.isEmpty)
        let provenBytes = data.filter { proven.contains(PieceIndex($0)) }.reduce(0) {
            $0 + UInt64(layout.pieceLength(PieceIndex($1)) ?? 0)
        }
        #expect(proven.dataBytes(in: layout) == provenBytes)
    }

    @Test("Only the longest 4,096 holes are stated, however many there are")
    func manyHoles() throws {
        let size: UInt64 = 1 << 40
        let ranges = (0..<50_000).map { index -> Range<UInt64> in
            let start = UInt64(index) * (10 << 18)
            return start..<(start + (index % 10 == 3 ? 2 << 18 : 1 << 18))
        }
        let holes = HoleRuns(enclosedBy: ranges, size: size)
        #expect(holes.runs.count == HoleRuns.maximumCount)
        #expect(holes.runs.allSatisfy { $0.count == 2 })
        #expect(try HoleRuns(holes.runs, size: size) == holes)
    }
}

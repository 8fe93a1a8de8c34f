import SealiftBase
import SealiftContent
import Testing

@Suite("Requests")
struct RequestTests {
    /// All pieces that a request names, looked up in `layouts` (entry n at index n − 1).
    private func pieces(
        of request: PieceRequest, in layouts: [PieceLayout]
    ) throws -> [PieceRun] {
        var cursor = try RequestCursor(request)
        var runs: [PieceRun] = []
        while let file = cursor.file {
            guard file.rawValue >= 1, file.rawValue <= layouts.count else {
                try cursor.missingEntry()
            }
            while let run = try cursor.nextRun(in: layouts[Int(file.rawValue) - 1]) {
                runs.append(run)
            }
        }
        return runs
    }

    private func layouts(_ generator: inout SeededGenerator) -> [PieceLayout] {
        (0..<Int.random(in: 1...30, using: &generator)).map { _ in
            guard Int.random(in: 0..<3, using: &generator) > 0 else { return .empty }
            let size = UInt64.random(in: 0...(12 << 18), using: &generator)
            let zeros = (0..<PieceGeometry.fullPieceCount(of: size)).filter { _ in
                Int.random(in: 0..<4, using: &generator) == 0
            }
            return PieceLayout(
                length: size,
                holes: HoleRuns(enclosedBy: zeros.map { ($0 << 18)..<(($0 + 1) << 18) }, size: size)
            )
        }
    }

    @Test("The sender reads from requests what the receiver planned", arguments: 0..<300)
    func identity(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let layouts = layouts(&generator)
        var planner = RequestPlanner()
        var wanted: [[UInt64]] = []
        for (index, layout) in layouts.enumerated() {
            var proven = PieceSet()
            for piece in 0..<layout.pieceCount where Int.random(in: 0..<6, using: &generator) == 0 {
                proven.insert(PieceIndex(piece))
            }
            let file = FileIndex(UInt64(index) + 1)
            if Int.random(in: 0..<10, using: &generator) == 0 {
                planner.interrupt()
                continue
            }
            planner.feed(file, layout: layout, proven: proven)
            for run in proven.missing(from: layout) {
                wanted += run.map { [file.rawValue, $0] }
            }
        }
        #expect(planner.pendingPieces == UInt64(wanted.count))
        var planned: [[UInt64]] = []
        while let plan = planner.next(atMost: UInt64.random(in: 1...9, using: &generator)) {
            let named = try pieces(of: plan.request, in: layouts)
            let flat = named.flatMap { run in run.pieces.map { [run.file.rawValue, $0] } }
            #expect(
                flat == plan.runs.flatMap { run in run.pieces.map { [run.file.rawValue, $0] } })
            #expect(UInt64(flat.count) == plan.request.count)
            planned += flat
        }
        #expect(planned == wanted)
        #expect(planner.pendingPieces == 0)
    }

    @Test("Ten thousand small files among directories are one request")
    func smallFiles() {
        var planner = RequestPlanner()
        for index in 1...20_000 as ClosedRange<UInt64> {
            planner.feed(
                FileIndex(index), layout: index % 2 == 0 ? .empty : PieceLayout(length: 4_096))
        }
        let plan = planner.next(atMost: .max)
        #expect(plan?.request == PieceRequest(file: FileIndex(1), piece: .first, count: 10_000))
        #expect(planner.next(atMost: .max) == nil)
    }

    @Test("A request has at most 65,536 pieces, and a file of any size costs one run")
    func largeFile() {
        var planner = RequestPlanner()
        planner.feed(FileIndex(1), layout: PieceLayout(length: 1 << 56))
        #expect(planner.pendingPieces == 1 << 38)
        #expect(planner.next(atMost: .max)?.request.count == 65_536)
        #expect(
            planner.next(atMost: 5)?.runs == [
                PieceRun(file: FileIndex(1), pieces: 65_536..<65_541)
            ])
    }

    @Test("Requests that break a rule are refused")
    func violations() throws {
        let layouts = [PieceLayout(length: 1 << 19), .empty, PieceLayout(length: 1)]
        func request(_ file: UInt64, _ piece: UInt64, _ count: UInt64) -> PieceRequest {
            PieceRequest(file: FileIndex(file), piece: PieceIndex(piece), count: count)
        }
        #expect(try pieces(of: request(1, 1, 2), in: layouts).map(\.file.rawValue) == [1, 3])
        let rows: [(PieceRequest, RequestViolation)] = [
            (request(1, 0, 0), .invalidCount), (request(1, 0, 65_537), .invalidCount),
            (request(1, 0, .max), .invalidCount), (request(1, 2, 1), .pieceBeyondEnd),
            (request(1, .max, 1), .pieceBeyondEnd), (request(2, 0, 1), .pieceBeyondEnd),
            (request(4, 0, 1), .pieceBeyondEnd), (request(.max, 0, 1), .pieceBeyondEnd),
            (request(1, 0, 4), .pastLastEntry),
        ]
        for (request, violation) in rows {
            #expect(throws: violation) { try pieces(of: request, in: layouts) }
        }
        var listing = try RequestCursor(request(0, 0, 3))
        let layout = PieceLayout(length: 300_000)
        #expect(try listing.nextRun(in: layout)?.pieces == 0..<2)
        #expect(throws: RequestViolation.pastListing) { try listing.nextRun(in: layout) }
        var last = try RequestCursor(request(ListingTotals.maximumEntries, 0, 2))
        _ = try last.nextRun(in: PieceLayout(length: 1))
        #expect(throws: RequestViolation.pastLastEntry) {
            try last.nextRun(in: PieceLayout(length: 1))
        }
    }
}

import SealiftBase
import SealiftContent

extension FuzzTarget {
    /// Holes as a listing states them and as a file system reports them.
    static let holes = FuzzTarget(
        "holes", maximumLength: 1_024,
        seeds: {
            func program(_ size: UInt64, _ pairs: [(UInt64, UInt64)]) -> [UInt8] {
                seed { writer in
                    writer.write(size)
                    for (start, length) in pairs {
                        writer.write(start)
                        writer.write(length)
                    }
                }
            }
            return [
                program(9 << 20, [(0, 2), (4, 3)]), program(1 << 56, [(5, 1 << 38)]),
                program(300_000, [(0, 1 << 18)]), program(.max, [(.max, 1), (1, .max)]),
                program(9 << 20, [(0, 1 << 20), (2 << 20, 3 << 20), (5 << 20, 4 << 20)]),
            ]
        }
    ) { input throws(BrokenRule) in
        let size = input.word()
        var ranges: [Range<UInt64>] = []
        while !input.isAtEnd {
            let (start, length) = (input.word(), input.word())
            let (end, overflow) = start.addingReportingOverflow(length)
            ranges.append(start..<(overflow ? .max : end))
        }
        if let stated = try? HoleRuns(ranges, size: size) {
            try demand(stated.runs == ranges, "holes were changed")
            try check(stated, size: size)
        }
        // A file system's answer is ascending.
        let sorted = ranges.sorted { $0.lowerBound < $1.lowerBound }
        try check(HoleRuns(enclosedBy: sorted, size: size), size: size)
    }

    private static func check(_ holes: HoleRuns, size: UInt64) throws(BrokenRule) {
        let full = size / UInt64(PieceGeometry.pieceSize)
        try demand(holes.runs.count <= HoleRuns.maximumCount, "too many holes")
        var end: UInt64?
        for run in holes.runs {
            try demand(!run.isEmpty && run.upperBound <= full, "a hole that is none")
            try demand(end.map { $0 < run.lowerBound } ?? true, "holes that touch")
            end = run.upperBound
        }
        let layout = PieceLayout(length: size, holes: holes)
        try demand(layout.dataPieceCount <= layout.pieceCount, "more data than pieces")
        // Walk the runs of data and of holes: together they are all pieces.
        var (next, data) = (UInt64(0), UInt64(0))
        while let run = layout.dataRun(atOrAfter: next) {
            try demand(run.lowerBound >= next && !run.isEmpty, "runs of data go back")
            try demand(
                !holes.contains(PieceIndex(run.lowerBound))
                    && !holes.contains(PieceIndex(run.upperBound - 1)), "data in a hole")
            data += run.upperBound - run.lowerBound
            next = run.upperBound
        }
        try demand(data == layout.dataPieceCount, "runs of data do not add up")
    }
}

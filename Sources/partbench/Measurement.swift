import CAllocationCounter
import Glibc

/// What runs of a part took.
struct Measurement {
    var runs = 0
    var nanoseconds: UInt64 = 0
    /// Runs by the allocations they made. A run that begins or ends an object makes some; a run
    /// within one must not.
    var runsByAllocations: [UInt64: Int] = [:]

    /// The allocations of the run in the middle.
    var medianAllocations: UInt64 {
        var seen = 0
        for (allocations, count) in runsByAllocations.sorted(by: { $0.key < $1.key }) {
            seen += count
            if 2 * seen >= runs { return allocations }
        }
        return 0
    }

    /// Runs `part` until `seconds` of its own time are over.
    static func measure(
        _ part: inout some Part, seconds: Double
    ) throws -> Measurement {
        try repeatRuns(&part) { Double($0.nanoseconds) < seconds * 1e9 }
    }

    /// Runs `part` a number of times.
    static func measure(_ part: inout some Part, runs: Int) throws -> Measurement {
        try repeatRuns(&part) { $0.runs < runs }
    }

    private static func repeatRuns(
        _ part: inout some Part, while goesOn: (Measurement) -> Bool
    ) throws -> Measurement {
        var result = Measurement()
        while goesOn(result) {
            try part.prepare()
            let allocations = allocation_count()
            let start = monotonicNanoseconds()
            try measuredRun(&part)
            result.nanoseconds += monotonicNanoseconds() - start
            let made = allocation_count() - allocations
            result.runsByAllocations[made, default: 0] += 1
            result.runs += 1
        }
        return result
    }

    private static func monotonicNanoseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

/// What is counted: callgrind switches its collection on while this function runs
/// (`--toggle-collect='*measuredRun*'`).
@inline(never)
private func measuredRun(_ part: inout some Part) throws {
    try part.run()
}

import Glibc

// partbench PART seconds N      bytes per second and allocations per packet over N seconds of work
// partbench PART runs N         N runs, for a counter of instructions around them
// partbench parts               the parts, one a line: name, bytes and packets of a run
//
// scripts/bench-parts calls it and keeps the figures.

let parts: [any Part.Type] = [
    SealPart.self, OpenPart.self, HashPart.self, PacketisePart.self, ReassemblePart.self,
    AcknowledgePart.self, StrangersPart.self, GapsPart.self, ChallengesPart.self, JournalPart.self,
]

func usage() -> Never {
    let text = "usage: partbench parts | partbench PART seconds|runs NUMBER\n"
    _ = write(STDERR_FILENO, text, text.utf8.count)
    exit(64)
}

func measure(_ type: any Part.Type, _ unit: String, _ number: Double) throws -> Measurement {
    func measure<Chosen: Part>(_ type: Chosen.Type) throws -> Measurement {
        var part = try Chosen()
        // The first runs fill caches, and arrays that keep their capacity.
        _ = try Measurement.measure(&part, runs: 16)
        switch unit {
        case "seconds": return try Measurement.measure(&part, seconds: number)
        case "runs": return try Measurement.measure(&part, runs: Int(number))
        default: usage()
        }
    }
    return try measure(type)
}

let arguments = CommandLine.arguments.dropFirst()
if arguments.elementsEqual(["parts"]) {
    for part in parts { print(part.name, part.bytesPerRun, part.packetsPerRun) }
    exit(0)
}
guard arguments.count == 3, let part = parts.first(where: { $0.name == arguments[1] }),
    let number = Double(arguments[3]), number > 0, number < 1e9
else { usage() }
let result = try measure(part, arguments[2], number)
let bytes = Double(result.runs) * Double(part.bytesPerRun)
print(
    "bytes_per_second", Int(bytes / Double(max(result.nanoseconds, 1)) * 1e9),
    "runs", result.runs,
    "allocations_median", result.medianAllocations)

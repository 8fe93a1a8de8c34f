import Glibc
import SealiftFuzzing

// The fuzzer: `fuzz list`, `fuzz seeds TARGET FOLDER`, or `fuzz run TARGET` with libFuzzer's own
// arguments behind it. `scripts/fuzz` is the convenient way.

func store(_ bytes: [UInt8], at path: String) {
    guard let file = fopen(path, "w") else { fail("cannot write \(path)") }
    fwrite(bytes, 1, bytes.count, file)
    fclose(file)
}

let words = Array(CommandLine.arguments.dropFirst())
guard let verb = words.first else { fail("fuzz list | seeds TARGET FOLDER | run TARGET …") }
if verb == "list" {
    for target in FuzzTarget.all { print(target.name, target.maximumLength) }
    exit(0)
}
guard words.count > 1, let target = FuzzTarget.named(words[1]) else { fail("no such target") }
if verb == "seeds", words.count > 2 {
    for (index, seed) in target.seeds().enumerated() {
        store(seed, at: "\(words[2])/seed-\(index)")
    }
    exit(0)
}

chosen = target
exit(run(libFuzzerArguments: Array(words.dropFirst(2))))

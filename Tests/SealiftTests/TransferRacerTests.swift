import Glibc
import SealiftIO
import Synchronization
import Testing

/// A thread flips a folder and a symbolic link to the outside 10^5 times while whole transfers run
/// through it: every call of the engine that opens, makes, renames, removes or changes something is
/// in the way (rsync CVE-2024-12087, -12088, -12747, CVE-2026-53797 and -53800).
@Suite("The racer against whole transfers", .serialized) struct TransferRacerTests {
    /// The folder that is flipped.
    enum Target: String, CaseIterable, Sendable {
        /// A folder that files are received into.
        case destination = "out/t/flip"
        /// The private folder of the receiver.
        case staging = "out/.sealift"
        /// A folder that is sent.
        case source = "in/t/flip"
    }

    /// Names inside: two of them exist outside as well.
    private static let names = ["one", "victim", "sub/deep"]

    @Test(
        "never gets anything outside sent, written, renamed, changed or removed",
        arguments: Target.allCases)
    func race(target: Target) throws {
        let run = LoopbackTransfer(inMemory: true)
        try run.directory("out/t/flip")
        for name in Self.names { try run.write("mine", to: "in/t/flip/\(name)") }
        try run.directory(target.rawValue)
        try run.write("theirs", to: "outside/one")
        try run.write("theirs", to: "outside/victim")
        try run.directory("outside/sub")
        try run.directory("pen")
        symlink("\(run.path)/outside", "\(run.path)/pen/link")
        let before = try facts(run)

        let racer = Racer(flipping: "\(run.path)/\(target.rawValue)", pen: "\(run.path)/pen")
        let thread = try NamedThread(name: "racer") { racer.run() }
        var round = 0
        var delivered = 0
        while round < 12 || racer.flips < 100_000 {
            round += 1
            delivered += try transfer(run, round: round)
        }
        racer.stop()
        thread.join()

        #expect(try facts(run) == before)
        // A racer that stopped every transfer at its beginning would prove little.
        #expect(delivered > 0)
    }

    /// Sends names that no round had before, so that nothing conflicts but what the racer does.
    private func transfer(_ run: LoopbackTransfer, round: Int) throws -> Int {
        for name in Self.names {
            try run.write("mine", to: "from/\(round)/t/flip/\(name)-\(round)")
        }
        try run.write(
            String(repeating: "0123456789abcdef", count: 40_000),
            to: "from/\(round)/t/flip/big-\(round)")
        _ = try run.run(sending: "from/\(round)/t", into: "out")
        // The folder that is flipped itself: its names are the names outside.
        _ = try run.run(sending: "in/t", into: "got-\(round)")
        let got = (try? run.snapshot("got-\(round)")) ?? [:]
        #expect(!got.values.contains(Array("theirs".utf8)))
        return got.count
    }

    /// Content and status of everything outside.
    private func facts(_ run: LoopbackTransfer) throws -> [[UInt8]: [String]] {
        let outside = try DirectoryHandle.open(path: run.bytes("outside"))
        let folder = try outside.status()
        let start: [[UInt8]: [String]] = [
            []: ["\(folder.mode)", "\(folder.modified)", "\(folder.changed)"]
        ]
        return try run.snapshot("outside").reduce(into: start) { facts, item in
            let status = try outside.status(of: item.key)
            facts[item.key] = [
                String(decoding: item.value, as: UTF8.self), "\(status.mode)", "\(status.modified)",
                "\(status.changed)", "\(status.inode)",
            ]
        }
    }

    /// Puts the link in the folder's place and takes it away again, over and over.
    private final class Racer: Sendable {
        private let folder: String
        private let pen: String
        private let count = Atomic<Int>(0)
        private let isStopped = Atomic<Bool>(false)

        init(flipping folder: String, pen: String) {
            self.folder = folder
            self.pen = pen
        }

        var flips: Int { count.load(ordering: .relaxed) }
        func stop() { isStopped.store(true, ordering: .relaxed) }

        func run() {
            var spare = 0
            while !isStopped.load(ordering: .relaxed) {
                // A folder that the transfer made in the meantime is put away for good.
                if rename(folder, "\(pen)/aside") != 0, errno != ENOENT {
                    spare += 1
                    rename(folder, "\(pen)/spare-\(spare)")
                }
                rename("\(pen)/link", folder)
                rename(folder, "\(pen)/link")
                rename("\(pen)/aside", folder)
                count.add(1, ordering: .relaxed)
            }
        }
    }
}

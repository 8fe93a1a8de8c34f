import Foundation
import SealiftBase
import SealiftFuzzing
import SealiftTestSupport
import Testing

@Suite("The fuzzers' targets")
struct FuzzTargetTests {
    @Test("have names of their own, and seeds within their length")
    func table() {
        #expect(Set(FuzzTarget.all.map(\.name)).count == FuzzTarget.all.count)
        for target in FuzzTarget.all {
            #expect(!target.seeds().isEmpty, "\(target.name)")
            #expect(
                target.seeds().allSatisfy { $0.count <= target.maximumLength }, "\(target.name)")
        }
    }

    @Test("hold for every valid input", arguments: FuzzTarget.all.map(\.name))
    func seeds(name: String) throws {
        let target = try #require(FuzzTarget.named(name))
        try target.run([])
        for seed in target.seeds() { try target.run(seed) }
    }

    @Test("hold for every input that once broke something", arguments: FuzzTarget.all.map(\.name))
    func regressions(name: String) throws {
        let target = try #require(FuzzTarget.named(name))
        let folder = try #require(Bundle.module.resourceURL).appending(path: "Regressions/\(name)")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        for file in names.sorted() {
            let bytes = Array(try Data(contentsOf: folder.appending(path: file)))
            #expect(throws: Never.self, "\(name)/\(file)") { try target.run(bytes) }
        }
    }

    @Test("are the only folders of regressions")
    func folders() throws {
        let folder = try #require(Bundle.module.resourceURL).appending(path: "Regressions")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(Set(names).subtracting(["README.md"]).isSubset(of: FuzzTarget.all.map(\.name)))
    }

    /// A taste of what `make fuzz` does for hours, the same on every run of a seed.
    @Test(
        "hold for valid inputs with a few bytes changed", arguments: FuzzTarget.all.map(\.name),
        SimulationSeed.series(2))
    func mutations(name: String, seed: SimulationSeed) throws {
        let target = try #require(FuzzTarget.named(name))
        var generator = seed.generator(for: name)
        let seeds = target.seeds()
        for _ in 0..<50 {
            var input = seeds[Int(generator.next() % UInt64(seeds.count))]
            for _ in 0...(generator.next() % 4) { mutate(&input, &generator) }
            #expect(throws: Never.self, "\(Hexadecimal.encode(input))") { try target.run(input) }
        }
    }

    private func mutate(_ input: inout [UInt8], _ generator: inout SeededGenerator) {
        guard !input.isEmpty else { return }
        let place = Int(generator.next() % UInt64(input.count))
        switch generator.next() % 4 {
        case 0: input[place] = UInt8(truncatingIfNeeded: generator.next())
        case 1: input[place] ^= 1 << UInt8(generator.next() % 8)
        case 2: input.remove(at: place)
        default: input.insert(UInt8(truncatingIfNeeded: generator.next()), at: place)
        }
    }
}

extension FuzzTarget {
    fileprivate func run(_ bytes: [UInt8]) throws(BrokenRule) {
        // `withUnsafeBytes` of an array does not carry typed errors.
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 8)
        defer { buffer.deallocate() }
        buffer.copyBytes(from: bytes)
        try run(UnsafeRawBufferPointer(buffer))
    }
}

import Foundation
public import SealiftBase

/// The number from which everything random in a simulation follows.
///
/// Tests take a series as their arguments, so that the failing seed stands in the test's own
/// report: `@Test("…", arguments: SimulationSeed.series(200))`. The environment then replays it:
/// `SEALIFT_SEED=123 swift test … --filter …` runs every series with that one seed, and
/// `SEALIFT_SEED=random` runs each from a fresh start, for hunts.
public struct SimulationSeed: Hashable, Sendable, CustomStringConvertible {
    /// The number itself.
    public let value: UInt64

    /// Makes the seed `value`.
    public init(_ value: UInt64) {
        self.value = value
    }

    /// In the form that replays.
    public var description: String { "SEALIFT_SEED=\(value)" }

    /// `count` seeds that follow each other from `start`; only the seed of the environment where
    /// one is set.
    public static func series(_ count: Int, from start: UInt64 = 1) -> [SimulationSeed] {
        series(
            count, from: start, environment: ProcessInfo.processInfo.environment["SEALIFT_SEED"])
    }

    /// As ``series(_:from:)``, with the environment's word given: for the test of this rule.
    static func series(_ count: Int, from start: UInt64, environment: String?) -> [SimulationSeed] {
        switch environment {
        case "random":
            let fresh = UInt64.random(in: 0...(UInt64.max >> 1))
            return (0..<UInt64(count)).map { SimulationSeed(fresh + $0) }
        case .some(let text):
            guard let value = UInt64(text) else {
                preconditionFailure("SEALIFT_SEED is neither a number nor \"random\"")
            }
            return [SimulationSeed(value)]
        case nil:
            return (0..<UInt64(count)).map { SimulationSeed(start + $0) }
        }
    }

    /// A generator of its own for each `purpose`, so that one more number drawn for one purpose
    /// does not change the others.
    public func generator(for purpose: String) -> SeededGenerator {
        // FNV-1a over the purpose: stable between runs, unlike Hasher.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in purpose.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return SeededGenerator(seed: value &* 0x9E37_79B9_7F4A_7C15 ^ hash)
    }
}

import SealiftBase
import SealiftContent
import SealiftCrypto
import SealiftTestSupport
import Testing

@testable import SealiftTransfer

/// What thousands of small files cost over a long path, in round trips.
@Suite("Small files over a long path")
struct SmallFilesTests {
    private static let roundTrip = Duration.milliseconds(100)

    /// Ten thousand files of 4 KiB at 500 Mbit/s; the ends' own work takes no time.
    private static func scenario(seed: UInt64) throws -> TransferScenario {
        var scenario = try TransferScenario(seed: seed)
        scenario.source = try MemorySource(try SampleTrees.small(count: 10_000, seed: seed))
        scenario.link.delay = roundTrip / 2
        scenario.link.megabitsPerSecond = 500
        scenario.link.queueTime = roundTrip
        return scenario
    }

    @Test(
        "ten thousand take no more round trips than the start of the window and the link's rate do")
    func roundTrips() throws {
        let outcome = try Self.scenario(seed: 1).runToCompletion()
        let turns = outcome.duration / Self.roundTrip
        #expect(turns <= 32, "\(turns) round trips")
        #expect(turns >= 10, "\(turns) round trips: what was counted?")
    }

    @Test("a listing that comes behind the offer saves a round trip, on the average of three seeds")
    func listingAhead() throws {
        var saved = Duration.zero
        for seed in UInt64(2)...4 {
            var scenario = try Self.scenario(seed: seed)
            let ahead = try scenario.runToCompletion().duration
            scenario.receiverFeatures = []
            saved += try scenario.runToCompletion().duration - ahead
        }
        // What else the two runs do differs by a third of a round trip from seed to seed.
        #expect(saved / 3 >= Self.roundTrip * 0.75, "\(saved / 3)")
    }
}

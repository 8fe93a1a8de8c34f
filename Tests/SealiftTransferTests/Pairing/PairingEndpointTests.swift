import SealiftBase
import SealiftCrypto
import SealiftPeople
import SealiftTestSupport
import SealiftTransport
import Testing

@testable import SealiftTransfer

@Suite("Two ends that become contacts over a network")
struct PairingEndpointTests {
    @Test("both store and hold one key, whatever is lost", arguments: SimulationSeed.series(12))
    func lossy(simulation: SimulationSeed) throws {
        var scenario = PairingScenario(seed: simulation.value)
        scenario.loss = 0.1
        let outcome = try scenario.run()
        // A handshake that lost every one of its last messages is given up: then nobody has stored.
        guard outcome.dialing.introduction != nil, outcome.waiting.introduction != nil else {
            #expect(!outcome.dialing.hasStored && !outcome.waiting.hasStored, "\(outcome.report)")
            return
        }
        let keys = (
            try #require(outcome.dialing.introduction).pairKey,
            try #require(outcome.waiting.introduction).pairKey
        )
        #expect(keys.0.opensTheSame(as: keys.1))
        #expect(outcome.waiting.hasStored || !outcome.dialing.hasStored)
        #expect(outcome.dialing.hasStored && outcome.dialing.isFinished, "\(outcome.report)")
        #expect(outcome.waiting.hasStored && outcome.waiting.isFinished, "\(outcome.report)")
        #expect(outcome.waiting.sessions == 1 && outcome.dialing.sessions == 1)
    }

    @Test("a chain of many devices is carried whole")
    func longChain() throws {
        var scenario = PairingScenario(seed: 7)
        scenario.devices = 64
        let outcome = try scenario.run()
        #expect(outcome.dialing.introduction?.devices.devices.count == 64, "\(outcome.report)")
        #expect(outcome.dialing.isFinished && outcome.waiting.isFinished)
    }

    @Test("a link that is cut at any moment leaves nobody stored, or the end that waited, or both")
    func cut() throws {
        var kinds: Set<Int> = []
        for milliseconds in Array(stride(from: 20, through: 400, by: 20)) + [800, 5_000] {
            var scenario = PairingScenario(seed: 3)
            scenario.cut = .milliseconds(milliseconds)
            let outcome = try scenario.run()
            #expect(
                outcome.waiting.hasStored || !outcome.dialing.hasStored,
                "cut at \(milliseconds) ms: \(outcome.report)")
            #expect(outcome.dialing.ending != nil)
            kinds.insert((outcome.waiting.hasStored ? 1 : 0) + (outcome.dialing.hasStored ? 2 : 0))
            // Whoever has stored and was not told so knows that it was not told.
            if outcome.waiting.isFinished { #expect(outcome.dialing.hasStored) }
        }
        #expect(kinds.contains(0) && kinds.contains(3))
    }

    @Test("a key of another purpose opens nothing", arguments: [SessionRole.ticket, .pairingCode])
    func otherRole(role: SessionRole) throws {
        var scenario = PairingScenario(seed: 9)
        scenario.dialingRole = role
        let outcome = try scenario.run()
        #expect(outcome.dialing.ending == .noAnswer)
        #expect(outcome.waiting.sessions == 0 && outcome.waiting.introduction == nil)
    }
}

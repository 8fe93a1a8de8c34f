import SealiftBase
import SealiftTestSupport
import SealiftTransport
import Testing

@testable import SealiftTransfer

/// Whole transfers over several routes on virtual time.
@Suite("A better path while the present one is healthy")
struct BetterPathTests {
    private typealias Route = TwoRoutes.Route

    @Test(
        "that appears in mid-transfer is taken by both ends, once, and nothing is lost",
        arguments: SimulationSeed.series(12))
    func appears(seed: SimulationSeed) throws {
        var slow = Route(delay: .milliseconds(30), jitter: .milliseconds(3))
        slow.loss = seed.value.isMultiple(of: 3) ? 0.01 : 0
        let outcome = try TwoRoutes(
            seed: seed,
            routes: [slow, Route(delay: .milliseconds(4), appearsAfter: .milliseconds(3_500))]
        ).run()
        outcome.expectWhole()
        #expect(outcome.receiverMoves == [2], "\(outcome.report)")
        #expect(outcome.senderMoves == [2])
    }

    @Test("is none if it is as good as the present one", arguments: SimulationSeed.series(12))
    func equal(seed: SimulationSeed) throws {
        var generator = seed.generator(for: "equal routes")
        // Up to a fifth shorter, with jitter: not clearly better.
        let delay = Duration.milliseconds(Int64(16 + generator.next() % 9))
        let outcome = try TwoRoutes(
            seed: seed,
            routes: [
                Route(jitter: .milliseconds(2)), Route(delay: delay, jitter: .milliseconds(2)),
                Route(jitter: .milliseconds(4)),
            ], bytes: 10_000_000
        ).run()
        outcome.expectWhole()
        #expect(outcome.receiverMoves.isEmpty, "\(outcome.receiverMoves): \(outcome.report)")
        #expect(outcome.senderMoves.isEmpty)
    }

    @Test(
        "is a direct one beside a relayed one, however long its round trip",
        arguments: SimulationSeed.series(12))
    func relayed(seed: SimulationSeed) throws {
        let outcome = try TwoRoutes(
            seed: seed,
            routes: [
                Route(delay: .milliseconds(5), rank: .relayed),
                Route(
                    delay: .milliseconds(60), jitter: .milliseconds(5), loss: 0.005,
                    appearsAfter: .seconds(5)),
            ], bytes: 8_000_000
        ).run()
        outcome.expectWhole()
        #expect(outcome.receiverMoves == [2], "\(outcome.report)")
        #expect(outcome.senderMoves == [2])
    }

    @Test("is never a relayed one beside a direct one")
    func neverToTheRelay() throws {
        let outcome = try TwoRoutes(
            seed: SimulationSeed(3),
            routes: [
                Route(delay: .milliseconds(80)),
                Route(delay: .milliseconds(1), rank: .relayed, appearsAfter: .seconds(1)),
            ]
        ).run()
        outcome.expectWhole()
        #expect(outcome.receiverMoves.isEmpty)
    }

    @Test("that carries clearly less is given up again", arguments: SimulationSeed.series(6))
    func slowCable(seed: SimulationSeed) throws {
        let outcome = try TwoRoutes(
            seed: seed,
            routes: [
                Route(delay: .milliseconds(25), megabitsPerSecond: 4),
                Route(
                    delay: .milliseconds(2), megabitsPerSecond: 0.5, appearsAfter: .seconds(10)),
            ], bytes: 24_000_000
        ).run()
        outcome.expectWhole()
        #expect(outcome.receiverMoves == [2, 1], "\(outcome.report)")
        #expect(outcome.senderMoves == [2, 1])
        // 48 s at 4 Mbit/s, and what the slow cable cost.
        #expect(outcome.took < .seconds(75))
    }

    @Test(
        "that an attacker makes of answers alone costs one outage, not the session",
        arguments: SimulationSeed.series(6))
    func steering(seed: SimulationSeed) throws {
        let outcome = try TwoRoutes(
            seed: seed,
            routes: [
                Route(delay: .milliseconds(25)),
                // Whoever holds this route lets challenges and their answers through, and nothing else.
                Route(
                    delay: .milliseconds(1), largestPayload: 60, appearsAfter: .milliseconds(2_500)
                ),
            ]
        ).run()
        outcome.expectWhole()
        // The session came back by itself, and was not drawn there again and again.
        #expect(outcome.receiverMoves.count <= 4, "\(outcome.receiverMoves)")
        #expect(outcome.took < .seconds(90))
    }

    @Test("is none whose answers an attacker holds back", arguments: SimulationSeed.series(4))
    func lateAnswers(seed: SimulationSeed) throws {
        let outcome = try TwoRoutes(
            seed: seed,
            routes: [
                Route(delay: .milliseconds(25)),
                Route(delay: .milliseconds(1), attack: [Delay(.milliseconds(700))]),
            ]
        ).run()
        outcome.expectWhole()
        #expect(outcome.receiverMoves.isEmpty)
    }

    @Test("is looked for at a bounded rate, wherever a peer's list points")
    func bounded() throws {
        let ports = (UInt16(50)..<90).map { $0 }
        var scenario = TwoRoutes(
            seed: SimulationSeed(8), routes: [Route(delay: .milliseconds(25))], bytes: 15_000_000)
        scenario.deadPorts = ports
        let outcome = try scenario.run()
        outcome.expectWhole()
        let seconds = outcome.took.inSeconds
        // Message 1 went to each once or twice at the start; then two paths a second, two challenges each.
        let challenges = ports.reduce(0) { $0 + (outcome.sent[$1] ?? 0) }
        #expect(Double(challenges) < 4 * seconds + Double(8 * ports.count))
        let most = ports.map { outcome.sent[$0] ?? 0 }.max() ?? 0
        #expect(most < 24, "\(most) datagrams to one address that never answered")
        #expect(outcome.receiverMoves.isEmpty)
    }
}

import SealiftBase
import SealiftCrypto
import SealiftTestSupport
import Testing

@testable import SealiftTransport

@Suite("Objects between two connections")
struct TransferTests {
    @Test("A hundred megabytes arrive whole over a lossy, reordering, doubling path")
    func hundredMegabytes() throws {
        var pair = try Pair(
            seed: SimulationSeed(1), lengths: Array(repeating: 262_176, count: 400), window: 128,
            stages: [
                RateLimit(megabitsPerSecond: 800, queueTime: .milliseconds(40)),
                Delay(.milliseconds(10), jitter: .milliseconds(1), order: .free),
                IndependentLoss(0.002), Duplication(0.01),
            ])
        let isWhole = pair.runToCompletion(within: .seconds(300))
        #expect(isWhole)
        let statistics = pair.network[pair.sender].connection.statistics
        #expect(statistics.packetsLost > 0)
        #expect(statistics.packetsSent < 110_000)
    }

    @Test("Every seed ends whole over a bad path", arguments: SimulationSeed.series(120))
    func badPaths(seed: SimulationSeed) throws {
        var generator = seed.generator(for: "path")
        let lengths = (0..<60).map { _ in
            Bool.random(using: &generator)
                ? Int.random(in: 1...300, using: &generator)
                : Int.random(in: 1000...60_000, using: &generator)
        }
        let loss = Double.random(in: 0...0.1, using: &generator)
        var stages: [any LinkStage] = [
            RateLimit(megabitsPerSecond: 50, queueTime: .milliseconds(30)),
            Delay(
                .milliseconds(Int.random(in: 0...80, using: &generator)), jitter: .milliseconds(3),
                order: Bool.random(using: &generator) ? .free : .kept),
            Bool.random(using: &generator)
                ? IndependentLoss(loss) : BurstLoss(loss: max(loss, 0.01), averageBurst: 6),
        ]
        if Bool.random(using: &generator) { stages.append(Duplication(0.05)) }
        if Bool.random(using: &generator) { stages.append(Corruption(0.02)) }
        if Bool.random(using: &generator) {
            stages.append(Reordering(0.05, holdBack: .milliseconds(8)))
        }
        var pair = try Pair(seed: seed, lengths: lengths, window: 16, stages: stages) {
            if Bool.random(using: &generator) { $0.maximumDatagramSize = 1452 }
        }
        let isWhole = pair.runToCompletion(within: .seconds(300))
        #expect(isWhole, "\(pair.network.report)")
        #expect(pair.network[pair.receiver].closed == nil)
        #expect(pair.network[pair.sender].connection.bytesQueuedToSend == 0)
    }

    @Test("Large datagrams and a change of their size in mid-transfer keep everything whole")
    func datagramSizeChanges() throws {
        var pair = try Pair(
            seed: SimulationSeed(3), lengths: Array(repeating: 100_000, count: 100),
            stages: [Delay(.milliseconds(5)), IndependentLoss(0.01)])
        let sender = pair.sender
        pair.network.schedule(at: Instant(nanoseconds: 1_100_000_000)) {
            $0[sender].connection.fixDatagramSize(65_507, now: $0.now)
        }
        pair.network.schedule(at: Instant(nanoseconds: 1_150_000_000)) {
            $0[sender].connection.fixDatagramSize(1200, now: $0.now)
        }
        let isWhole = pair.runToCompletion(within: .seconds(60))
        #expect(isWhole)
    }

    @Test("Generations and ratchets change the keys without a stop")
    func keysChange() throws {
        var pair = try Pair(
            seed: SimulationSeed(4), lengths: Array(repeating: 100_000, count: 100),
            stages: [Delay(.milliseconds(5)), IndependentLoss(0.02)]
        ) {
            $0.keyLimits.packetsUntilDue = 500
            $0.keyLimits.packetsPerGeneration = 1000
            $0.ratchetByteInterval = 1 << 20
        }
        let isWhole = pair.runToCompletion(within: .seconds(120))
        #expect(isWhole)
        let connection = pair.network[pair.sender].connection
        #expect(connection.protection.generation >= 5)
        #expect(connection.ratchet.latestNumber >= 3)
    }

    @Test(
        "Generations and ratchets outlive loss, reordering, duplication and moves",
        arguments: SimulationSeed.series(10))
    func keysChangeOnBadPaths(seed: SimulationSeed) throws {
        var pair = try Pair(
            seed: seed, lengths: Array(repeating: 60_000, count: 40), window: 16,
            stages: [
                Delay(.milliseconds(10), jitter: .milliseconds(4), order: .free),
                BurstLoss(loss: 0.05, averageBurst: 4), Duplication(0.05),
                Reordering(0.1, holdBack: .milliseconds(20)),
            ]
        ) {
            $0.keyLimits.packetsUntilDue = 100
            $0.keyLimits.packetsPerGeneration = 1 << 22
            $0.ratchetByteInterval = 200_000
            // Slow enough that the changes of address and of keys all come in mid-transfer.
            $0.maximumRate = 1_000_000
        }
        let (sender, receiver) = (pair.sender, pair.receiver)
        // Both at once would lose each other: nobody tells them where the other is now.
        let node = seed.value.isMultiple(of: 2) ? sender : receiver
        let start = pair.network.now
        for step in 1...4 {
            pair.network.schedule(at: start + .milliseconds(250 * step)) { network in
                network.changeAddress(
                    of: node, to: SimulatedAddress(host: UInt32(10 + step), port: 1))
                network[node].connection.localAddressChanged(now: network.now)
            }
        }
        let isWhole = pair.runToCompletion(within: .seconds(120))
        #expect(isWhole, "\(pair.network.report)")
        #expect(pair.network[sender].connection.protection.generation >= 4)
        #expect(pair.network[receiver].connection.ratchet.latestNumber >= 2)
    }

    @Test("A sender that may seal no more under its keys waits for the next generation")
    func waitsForGeneration() throws {
        var pair = try Pair(
            seed: SimulationSeed(5), lengths: Array(repeating: 100_000, count: 20),
            stages: [Delay(.milliseconds(20))]
        ) {
            $0.keyLimits.packetsUntilDue = 60
            $0.keyLimits.packetsPerGeneration = 240
        }
        let isWhole = pair.runToCompletion(within: .seconds(120))
        #expect(isWhole)
    }

    @Test(
        "A ratchet that comes when the sender's generation is nearly used up is still answered",
        arguments: SimulationSeed.series(8))
    func lateRatchet(seed: SimulationSeed) throws {
        // The sender is the responder: it has to answer, and it is the one that runs out.
        var pair = try Pair(
            seed: seed, lengths: Array(repeating: 100_000, count: 60), window: 60,
            stages: [Delay(.milliseconds(40)), IndependentLoss(0.02)]
        ) {
            $0.keyLimits.packetsUntilDue = 150
            $0.keyLimits.packetsPerGeneration = 256
            // Offers meet every moment of a generation of about 300,000 bytes.
            $0.ratchetByteInterval = 90_000 + 30_000 * seed.value % 240_000
        }
        let isWhole = pair.runToCompletion(within: .seconds(300))
        #expect(isWhole, "\(pair.network.report)")
        #expect(pair.network[pair.receiver].connection.ratchet.latestNumber >= 3)
    }

    @Test("An outage of ten seconds is survived")
    func outage() throws {
        let gap =
            Instant(nanoseconds: 1_200_000_000)..<Instant(nanoseconds: 11_200_000_000)
        var pair = try Pair(
            seed: SimulationSeed(6), lengths: Array(repeating: 100_000, count: 100),
            stages: [
                RateLimit(megabitsPerSecond: 100, queueTime: .milliseconds(20)),
                Delay(.milliseconds(20)), Outage([gap]),
            ])
        let isWhole = pair.runToCompletion(within: .seconds(25))
        #expect(isWhole)
    }
}

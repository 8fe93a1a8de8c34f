import SealiftBase
import SealiftContent
import SealiftCrypto
import SealiftTestSupport
import SealiftTransport
import Testing

@testable import SealiftTransfer

/// Whole transfers, handshake to farewell, on virtual time.
@Suite("Transfers in the simulator")
struct TransferSimulationTests {
    @Test("a tree arrives identical over a clean link")
    func clean() throws {
        try TransferScenario(seed: 1).runToCompletion()
    }

    @Test(
        "every seed ends identical under loss, reordering, duplication and corruption",
        arguments: SimulationSeed.series(200))
    func hostileLinks(simulation: SimulationSeed) throws {
        let seed = simulation.value
        var generator = SeededGenerator(seed: seed)
        var scenario = try TransferScenario(seed: seed)
        scenario.link.loss = generator.nextUnit() * 0.10
        scenario.link.delay = .milliseconds(Int64(generator.next() % 80))
        scenario.link.jitter = .milliseconds(Int64(generator.next() % 20))
        scenario.link.reordering = generator.nextUnit() * 0.05
        scenario.link.duplication = generator.nextUnit() * 0.05
        scenario.link.corruption = generator.nextUnit() * 0.01
        scenario.link.isBursty = seed.isMultiple(of: 3)
        // Old and new ends, in every combination.
        if seed & 4 != 0 { scenario.senderFeatures = [] }
        if seed & 8 != 0 { scenario.receiverFeatures = [] }
        try scenario.runToCompletion()
    }

    @Test(
        "a tree arrives identical while both ends' addresses change",
        arguments: SimulationSeed.series(12))
    func movingEnds(simulation: SimulationSeed) throws {
        var generator = simulation.generator(for: "moves")
        var scenario = try TransferScenario(seed: simulation.value)
        scenario.link.loss = 0.02
        scenario.link.megabitsPerSecond = 1
        for step in 1...3 {
            scenario.addressChanges.append(
                (
                    after: .seconds(3 * step), ofSender: Bool.random(using: &generator)
                ))
        }
        try scenario.runToCompletion()
    }

    @Test("a file that changed while it was sent is named, the rest is delivered")
    func changedFile() throws {
        var scenario = try TransferScenario(seed: 7)
        let index = try scenario.index(of: "tree/d-large")
        scenario.source.changed = [index]
        let outcome = try scenario.run()
        #expect(outcome.store.placed.count == scenario.fileCount - 1)
        #expect(outcome.store.placed[try EntryPath(Array("tree/d-large".utf8))] == nil)
        #expect(outcome.failedFiles == ["tree/d-large"])
        #expect(outcome.rootsAgree)
    }

    @Test("a file that vanishes in its middle is named, the rest is delivered")
    func vanishedFile() throws {
        var scenario = try TransferScenario(seed: 8)
        scenario.source.faults[try scenario.index(of: "tree/d-large")] = (
            PieceIndex(1), .vanished
        )
        scenario.source.faults[try scenario.index(of: "tree/many-120")] = (
            PieceIndex(0), .unreadable
        )
        let outcome = try scenario.run()
        #expect(outcome.failedFiles.sorted() == ["tree/d-large", "tree/many-120"])
        #expect(outcome.store.placed.count == scenario.fileCount - 2)
        #expect(outcome.rootsAgree)
    }

    @Test("a full disk ends the session and keeps what was proven")
    func fullDisk() throws {
        let scenario = try TransferScenario(seed: 9)
        let store = MemoryStore()
        store.capacity = 700_000
        // The space check belongs to the driver; here the disk fills up against all promises.
        let outcome = try scenario.run(into: store)
        guard case .storageFailed(let failure)? = outcome.receiverReports.last else {
            Issue.record("no storage failure was reported: \(outcome.receiverReports)")
            return
        }
        #expect(failure.kind == .full)
        store.capacity = .max
        let second = try TransferScenario(seed: 9).run(into: store)
        #expect(second.rootsAgree)
    }

    @Test("a second run takes over the pieces that a first one proved")
    func continued() throws {
        let scenario = try TransferScenario(seed: 10)
        let store = MemoryStore()
        store.capacity = 900_000
        _ = try scenario.run(into: store)
        store.capacity = .max
        let written = store.piecesWritten
        #expect(written > 0)
        let outcome = try scenario.run(into: store)
        #expect(outcome.rootsAgree)
        #expect((outcome.tally?.reusedBytes ?? 0) > 0)
        #expect(outcome.tally?.resentProvenBytes == 0)
    }

    @Test(
        "a receiver that was cut off before its confirmation finds everything there, and ends well")
    func lostConfirmation() throws {
        var scenario = try TransferScenario(seed: 15)
        let store = MemoryStore()
        scenario.losesConfirm = true
        let first = try scenario.run(into: store)
        #expect(first.receiverEnding == .lost)
        #expect(!first.rootsAgree)
        scenario.losesConfirm = false
        scenario.owner = first.owner
        let written = store.piecesWritten
        let second = try scenario.run(into: store)
        #expect(second.rootsAgree, "\(second.receiverReports)")
        #expect(second.tally?.receivedBytes == 0)
        #expect(second.tally?.resentProvenBytes == 0)
        #expect(store.piecesWritten == written)
    }

    @Test("a declined offer claims nothing and moves no content")
    func declined() throws {
        var scenario = try TransferScenario(seed: 11)
        scenario.answer = .decline
        let outcome = try scenario.run()
        #expect(outcome.owner == nil)
        #expect(outcome.store.placed.isEmpty)
        #expect(outcome.receiverEnding == .closed(.declined, reason: "declined"))
    }

    @Test("another device is told that the ticket is used")
    func alreadyUsed() throws {
        var scenario = try TransferScenario(seed: 12)
        scenario.owner = DeviceID(SHA256Root.sample)
        let outcome = try scenario.run()
        #expect(outcome.receiverReports == [.refused(.alreadyUsed)])
        #expect(outcome.store.placed.isEmpty)
    }

    @Test("a stranger without the secret hears nothing")
    func wrongSecret() throws {
        var scenario = try TransferScenario(seed: 13)
        scenario.receiverHasOtherSecret = true
        let outcome = try scenario.run()
        #expect(outcome.receiverEnding == .noAnswer)
        #expect(outcome.datagramsFromSender == 0)
    }

    @Test("a sender that is not the one in the ticket is refused")
    func wrongFingerprint() throws {
        var scenario = try TransferScenario(seed: 14)
        scenario.receiverExpectsOtherDevice = true
        let outcome = try scenario.run()
        guard case .handshakeFailed? = outcome.receiverEnding else {
            Issue.record("ended with \(String(describing: outcome.receiverEnding))")
            return
        }
        #expect(outcome.store.placed.isEmpty)
    }
}

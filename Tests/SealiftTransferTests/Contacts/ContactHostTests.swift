import SealiftBase
import SealiftCrypto
import SealiftPeople
import SealiftTestSupport
import SealiftTransport
import Testing

@testable import SealiftTransfer

@Suite("Contacts over a network")
struct ContactHostTests {
    @Test(
        "ask and are answered, one question after the other, whatever is lost",
        arguments: SimulationSeed.series(12))
    func lossy(simulation: SimulationSeed) throws {
        var scenario = ContactScenario(seed: simulation.value)
        scenario.loss = 0.1
        let outcome = try scenario.run()
        // A handshake that lost every one of its last messages is given up for a new one.
        #expect(outcome.requests.first == .shares && outcome.requests.count >= 2)
        #expect(outcome.answers.last == .refused(.notThere) && outcome.answers.count == 3)
        #expect(outcome.failures.isEmpty)
        #expect(outcome.ending == .closed(.done, reason: ""))
    }

    @Test(
        "reach each other though a clock is a day off, and not beyond",
        arguments: [-24, 24, -25, 25])
    func clocks(hours: Int64) throws {
        var scenario = ContactScenario(seed: 4)
        scenario.clockHours = hours
        let outcome = try scenario.run()
        #expect((outcome.answers.count == 3) == (abs(hours) <= 24))
    }

    @Test("answer nothing at all to who is no contact: not a datagram")
    func strangers() throws {
        var entropy = SeededEntropy(seed: 77)
        var strange = ContactScenario(seed: 5)
        strange.dialingKey = PreSharedKey.generate(entropy: &entropy)
        var forgotten = ContactScenario(seed: 6)
        forgotten.isKnown = false
        // The key of the other direction: what this device sends cannot be turned round.
        var reflected = ContactScenario(seed: 7)
        reflected.dialedDevice = DeviceKeyPair.generate(entropy: &entropy).publicKeys.id
        for scenario in [strange, forgotten, reflected] {
            let outcome = try scenario.run()
            #expect(outcome.replies == 0 && outcome.arrivals == 0 && outcome.requests.isEmpty)
            #expect(outcome.ending == .noAnswer)
        }
    }

    @Test(
        "replace a key without mailboxes of days in their first session where both have them, and only then",
        arguments: SimulationSeed.series(4))
    func daily(simulation: SimulationSeed) throws {
        let can = SessionFeatures.dailyMailboxes
        for (dialing, waiting, wants) in [
            (can, can, true), (can, [], true), ([], can, true), (can, can, false),
        ] as [(SessionFeatures, SessionFeatures, Bool)] {
            var scenario = ContactScenario(seed: simulation.value)
            scenario.features = (dialing, waiting)
            scenario.isKeyToBeReplaced = wants
            let outcome = try scenario.run()
            #expect(outcome.answers.count == 3 && outcome.failures.isEmpty)
            guard dialing == can, waiting == can, wants else {
                #expect(outcome.renewed.isEmpty)
                continue
            }
            try #require(outcome.renewed.count == 2)
            let keys = outcome.renewed.map(\.encoded)
            #expect(keys[0].constantTimeEquals(keys[1]))
            #expect(outcome.renewed[0].mailboxes?.day == MailboxRatchet.firstDay)
        }
    }

    @Test("ask for another key on every second day: two that dial each other do not both make one")
    func turns() throws {
        var entropy = SeededEntropy(seed: 3)
        let devices = (0..<2).map { _ in DeviceKeyPair.generate(entropy: &entropy).publicKeys.id }
        let identity = IdentityID(SHA256Digest.hash([1]))
        let told = PairKey(told: PreSharedKey.generate(entropy: &entropy))
        func pair(_ key: PairKey, _ own: Int) -> ContactPair {
            ContactPair(
                identity: identity, device: devices[1 - own], key: key, dialing: devices[1 - own])
        }
        func time(_ day: Int64) -> WallTime { WallTime(secondsSince1970: day * 86_400 + 7) }
        for day in 20_600..<20_604 as Range<Int64> {
            let ask = [0, 1].map { pair(told, $0).isToBeReplaced(by: devices[$0], at: time(day)) }
            #expect(ask.count(where: { $0 }) == 1)
            let next = [0, 1].map {
                pair(told, $0).isToBeReplaced(by: devices[$0], at: time(day + 1))
            }
            #expect(ask == next.reversed())
        }
        // One with mailboxes of days stays, unless clocks that were wrong alike took it beyond today.
        let daily = try #require(
            PairKey(
                encoded: SecretBytes(
                    copying: [UInt8](repeating: 1, count: 32) + [0, 0, 0, 0, 0, 0, 0x50, 0x80]
                        + [UInt8](repeating: 2, count: 32))))
        #expect(daily.mailboxes?.day == 20_608)
        func asks(_ day: Int64) -> Bool {
            [0, 1].contains { pair(daily, $0).isToBeReplaced(by: devices[$0], at: time(day)) }
        }
        #expect(asks(20_607) && !asks(20_608) && !asks(30_000))
    }

    @Test("name the head of their chains in the handshake", arguments: SimulationSeed.series(2))
    func chainHeads(simulation: SimulationSeed) throws {
        for head in [nil, .own, .another] as [ContactScenario.DialingHead?] {
            var scenario = ContactScenario(seed: simulation.value)
            scenario.dialingHead = head
            let outcome = try scenario.run()
            #expect(outcome.arrivals == 1)
            if head == .another {
                #expect(outcome.failures == [.violation] && outcome.answers.isEmpty)
            } else {
                #expect(outcome.failures.isEmpty && outcome.answers.count == 3)
            }
        }
    }

    @Test("take no other device for the one that the key was made with")
    func otherDevice() throws {
        var scenario = ContactScenario(seed: 8)
        scenario.isAnotherDevice = true
        let outcome = try scenario.run()
        #expect(outcome.arrivals == 0 && outcome.requests.isEmpty && outcome.answers.isEmpty)
    }
}

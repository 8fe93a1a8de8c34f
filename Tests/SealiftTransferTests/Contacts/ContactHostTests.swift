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

    @Test("take no other device for the one that the key was made with")
    func otherDevice() throws {
        var scenario = ContactScenario(seed: 8)
        scenario.isAnotherDevice = true
        let outcome = try scenario.run()
        #expect(outcome.arrivals == 0 && outcome.requests.isEmpty && outcome.answers.isEmpty)
    }
}

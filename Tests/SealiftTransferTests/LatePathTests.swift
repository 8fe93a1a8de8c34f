import SealiftBase
import SealiftCrypto
import SealiftTestSupport
import SealiftTransport
import Testing

@testable import SealiftTransfer

@Suite("A path that becomes known while the receiver dials")
struct LatePathTests {
    @Test(
        "carries the handshake, with the bytes that went everywhere else",
        arguments: SimulationSeed.series(20))
    func late(simulation: SimulationSeed) throws {
        var generator = simulation.generator(for: "late path")
        var scenario = try TransferScenario(seed: simulation.value)
        scenario.link.loss = 0.05
        scenario.addressKnownAfter = .milliseconds(Int64(generator.next() % 9_000))
        let outcome = try scenario.run()
        #expect(outcome.rootsAgree, "\(outcome.report)")
        let toSender = outcome.firstMessages[TransferScenario.senderAddress] ?? []
        let elsewhere = outcome.firstMessages[TransferScenario.deadAddress] ?? []
        #expect(toSender.count >= 2)
        // A handshake begun after the path was known goes both ways too, within its first repetition.
        #expect(toSender.subtracting(elsewhere).isEmpty)
    }

    @Test("is used at once, once, and not beyond a bound")
    func bound() throws {
        var entropy = SeededEntropy(seed: 1)
        let psk = PreSharedKey.generate(entropy: &entropy)
        let device = DeviceKeyPair.generate(entropy: &entropy)
        var endpoint = try ReceiverEndpoint(
            paths: [], configuration: ConnectionConfiguration(packetNumberSkipSeed: 1), now: .zero
        ) { () throws(HandshakeError) in
            var entropy = SeededEntropy(seed: 2)
            return try HandshakeInitiator(
                psk: psk, role: .ticket, local: device, expectedPeer: nil, entropy: &entropy)
        }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        func sent(_ endpoint: inout ReceiverEndpoint) -> [PathID] {
            var paths: [PathID] = []
            while let batch = buffer.withUnsafeMutableBytes({
                endpoint.pollTransmit(into: $0, now: .zero)
            }) {
                paths.append(batch.path)
            }
            return paths
        }
        #expect(sent(&endpoint).isEmpty)
        let first = PathID(1, 0, 0)
        endpoint.addPath(first, now: .zero)
        #expect(sent(&endpoint) == [first, first])
        endpoint.addPath(first, now: .zero)
        #expect(sent(&endpoint).isEmpty)
        for number in 2..<200 { endpoint.addPath(PathID(UInt64(number), 0, 0), now: .zero) }
        #expect(Set(sent(&endpoint)).count == ReceiverEndpoint.maximumPathCount - 1)
    }
}

import SealiftBase
import SealiftCrypto
import SealiftTestSupport
import Testing

@testable import SealiftTraversal

@Suite("Probes through a relay of one's own")
struct RelayedProbeTests {
    private let start = Instant(nanoseconds: 1_000_000_000)
    private let outside = TransportAddress.ipv4(198, 51, 100, 2)
    private let inside = TransportAddress.ipv4(192, 168, 1, 7)
    private let relay = ProbeSocket(index: 4_095, family: .ipv4, isRelayed: true)

    private func pair() -> CallPair {
        CallPair(
            caller: [Candidate(.host, .ipv4(198, 51, 100, 1))],
            callee: [Candidate(.host, inside), Candidate(.reflexive, outside)])
    }

    /// Everything that an agent probes, by socket.
    private func destinations(
        _ agent: inout ProbeAgent, until end: Instant
    ) -> [Int: Set<TransportAddress>] {
        var found: [Int: Set<TransportAddress>] = [:]
        while let due = agent.nextTimeout, due <= end {
            agent.handleTimeout(now: due)
            while let probe = agent.pollTransmit() {
                found[probe.socket, default: []].insert(probe.destination)
            }
        }
        return found
    }

    @Test("begin when the relay joins, and never go to addresses of the network behind it")
    func destinations() {
        var agent = pair().agent(.caller, now: start)
        let before = destinations(&agent, until: start + .seconds(3))
        #expect(before[relay.index] == nil && before.count == 1)
        agent.add(relay, now: start + .seconds(3))
        agent.add(relay, now: start + .seconds(3))
        let after = destinations(&agent, until: start + .seconds(20))
        #expect(after[relay.index] == [outside])
    }

    @Test("do not go on where a better way was chosen before")
    func late() throws {
        let pair = pair()
        var agent = pair.agent(.caller, now: start)
        agent.handleTimeout(now: start)
        agent.handleTimeout(now: start + .milliseconds(5))
        var answered = false
        var peer = pair.agent(.callee, now: start)
        while let probe = agent.pollTransmit() {
            _ = probe.bytes.withUnsafeBytes {
                peer.receive(
                    $0, socket: 1, from: .ipv4(198, 51, 100, 1), now: start + .milliseconds(5))
            }
            while let reply = peer.pollTransmit() {
                answered = true
                _ = reply.bytes.withUnsafeBytes {
                    agent.receive(
                        $0, socket: probe.socket, from: probe.destination,
                        now: start + .milliseconds(20))
                }
            }
        }
        #expect(answered)
        _ = destinations(&agent, until: start + .seconds(2))
        agent.add(relay, now: start + .seconds(3))
        #expect(destinations(&agent, until: start + .seconds(20))[relay.index] == nil)
    }
}

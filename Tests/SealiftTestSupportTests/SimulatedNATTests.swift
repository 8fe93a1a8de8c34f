import SealiftBase
import SealiftTestSupport
import Testing

@Suite("A simulated NAT")
struct SimulatedNATTests {
    private let inside = SimulatedAddress(host: 10, port: 5_000)
    private let peer = SimulatedAddress(host: 1, port: 700)
    private let samePeerOtherPort = SimulatedAddress(host: 1, port: 701)
    private let stranger = SimulatedAddress(host: 2, port: 700)
    private let start = Instant(nanoseconds: 1_000_000_000)

    private func out(
        _ nat: inout SimulatedNAT, to destination: SimulatedAddress, at instant: Instant
    ) -> SimulatedAddress {
        nat.outbound(
            SimulatedDatagram(bytes: [1], from: inside, to: destination), now: instant
        ).from
    }

    private func isLetIn(
        _ nat: inout SimulatedNAT, from source: SimulatedAddress, to mapped: SimulatedAddress,
        at instant: Instant
    ) -> Bool {
        nat.inbound(SimulatedDatagram(bytes: [1], from: source, to: mapped), now: instant)?.to
            == inside
    }

    @Test("that is easy keeps the port, and lets in only who was sent to")
    func easy() {
        var nat = SimulatedNAT(.easy, host: 9, seed: 1)
        let mapped = out(&nat, to: peer, at: start)
        #expect(mapped == SimulatedAddress(host: 9, port: 5_000))
        #expect(out(&nat, to: stranger, at: start) == mapped)
        #expect(isLetIn(&nat, from: peer, to: mapped, at: start))
        #expect(!isLetIn(&nat, from: samePeerOtherPort, to: mapped, at: start))
    }

    @Test("that is restricted keeps the port, and lets in who has an address that was sent to")
    func restricted() {
        var nat = SimulatedNAT(.restricted, host: 9, seed: 1)
        let mapped = out(&nat, to: peer, at: start)
        #expect(isLetIn(&nat, from: samePeerOtherPort, to: mapped, at: start))
        #expect(!isLetIn(&nat, from: stranger, to: mapped, at: start))
    }

    @Test("that is hard has a port for each destination, and lets in only that")
    func hard() {
        var nat = SimulatedNAT(.hard, host: 9, seed: 1)
        let mapped = out(&nat, to: peer, at: start)
        let other = out(&nat, to: samePeerOtherPort, at: start)
        #expect(mapped != other && out(&nat, to: peer, at: start) == mapped)
        #expect(isLetIn(&nat, from: peer, to: mapped, at: start))
        #expect(!isLetIn(&nat, from: samePeerOtherPort, to: mapped, at: start))
        #expect(isLetIn(&nat, from: samePeerOtherPort, to: other, at: start))
    }

    @Test("gives two inside hosts with one port two outside ports")
    func collision() {
        var nat = SimulatedNAT(.easy, host: 9, seed: 1)
        let mapped = out(&nat, to: peer, at: start)
        let neighbour = SimulatedDatagram(
            bytes: [1], from: SimulatedAddress(host: 11, port: 5_000), to: peer)
        #expect(nat.outbound(neighbour, now: start).from != mapped)
        #expect(isLetIn(&nat, from: peer, to: mapped, at: start))
    }

    @Test("forgets what is not used, and everything when it is rebooted")
    func forgetting() {
        var nat = SimulatedNAT(.easy, host: 9, seed: 1)
        let mapped = out(&nat, to: peer, at: start)
        #expect(isLetIn(&nat, from: peer, to: mapped, at: start + .seconds(29)))
        #expect(!isLetIn(&nat, from: peer, to: mapped, at: start + .seconds(30)))
        let again = out(&nat, to: peer, at: start + .seconds(40))
        nat.reboot()
        #expect(nat.mappingCount == 0)
        #expect(!isLetIn(&nat, from: peer, to: again, at: start + .seconds(41)))
    }
}

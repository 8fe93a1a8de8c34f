import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftTraversal
import Synchronization
import Testing

@testable import Sealift
@testable import SealiftRendezvous

enum Machine {
    /// Whether this machine has an address that a peer may be told: loopback is never probed.
    static let hasNetwork =
        (try? NetworkInterfaces.addresses())?.contains {
            !$0.isLoopback && !$0.address.isLinkLocal && $0.address.family == .ipv4
        } == true
}

@Suite(
    "A call through a rendezvous server", .serialized,
    .enabled(if: Machine.hasNetwork, "this machine has only loopback addresses"))
struct CallTransferTests {
    private func start() throws -> (RendezvousServer, RendezvousAddress) {
        let server = try RendezvousServer(
            RendezvousServerConfiguration(
                listen: [.loopbackIPv4(port: 0)], stun: [.loopbackIPv4(port: 0)], security: .plain),
            threads: 1)
        return (
            server,
            RendezvousAddress(
                host: "127.0.0.1", port: server.addresses[0].port, pin: nil, isSecure: false)
        )
    }

    /// A ticket whose only address is nobody's.
    private let nowhere = EndpointAddress("127.0.0.1:9").map { [$0] } ?? []

    /// Calls only: no link of this machine's, no router of its network.
    private let callsOnly = NetworkPolicy(lan: .none, portMapping: .none)

    @Test("meets a sender whose ticket leads nowhere, and the files arrive")
    func transfer() throws {
        let (server, address) = try start()
        defer { server.stop() }
        let transfer = LoopbackTransfer()
        try transfer.write("abc", to: "source/a")
        let outcome = try transfer.run(sending: "source", into: "target") { options in
            options.listen = []
            options.advertise = nowhere
            options.rendezvous = [address]
            options.network = callsOnly
        } receiving: { options in
            options.rendezvous = [address]
            options.network = callsOnly
        }
        let received = try outcome.received.get()
        #expect(received.files == 1)
        #expect(try transfer.snapshot("target")[Array("source/a".utf8)] == Array("abc".utf8))
        #expect(outcome.routes == [.punched])
        #expect(server.counters.connected >= 2)
    }

    @Test("is not made where signaling is off, or where the ticket's addresses answer")
    func unneeded() throws {
        let (server, address) = try start()
        defer { server.stop() }
        for signaling in [NetworkPolicy.Signaling.none, .allowed] {
            let transfer = LoopbackTransfer()
            try transfer.write("abc", to: "source/a")
            let before = server.counters.connected
            let outcome = try transfer.run(sending: "source", into: "target") { options in
                options.rendezvous = [address]
                options.network.signaling = .none
            } receiving: { options in
                options.rendezvous = [address]
                options.network.signaling = signaling
            }
            #expect(try outcome.received.get().files == 1)
            #expect(outcome.routes == [.dialled])
            #expect(signaling == .allowed || server.counters.connected == before)
        }
    }

    @Test("that nobody answers ends in a diagnosis in words")
    func unanswered() throws {
        let (server, address) = try start()
        defer { server.stop() }
        let transfer = LoopbackTransfer()
        var entropy = SealiftCrypto.SeededEntropy(seed: 9)
        let ticket = try transfer.ticket(
            secret: PreSharedKey.generate(entropy: &entropy), addresses: nowhere)
        for (servers, call) in [
            ([address], ConnectDiagnosis.Call.unanswered), ([], .noServer),
            (
                [RendezvousAddress(host: "127.0.0.1", port: 1, pin: nil, isSecure: false)],
                .serverAway
            ),
        ] as [([RendezvousAddress], ConnectDiagnosis.Call)] {
            var options = try ReceiveOptions(
                ticketText: ticket, output: transfer.bytes("target"),
                home: transfer.bytes("home-receiver"))
            options.connectTimeout = .seconds(2)
            options.rendezvous = servers
            options.network = callsOnly
            do throws(SealiftError) {
                _ = try runReceive(
                    options, observer: SilentObserver(), cancellation: Cancellation())
                Issue.record("nobody was there")
            } catch {
                #expect(error.code == .cannotConnect)
                #expect(error.diagnosis?.call == call)
                #expect(error.diagnosis?.helps.isEmpty == false)
            }
        }
    }
}

private struct SilentObserver: TransferObserver {
    func handle(_ event: TransferEvent) {}
    func decide(_ offer: OfferSummary) -> Decision { .accept }
}

@Suite("The desk of calls")
struct CallDeskTests {
    private func key(_ seed: UInt64) -> PreSharedKey {
        var entropy = SealiftCrypto.SeededEntropy(seed: seed)
        return PreSharedKey.generate(entropy: &entropy)
    }

    private func device(_ seed: UInt64) -> DeviceID {
        var entropy = SealiftCrypto.SeededEntropy(seed: seed)
        return DeviceKeyPair.generate(entropy: &entropy).publicKeys.id
    }

    private func names(_ psk: PreSharedKey, _ device: DeviceID, hour: UInt64) -> [MailboxID] {
        CallDesk.names(
            of: [MailboxSecret(lasting: psk)], written: .caller, by: device, hour: hour)
    }

    @Test("names the identical mailboxes each time within an hour, 32 in ascending order")
    func names() {
        let list = names(key(1), device(1), hour: 500_000)
        #expect(list == names(key(1), device(1), hour: 500_000))
        #expect(list.count == 32 && list == list.sorted())
        // The next hour shares two of three real names; which, nobody can tell from the dummies.
        let next = names(key(1), device(1), hour: 500_001)
        #expect(Set(list).intersection(next).count == 2)
    }

    @Test("lets nobody tell that two tickets, or two ends, are of one hand")
    func unlinkable() {
        let list = Set(names(key(1), device(1), hour: 500_000))
        #expect(list.isDisjoint(with: names(key(2), device(1), hour: 500_000)))
        #expect(list.intersection(names(key(1), device(2), hour: 500_000)).count == 3)
    }
}

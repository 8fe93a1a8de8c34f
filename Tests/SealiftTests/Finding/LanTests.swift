import SealiftBase
import SealiftTransport
import SealiftTraversal
import Testing

@testable import Sealift
@testable import SealiftIO

@Suite("The local network")
struct LanTests {
    private func entry(
        _ name: String, _ address: String, isPointToPoint: Bool = false, isMulticast: Bool = true
    ) throws -> NetworkInterfaces.Address {
        NetworkInterfaces.Address(
            name: name, address: try #require(SocketAddress(address)), isLoopback: name == "lo",
            isPointToPoint: isPointToPoint, isMulticast: isMulticast)
    }

    private func groups(_ policy: NetworkPolicy) throws -> [String] {
        let machine = [
            (try entry("lo", "127.0.0.1:0"), UInt32(1)),
            (try entry("eth0", "192.0.2.2:0"), 2), (try entry("eth0", "192.0.2.3:0"), 2),
            (try entry("eth0", "[fe80::1%2]:0"), 2), (try entry("wlan0", "10.0.0.7:0"), 3),
            (try entry("wg0", "10.8.0.2:0", isPointToPoint: true), 4),
            (try entry("ib0", "10.9.0.2:0", isMulticast: false), 5),
            (try entry("gone0", "10.7.0.2:0"), 0),
        ]
        return LanGroup.addresses(policy, machine.map { ($0.0, $0.1) })
            .map { "\($0.host)%\($0.scope)" }
    }

    @Test("is dialled once at each interface that reaches everybody on a link")
    func interfaces() throws {
        #expect(
            try groups(NetworkPolicy()) == [
                "239.255.115.108%2%2", "ff12::73:6561:6c69:6674%2%2", "239.255.115.108%3%3",
            ])
    }

    @Test("is left alone where the policy does not allow it")
    func policy() throws {
        #expect(try groups(NetworkPolicy(interface: "wlan0")) == ["239.255.115.108%3%3"])
        let wired = try #require(AddressRange(bytes: [192, 0, 2, 0] as [UInt8], prefixLength: 24))
        #expect(
            try groups(NetworkPolicy(addresses: AddressPolicy(allowed: [wired])))
                == ["239.255.115.108%2%2"])
        #expect(LanGroup.addresses(NetworkPolicy(lan: .none)).isEmpty)
        #expect(try LanListener(NetworkPolicy(lan: .none), notify: Waker()) == nil)
    }

    @Test(
        "is heard: message 1 to the group, and nothing else",
        .enabled(
            if: LanGroup.addresses(NetworkPolicy()).contains { $0.family == .ipv4 },
            "this machine is on no network"))
    func listener() throws {
        let waker = try Waker()
        let listener = try #require(try LanListener(NetworkPolicy(), notify: waker))
        defer { listener.finish() }
        let dialer = try DatagramSocket(bind: .unspecified(.ipv4))
        let group = try #require(
            LanGroup.addresses(NetworkPolicy()).first { $0.family == .ipv4 })
        func send(_ type: UInt8, _ count: Int, to address: SocketAddress) {
            var datagram = [UInt8](repeating: 0, count: count)
            datagram[0] = type
            datagram[count - 1] = UInt8(truncatingIfNeeded: count)
            datagram.withUnsafeBytes {
                _ = dialer.send(OutgoingBatch(bytes: $0, destination: address))
            }
        }
        send(0xE8, 794, to: group)
        send(0xE1, 793, to: group)
        send(0xE2, 794, to: group)
        let own = try #require(group.localSource)
        send(0xE1, 794, to: own.with(port: LanGroup.port))
        send(0xE1, 794, to: group)
        let poller = SocketPoller(sockets: [], waker: waker)
        let deadline = MonotonicClock.now() + .seconds(60)
        var arrivals: [LanListener.Arrival] = []
        while arrivals.isEmpty, MonotonicClock.now() < deadline {
            try poller.wait(until: deadline)
            while let arrival = listener.takeArrival() {
                // Others may be dialling on this link.
                guard arrival.source.port == dialer.localAddress.port else { continue }
                arrivals.append(arrival)
            }
        }
        // They come in order: what was sent before would be here.
        #expect(arrivals.map(\.datagram.count) == [794])
        #expect(arrivals.first?.datagram.first == 0xE1)
    }
}

import SealiftBase
import SealiftTransport
import SealiftTraversal
import Testing

@testable import Sealift
@testable import SealiftIO

@Suite("The network policy")
struct NetworkPolicyTests {
    private func address(_ text: String) throws -> SocketAddress {
        try #require(SocketAddress(text))
    }

    private func range(_ text: String) throws -> AddressRange {
        try #require(AddressRange(text) { EndpointAddress(host: $0)?.bytes })
    }

    private func machine() throws -> [NetworkInterfaces.Address] {
        try [("lo", "127.0.0.1:0"), ("eth0", "192.0.2.2:0"), ("wg0", "10.8.0.2:0")].map {
            NetworkInterfaces.Address(
                name: $0.0, address: try address($0.1), isLoopback: $0.0 == "lo",
                isPointToPoint: false, isMulticast: false)
        }
    }

    private func refusal(of policy: NetworkPolicy) throws -> SealiftError? {
        let machine = try machine()
        do throws(SealiftError) { try policy.check(against: machine) } catch { return error }
        return nil
    }

    @Test("lets everything through unless it is told otherwise")
    func everything() throws {
        let policy = NetworkPolicy()
        #expect(try refusal(of: policy) == nil)
        #expect(policy.permits(try address("203.0.113.9:4000")))
        #expect(policy.trafficClass == .standard)
    }

    @Test("names what this machine has where an interface or address is not its own")
    func notOurs() throws {
        let noInterface = try #require(try refusal(of: NetworkPolicy(interface: "eth9\u{1B}")))
        #expect(noInterface.code == .usage && noInterface.advice.contains("lo, eth0, wg0"))
        #expect(!noInterface.message.contains("\u{1B}"))
        let elsewhere = try #require(EndpointAddress(host: "192.0.2.77"))
        let noAddress = try #require(try refusal(of: NetworkPolicy(bind: [elsewhere])))
        #expect(noAddress.message.contains("192.0.2.77"))
        #expect(noAddress.advice.contains("192.0.2.2"))
        // An address of another interface than the only one to be used.
        let ethernet = try #require(EndpointAddress(host: "192.0.2.2"))
        #expect(try refusal(of: NetworkPolicy(interface: "wg0", bind: [ethernet])) != nil)
        #expect(try refusal(of: NetworkPolicy(interface: "eth0", bind: [ethernet])) == nil)
    }

    @Test("says so where it leaves nothing")
    func nothingLeft() throws {
        let everything = AddressPolicy(denied: [try range("0.0.0.0/0")])
        let refusal = try #require(try refusal(of: NetworkPolicy(addresses: everything)))
        #expect(refusal.code == .usage && refusal.message.contains("leaves no address"))
        let vpn = AddressPolicy(allowed: [try range("10.8.0.0/16")])
        #expect(try self.refusal(of: NetworkPolicy(addresses: vpn)) == nil)
        #expect(try self.refusal(of: NetworkPolicy(interface: "eth0", addresses: vpn)) != nil)
    }

    @Test("keeps forbidden addresses out of what is offered")
    func offered() throws {
        let socket = try DatagramSocket(bind: .unspecified(.ipv4))
        let port = socket.localAddress.port
        let all = try NetworkPolicy().hostAddresses(of: [socket])
        #expect(all.contains(.loopbackIPv4(port: port)))
        #expect(all.last?.isLoopback == true)
        let policy = NetworkPolicy(addresses: AddressPolicy(denied: [try range("127.0.0.0/8")]))
        #expect(try policy.hostAddresses(of: [socket]) == all.filter { !$0.isLoopback })
        let loopback = NetworkPolicy(interface: "lo")
        #expect(
            try loopback.hostAddresses(of: [socket]).allSatisfy(\.isLoopback))
    }

    @Test("drops what comes from forbidden addresses before anybody reads it, and dials none")
    func pump() throws {
        let denying = NetworkPolicy(addresses: AddressPolicy(denied: [try range("127.0.0.1")]))
        for (policy, isHeard) in [(NetworkPolicy(dscp: 46), true), (denying, false)] {
            let waker = try Waker()
            let pump = DatagramPump(
                sockets: [try DatagramSocket(bind: .loopbackIPv4(port: 0))], waker: waker,
                policy: policy)
            let friend = DatagramPump(
                sockets: [try DatagramSocket(bind: .loopbackIPv4(port: 0))], waker: waker)
            let path = try #require(friend.path(to: pump.sockets[0].localAddress))
            friend.send([1, 2, 3], on: path)
            var heard: [[UInt8]] = []
            // On loopback a datagram is there as soon as it was sent.
            _ = pump.receive { datagram, _, _, _ in heard.append(Array(datagram)) }
            #expect(heard == (isHeard ? [[1, 2, 3]] : []))
            #expect((pump.path(to: friend.sockets[0].localAddress) != nil) == isHeard)
        }
    }

    @Test("marks datagrams with the priority that was asked for")
    func priority() throws {
        let target = try DatagramSocket(bind: .loopbackIPv4(port: 0))
        let pump = DatagramPump(
            sockets: [try DatagramSocket(bind: .loopbackIPv4(port: 0))], waker: try Waker(),
            policy: NetworkPolicy(dscp: 46))
        pump.send([1], on: try #require(pump.path(to: target.localAddress)))
        let slab = ReceiveSlab()
        #expect(target.receive(into: slab) == .received(buffers: 1))
        #expect(slab[0].trafficClass.dscp == 46)
    }

    @Test("binds sockets to one interface, and there is an error for none of that name")
    func interface() throws {
        let socket = try DatagramSocket(bind: .unspecified(.ipv4), interface: "lo")
        #expect(socket.localAddress.port != 0)
        #expect(throws: SystemError.self) {
            try DatagramSocket(bind: .unspecified(.ipv4), interface: "sealift-none")
        }
    }
}

@Suite("The name of a STUN server")
struct StunServerTests {
    @Test("is read in every form")
    func forms() {
        for (text, host, port) in [
            ("stun.example.org", "stun.example.org", 3_478),
            (
                "stun.example.org:19302",
                "stun.example.org", 19_302
            ), ("192.0.2.7:1", "192.0.2.7", 1),
            ("[2001:db8::7]", "2001:db8::7", 3_478), ("[2001:db8::7]:99", "2001:db8::7", 99),
        ] as [(String, String, UInt16)] {
            #expect(StunServer(text) == StunServer(host: host, port: port))
        }
    }

    @Test(
        "that is malformed is refused",
        arguments: [
            "", ":3478", "a:", "a:0", "a:65536", "a:+1", "[::1", "[::1]x", "[]", "2001:db8::7",
            "a b", "stun://a", "a\u{7}",
        ])
    func malformed(text: String) {
        #expect(StunServer(text) == nil)
    }
}

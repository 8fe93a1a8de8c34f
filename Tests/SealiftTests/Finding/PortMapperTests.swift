import SealiftBase
import SealiftIO
import SealiftTraversal
import Testing

@testable import Sealift

/// Against Debian's miniupnpd, an independent peer for all three protocols.
@Suite(
    "A port mapper", .serialized,
    .enabled(if: MiniRouter.obstacle == nil, "\(MiniRouter.obstacle ?? "")"))
struct PortMapperTests {
    @Test("opens a port at a router that speaks PCP, and closes it at the end")
    func pcp() throws {
        try check(.pcp, MiniRouter(hasPCP: true))
    }

    @Test("opens a port at a router that speaks NAT-PMP, and closes it at the end")
    func natPMP() throws {
        // The first byte behind the UDP header is the version, 2 in PCP.
        try check(
            .natPMP, MiniRouter(hasPCP: true, extraRules: "udp dport 5351 @th,64,8 2 drop"))
    }

    @Test("opens a port at a router that speaks UPnP, and closes it at the end")
    func upnp() throws {
        try check(.upnp, MiniRouter(hasPCP: false))
    }

    private func check(_ method: PortMapping.Method, _ router: MiniRouter) throws {
        defer { router.remove() }
        let gateway = try #require(SocketAddress("\(MiniRouter.inner):0"))
        let socket = try DatagramSocket(bind: .unspecified(.ipv4))
        let events = BoundedQueue<Void>(capacity: 64)
        let mapper = try PortMapper(for: [socket.localAddress], gateways: { [gateway] }) {
            _ = events.tryPush(())
        }
        // The router's daemon may start after the mapper: then the requests are repeated.
        let deadline = MonotonicClock.now() + .seconds(120)
        var mapping: PortMapping?
        while mapping == nil, case .element = events.pop(until: deadline) {
            if case .mapped(let found)? = mapper.takeEvent() { mapping = found }
        }
        let port = socket.localAddress.port
        let expected = try #require(SocketAddress("\(MiniRouter.outer):\(port)"))
        #expect(mapping?.method == method)
        #expect(mapping?.external == TransportAddress(expected))
        #expect(try router.translations().contains("dport \(port)"))
        mapper.finish()
        #expect(try !router.translations().contains("dport \(port)"))
    }
}

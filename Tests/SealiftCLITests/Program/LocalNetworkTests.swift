import Foundation
import Glibc
import Testing

private enum Machine {
    /// Whether some interface but the loopback carries IPv4 and multicast.
    static let hasNetwork: Bool = {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return false }
        defer { freeifaddrs(list) }
        return sequence(first: list, next: { $0?.pointee.ifa_next }).contains { entry in
            guard let entry, let address = entry.pointee.ifa_addr else { return false }
            let needed = UInt32(IFF_UP | IFF_MULTICAST)
            return entry.pointee.ifa_flags & needed == needed
                && entry.pointee.ifa_flags & UInt32(IFF_LOOPBACK) == 0
                && address.pointee.sa_family == sa_family_t(AF_INET)
        }
    }()
}

@Suite(
    "sealift on a local network",
    .enabled(if: Machine.hasNetwork, "this machine is on no network"))
struct LocalNetworkTests {
    @Test("find each other though no address in the ticket leads anywhere")
    func found() throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        try sealift.write("abc", to: "file")
        // Nobody listens at the address in the ticket.
        let sender = try sealift.start(
            [
                "send", "--json", "--no-port-mapping", "--advertise", "127.0.0.1:9", "--wait",
                "60s", "--ticket-file", "t", "file",
            ], name: "sender")
        defer { sender.terminate() }
        _ = try sealift.ticket(in: "t", of: sender, name: "sender")
        let receiver = try sealift.run(
            ["receive", "--yes", "--json", "--output", "target", "--ticket-file", "t"])
        #expect(receiver.status == 0, "\(receiver.error)")
        #expect(try sealift.finish(sender, name: "sender").status == 0)
        #expect(try sealift.text("target/file") == "abc")
    }
}

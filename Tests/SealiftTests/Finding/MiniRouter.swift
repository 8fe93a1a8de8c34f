import Foundation
import Glibc

/// A router of this machine's own: a network namespace with Debian's miniupnpd in it, joined to this one
/// by a cable. Its outer address is `45.10.0.1`; miniupnpd refuses to map private ones.
final class MiniRouter {
    static let inner = "10.213.77.1"
    static let outer = "45.10.0.1"
    private static let host = "10.213.77.2"
    private static let programs = ["/usr/sbin/ip", "/usr/sbin/nft", "/usr/sbin/miniupnpd"]

    /// What keeps such a router from working here; nil where nothing does.
    static let obstacle: String? = {
        for program in programs where !FileManager.default.isExecutableFile(atPath: program) {
            return "\(program) is missing (scripts/bootstrap test)"
        }
        guard geteuid() == 0 else { return "network namespaces need root" }
        guard let space = try? NetworkSpace() else {
            return "network namespaces are not allowed here"
        }
        defer { space.remove() }
        return (try? space.run(["nft", "-f", "-"], input: rules(""))) == 0
            ? nil : "nftables cannot translate addresses here"
    }()

    private let space: NetworkSpace
    private let folder: URL
    private let daemon = Process()

    /// - Parameters:
    ///   - hasPCP: whether it speaks PCP and NAT-PMP; UPnP it always speaks.
    ///   - extraRules: put into a chain of what comes to the router itself.
    init(hasPCP: Bool, extraRules: String = "") throws {
        folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("sealift-router-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        space = try NetworkSpace()
        let cable = "slr\(space.holder.processIdentifier)"
        for command in [
            "ip link add \(cable) type veth peer name lan0 netns \(space.holder.processIdentifier)",
            "ip address add \(Self.host)/24 dev \(cable)", "ip link set \(cable) up",
        ] {
            try Self.demand(NetworkSpace.run(command.words), command)
        }
        for command in [
            "ip link set lo up", "ip address add \(Self.inner)/24 dev lan0", "ip link set lan0 up",
            "ip link add ext0 type veth peer name ext1", "ip address add \(Self.outer)/24 dev ext0",
            "ip link set ext0 up", "ip link set ext1 up", "ip route add default via 45.10.0.2",
        ] {
            try Self.demand(space.run(command.words), command)
        }
        try Self.demand(space.run(["nft", "-f", "-"], input: Self.rules(extraRules)), "nft")
        let configuration = folder.appendingPathComponent("miniupnpd.conf")
        try """
        ext_ifname=ext0
        listening_ip=lan0
        port=5000
        enable_natpmp=\(hasPCP ? "yes" : "no")
        enable_upnp=yes
        secure_mode=yes
        uuid=00000000-0000-0000-0000-000000000001
        upnp_table_name=sealift
        upnp_nat_table_name=sealift
        upnp_forward_chain=miniupnpd
        upnp_nat_chain=prerouting_miniupnpd
        upnp_nat_postrouting_chain=postrouting_miniupnpd
        allow 1024-65535 10.213.77.0/24 1024-65535
        deny 0-65535 0.0.0.0/0 0-65535

        """.write(to: configuration, atomically: true, encoding: .utf8)
        space.prepare(
            daemon,
            [
                "miniupnpd", "-d", "-f", configuration.path, "-P",
                folder.appendingPathComponent("pid").path,
            ])
        daemon.standardOutput = FileHandle.nullDevice
        daemon.standardError = FileHandle.nullDevice
        try daemon.run()
    }

    /// What the router translates, as nft prints it.
    func translations() throws -> String {
        let process = Process()
        let output = Pipe()
        space.prepare(
            process, ["nft", "list", "chain", "inet", "sealift", "prerouting_miniupnpd"])
        process.standardOutput = output
        try process.run()
        let text = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return String(decoding: text, as: UTF8.self)
    }

    func remove() {
        // It would answer a friendlier signal only after its next turn.
        kill(daemon.processIdentifier, SIGKILL)
        daemon.waitUntilExit()
        space.remove()
        try? FileManager.default.removeItem(at: folder)
    }

    private struct Failure: Error {
        let command: String
    }

    private static func demand(_ status: Int32, _ command: String) throws {
        guard status == 0 else { throw Failure(command: command) }
    }

    private static func rules(_ extra: String) -> String {
        """
        table inet sealift {
         chain miniupnpd {
         }
         chain prerouting_miniupnpd {
         }
         chain postrouting_miniupnpd {
         }
         chain input {
          type filter hook input priority 0; policy accept;
          \(extra)
         }
         chain forward {
          type filter hook forward priority 0; policy accept;
          jump miniupnpd
         }
         chain prerouting {
          type nat hook prerouting priority -100;
          jump prerouting_miniupnpd
         }
         chain postrouting {
          type nat hook postrouting priority 100;
          jump postrouting_miniupnpd
         }
        }

        """
    }
}

extension String {
    fileprivate var words: [String] { split(separator: " ").map(String.init) }
}

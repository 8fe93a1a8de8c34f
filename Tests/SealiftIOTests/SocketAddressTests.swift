import Testing

@testable import SealiftIO

@Suite("Socket addresses") struct SocketAddressTests {
    @Test(
        "are read and written in the usual notation",
        arguments: ["1.2.3.4:5", "[::1]:5", "[2001:db8::ff]:65535", "0.0.0.0:0", "[fe80::1%1]:9"])
    func roundTrip(text: String) throws {
        let address = try #require(SocketAddress(text))
        #expect(address.description == text)
        let again = SocketAddress(
            bytes: address.bytes, port: address.port, scope: address.scope)
        #expect(again == address)
        #expect(SocketAddress(address.kernelForm) == address)
    }

    @Test(
        "are refused in any other notation",
        arguments: [
            "", ":", "1.2.3.4", "1.2.3:5", "1.2.3.4:65536", "1.2.3.4:-1", "1.2.3.4:+1", "::1:5",
            "[::1]", "[::1:5", "[1.2.3.4]:5", "1.2.3.4:", "host:5", "[::1%nosuch]:5", "1.2.3.4:٣",
        ])
    func refusals(text: String) {
        #expect(SocketAddress(text) == nil)
    }

    @Test("know their scope")
    func scopes() throws {
        func address(_ host: String) throws -> SocketAddress {
            try #require(SocketAddress(host.contains(":") ? "[\(host)]:1" : "\(host):1"))
        }
        for host in ["127.0.0.1", "127.255.0.9", "::1"] {
            #expect(try address(host).isLoopback)
        }
        for host in ["169.254.9.9", "fe80::1", "febf::1"] {
            #expect(try address(host).isLinkLocal)
        }
        for host in ["224.0.0.1", "239.1.1.1", "ff02::1"] {
            #expect(try address(host).isMulticast)
        }
        for host in ["10.1.1.1", "172.31.0.1", "192.168.0.1", "100.64.0.1", "fd00::1"] {
            #expect(try address(host).isPrivate)
        }
        for host in ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2001:db8::1", "fec0::1"] {
            let address = try address(host)
            #expect(!address.isPrivate && !address.isLinkLocal && !address.isLoopback)
        }
        #expect(try address("::ffff:1.2.3.4").isIPv4Mapped)
        #expect(try address("0.0.0.0").isUnspecified)
        #expect(try address("::").isUnspecified)
    }

    @Test("of this machine's interfaces include its loopback")
    func interfaces() throws {
        let loopback = try NetworkInterfaces.addresses().first { $0.isLoopback }
        #expect(loopback?.address.isLoopback == true)
    }
}

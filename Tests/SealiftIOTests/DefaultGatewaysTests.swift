import Testing

@testable import SealiftIO

@Suite("The default gateway")
struct DefaultGatewaysTests {
    @Test("of IPv4 is the one with the lowest metric among those that are up")
    func ipv4() throws {
        let bytes = (UInt32(192), UInt32(168), UInt32(1))
        func word(_ last: UInt32) -> String {
            let big = bytes.0 << 24 | bytes.1 << 16 | bytes.2 << 8 | last
            return String(big.bigEndian, radix: 16)
        }
        let table = """
            Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT
            eth0 \(word(0)) 00000000 0001 0 0 0 00FFFFFF 0 0 0
            wlan0 00000000 \(word(2)) 0003 0 0 600 00000000 0 0 0
            eth0 00000000 \(word(1)) 0003 0 0 100 00000000 0 0 0
            eth1 00000000 \(word(3)) 0002 0 0 1 00000000 0 0 0
            tun0 00000000 00000000 0001 0 0 0 00000000 0 0 0
            tun0 00000000 \(word(9)) 0003 0 0 0 00000080 0 0 0
            """
        #expect(DefaultGateways.inIPv4Table(table)?.host == "192.168.1.1")
        #expect(DefaultGateways.inIPv4Table("") == nil)
        #expect(DefaultGateways.inIPv4Table("x\nx x x x x x x x\n") == nil)
    }

    @Test("of IPv6 is link-local with its interface, or global")
    func ipv6() {
        let zero = String(repeating: "0", count: 32)
        func line(_ gateway: String, metric: String) -> String {
            "\(zero) 00 \(zero) 00 \(gateway) \(metric) 00000001 00000000 00000003 eth0\n"
        }
        let local = "fe80" + String(repeating: "0", count: 27) + "1"
        let global = "2001" + String(repeating: "0", count: 27) + "1"
        let table =
            "2001" + zero.dropFirst(4) + " 40 \(zero) 00 \(zero) 0100 1 0 00000001 eth0\n"
            + line(local, metric: "00000400") + line(global, metric: "00000800")
        #expect(DefaultGateways.inIPv6Table(table) { _ in 7 }?.host == "fe80::1%7")
        #expect(
            DefaultGateways.inIPv6Table(line(global, metric: "1")) { _ in 7 }?.host == "2001::1")
        #expect(DefaultGateways.inIPv6Table("\n0 0 0 0\n") { _ in 7 } == nil)
    }
}

import Testing

@testable import SealiftIO

@Suite("The kernel's limits for datagrams")
struct DatagramLimitsTests {
    @Test("are read from both forms of counters")
    func forms() {
        let four = """
            Ip: Forwarding DefaultTTL
            Ip: 1 64
            Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors
            Udp: 7 0 0 9 3 1
            UdpLite: InDatagrams
            UdpLite: 0
            """
        #expect(DatagramLimits.table(four)["RcvbufErrors"] == 3)
        #expect(DatagramLimits.table(four)["SndbufErrors"] == 1)
        #expect(
            DatagramLimits.list("Udp6InDatagrams \t5\nUdp6RcvbufErrors\t4\n")["Udp6RcvbufErrors"]
                == 4)
    }

    @Test("are unknown, and no crash, where the counters are something else")
    func nonsense() {
        for text in ["", "Udp:", "Udp: a b\n", "Udp: a\nUdp: 1 2 3\nUdp:\n", "\n\n"] {
            #expect(DatagramLimits.table(text).values.allSatisfy { $0 == 0 })
            #expect(DatagramLimits.list(text).isEmpty)
        }
        #expect(DatagramLimits.interfaceMTU("../../../etc/passwd") == nil)
        #expect(DatagramLimits.interfaceMTU("no such interface") == nil)
    }

    @Test("are known on Linux, and so is the size of an interface's packets")
    func thisMachine() {
        let limits = DatagramLimits.read()
        #expect((limits.receiveBuffer ?? 0) > 0)
        #expect((limits.sendBuffer ?? 0) > 0)
        #expect(limits.receiveDrops != nil)
        #expect((DatagramLimits.interfaceMTU("lo") ?? 0) > 1_200)
    }
}

import SealiftRendezvous
import SealiftTraversal
import Testing

@testable import Sealift

@Suite("What the doctor finds")
struct DoctorFindingTests {
    /// A machine where all is well.
    private var healthy: DoctorReport {
        var report = DoctorReport()
        report.interfaces = [
            DoctorReport.Interface(
                name: "eth0",
                address: EndpointAddress(
                    socketBytes: [0x20, 0x01] + [UInt8](repeating: 1, count: 14), port: 0),
                mtu: 1_500)
        ]
        report.nat = NATKind.none
        report.pathMTU = 1_500
        report.receiveBuffer = DoctorReport.Buffer(wanted: 8 << 20, granted: 8 << 20)
        report.sendBuffer = report.receiveBuffer
        report.hasSegmentation = true
        report.hasCoalescing = true
        report.receiveDrops = 0
        return report
    }

    @Test("on a healthy machine is only good news")
    func health() {
        #expect(healthy.findings.allSatisfy { $0.severity == .note && $0.advice == nil })
    }

    @Test("says UDP is blocked before everything else")
    func blocked() throws {
        var report = healthy
        report.nat = .blocked
        report.hasCoalescing = false
        let first = try #require(report.findings.first)
        #expect(first.severity == .problem && first.message.contains("UDP"))
        #expect(first.advice?.contains("TURN") == true)
    }

    @Test("names the sysctl and its value where buffers are small")
    func buffers() {
        var report = healthy
        report.receiveBuffer.granted = 208 << 10
        report.sendBuffer.granted = 208 << 10
        let advice = report.findings.compactMap(\.advice).joined()
        #expect(advice.contains("net.core.rmem_max=8388608"))
        #expect(advice.contains("net.core.wmem_max=8388608"))
    }

    @Test("tells a hard NAT, and what helps")
    func hardNAT() throws {
        var report = healthy
        report.nat = .endpointDependent
        let finding = try #require(report.findings.first)
        #expect(finding.severity == .slow && finding.advice?.contains("IPv6") == true)
    }

    @Test("tells a server with another key from one that is away")
    func servers() throws {
        let server = try #require(RendezvousAddress("wss://192.0.2.1:7440"))
        var report = healthy
        report.rendezvous = [
            DoctorReport.Meeting(server: server, outcome: .wrongKey, took: .zero),
            DoctorReport.Meeting(server: server, outcome: .unreachable("refused"), took: .zero),
            DoctorReport.Meeting(server: server, outcome: .welcomed, took: .zero),
        ]
        let problems = report.findings.filter { $0.severity == .problem }.map(\.message)
        #expect(problems.count == 2)
        #expect(problems[0].contains("another key") && problems[1].contains("refused"))
    }

    @Test(
        "tells a path that is too narrow from one that is only narrow", arguments: [1_000, 1_420])
    func narrowPath(mtu: Int) throws {
        var report = healthy
        report.pathMTU = mtu
        let finding = try #require(report.findings.first { $0.message.contains("\(mtu)") })
        #expect(finding.severity == (mtu < 1_248 ? .problem : .note))
    }
}

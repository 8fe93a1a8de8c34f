import Foundation
import Testing

/// A short selection of the NAT lab (`scripts/netlab`); all of it is `make netlab`.
@Suite("The NAT lab", .serialized)
struct NetlabTests {
    private static let lab = LabScript("netlab")

    @Test(
        "has routers that map and filter as they are called",
        .enabled(if: lab.isThere, "\(lab.whatIsMissing ?? "")"))
    func routers() throws {
        try expectAll(["router-easy", "router-restricted", "router-hard", "router-hairpin"])
    }

    @Test(
        "joins two ends that can be joined, and the files arrive",
        .enabled(if: lab.isThere, "\(lab.whatIsMissing ?? "")"))
    func pairs() throws {
        try expectAll(["none-easy", "one-house"])
    }

    private func expectAll(_ rows: [String]) throws {
        // How long it takes is for `make netlab`: this machine may be busy.
        let outcome = try Self.lab.run(["--json", "--untimed"] + rows.flatMap { ["--only", $0] })
        struct Report: Decodable {
            struct Row: Decodable {
                var row: String
                var ok: Bool
                var detail: String
            }
            var rows: [Row]
        }
        let report = try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8))
        #expect(report.rows.map(\.row).sorted() == rows.sorted())
        for row in report.rows { #expect(row.ok, "\(row.row): \(row.detail)") }
    }
}

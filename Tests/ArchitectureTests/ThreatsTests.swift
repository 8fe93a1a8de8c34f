import Foundation
import Testing

/// Holds `docs/THREATS.md` to what exists: a row that names a test is a promise.
@Suite("The threats page") struct ThreatsTests {
    /// A row of a table whose last column is `test`: its line number and that column.
    private struct Row {
        let line: Int
        let tests: String
    }

    private static func rows() throws -> [Row] {
        let page = SourceTree.root.appending(path: "docs/THREATS.md")
        let lines = try String(contentsOf: page, encoding: .utf8)
            .split(separator: "\n", omittingEmptySubsequences: false)
        var rows: [Row] = []
        var isTable = false
        for (index, line) in lines.enumerated() {
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard line.hasPrefix("|"), let last = cells.last else {
                isTable = false
                continue
            }
            if last == "test" {
                isTable = true
            } else if isTable, !last.hasPrefix("---") {
                rows.append(Row(line: index + 1, tests: last))
            }
        }
        return rows
    }

    /// The texts that stand between two of `mark` in `cell`.
    private static func quoted(_ mark: Character, in cell: String) -> [String] {
        let parts = cell.split(separator: mark, omittingEmptySubsequences: false)
        return stride(from: 1, to: parts.count - 1, by: 2).map { String(parts[$0]) }
    }

    @Test("has a test or an argument in every row")
    func everyRowAnswers() throws {
        let rows = try Self.rows()
        #expect(rows.count > 40)
        for row in rows {
            let names = Self.quoted("\"", in: row.tests) + Self.quoted("`", in: row.tests)
            #expect(
                !names.isEmpty || row.tests == "—",
                "docs/THREATS.md:\(row.line): \"\(row.tests)\" names no test")
        }
    }

    @Test("names tests, scripts and attacks that exist")
    func namesExist() throws {
        let sources = try SourceTree.files(below: "Tests").map(\.text)
        let peers = SourceTree.root.appending(path: "Tests/Peers/attacks")
        let attacks = try FileManager.default.contentsOfDirectory(atPath: peers.path)
            .filter { $0.hasSuffix(".py") }
            .map { try String(contentsOf: peers.appending(path: $0), encoding: .utf8) }
        for row in try Self.rows() {
            for name in Self.quoted("\"", in: row.tests) {
                #expect(
                    sources.contains { $0.contains("\"\(name)\"") },
                    "docs/THREATS.md:\(row.line): no test is called \"\(name)\"")
            }
            for name in Self.quoted("`", in: row.tests) {
                // Attacks by a listing are put together from the listing's name.
                let names = [name, name.replacing("listing-", with: "")]
                let isThere =
                    name.contains("/")
                    ? FileManager.default.fileExists(
                        atPath: SourceTree.root.appending(path: name).path)
                    : attacks.contains { text in names.contains { text.contains("\"\($0)\"") } }
                #expect(
                    isThere, "docs/THREATS.md:\(row.line): neither a file nor an attack: \(name)")
            }
        }
    }
}

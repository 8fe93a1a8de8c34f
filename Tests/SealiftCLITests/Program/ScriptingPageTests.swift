import Foundation
import Sealift
import Testing

@Suite("docs/SCRIPTING.md")
struct ScriptingPageTests {
    private let page: String

    init() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        page = try String(
            contentsOf: root.appendingPathComponent("docs/SCRIPTING.md"), encoding: .utf8)
    }

    @Test("lists every error code beside its status")
    func codes() throws {
        let lines = page.split(separator: "\n")
        for code in ErrorCode.allCases {
            let line = try #require(
                lines.first {
                    // The table of statuses; the events have tables too, which name other things so.
                    $0.contains("`\(code.rawValue)`") && $0.hasPrefix("| ")
                        && $0.dropFirst(2).first?.isNumber == true
                }, "\(code)")
            #expect(line.hasPrefix("| \(code.exitStatus.rawValue) |"), "\(code)")
        }
    }

    @Test("lists every exit status")
    func statuses() {
        for status in ExitStatus.allCases {
            #expect(page.contains("\n| \(status.rawValue) | "))
        }
    }
}

import SealiftBase
import Testing

@testable import SealiftContent

@Suite("Patterns for paths")
struct GlobPatternTests {
    private func matches(_ pattern: String, _ path: String, directory: Bool = false) throws -> Bool
    {
        try GlobPattern(pattern.utf8).matches(Samples.path(path), isDirectory: directory)
    }

    @Test(
        "fit",
        arguments: [
            ("*.bin", "a.bin"), ("*.bin", "m/x/a.bin"), ("*", "a"), ("a?c", "abc"), ("a?c", "aéc"),
            ("[a-c]x", "bx"), ("[!a-c]x", "dx"), ("[]x]y", "]y"), ("[a\\]]y", "]y"),
            ("\\*", "*"), ("m", "m/x/a"), ("m/", "m/x/a"), ("x", "m/x/a"), ("x/", "m/x/a"),
            ("/m", "m/a"), ("m/*.txt", "m/a.txt"), ("m/**/a", "m/a"), ("m/**/a", "m/b/c/a"),
            ("**/a", "a"), ("**/a", "b/c/a"), ("m/**", "m/a/b"), ("**", "anything/at all"),
            ("m/*", "m/a/b"), ("a**b", "axxb"), ("a*b*c", "aXbYc"), ("x/y/", "x/y/z"),
        ])
    func fits(pattern: String, path: String) throws {
        #expect(try matches(pattern, path))
    }

    @Test(
        "do not fit",
        arguments: [
            ("*.bin", "a.binary"), ("a?c", "a/c"), ("a*c", "a/c"), ("[a-c]x", "dx"),
            ("[!a]x", "ax"), ("/x", "m/x"), ("m/*.txt", "m/n/a.txt"),
            ("x/y", "m/x/y"), ("m/**", "m"), ("m/", "m"), ("A", "a"), ("m/**/a", "m/b"),
            ("a**b", "a/b"), ("ab", "abc"), ("abc", "ab"),
        ])
    func fitsNot(pattern: String, path: String) throws {
        #expect(try !matches(pattern, path))
    }

    @Test("with a slash at the end fit a folder, not a file of that name")
    func directories() throws {
        #expect(try matches("m/", "x/m", directory: true))
        #expect(try !matches("m/", "x/m", directory: false))
    }

    @Test(
        "that are none say why",
        arguments: [
            ("", GlobPattern.Violation.empty), ("/", .empty), ("!a", .negated),
            ("[a", .brokenClass),
            ("[z-a]", .brokenClass), ("a\\", .brokenEscape),
            (String(repeating: "a", count: 4_097), .tooLong),
        ])
    func violations(pattern: String, violation: GlobPattern.Violation) {
        #expect(throws: violation) { try GlobPattern(pattern.utf8) }
    }

    @Test(
        "agree with a plain, backtracking matcher on random patterns and names", arguments: 0..<20)
    func model(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let pattern = (0..<Int.random(in: 1...7, using: &generator)).map { _ in
                "ab*?/".utf8.randomElement(using: &generator) ?? 97
            }
            let path = (0..<Int.random(in: 1...7, using: &generator)).map { _ in
                "aab/".utf8.randomElement(using: &generator) ?? 97
            }
            // The model knows single stars only, anchored at the top, and fits whole paths.
            guard let entry = try? EntryPath(path),
                !String(decoding: pattern, as: UTF8.self).contains("**"), pattern.last != 0x2F,
                pattern.first != 0x2F,
                let glob = try? GlobPattern([0x2F] + pattern)
            else { continue }
            var isExpected = false
            for end in path.indices.map({ $0 + 1 })
            where end == path.count || path[end] == 0x2F {
                isExpected = isExpected || Self.model(pattern[...], path[..<end])
            }
            let text = String(decoding: pattern, as: UTF8.self)
            #expect(glob.matches(entry, isDirectory: false) == isExpected, "\(text) \(entry)")
        }
    }

    private static func model(_ pattern: ArraySlice<UInt8>, _ path: ArraySlice<UInt8>) -> Bool {
        guard let first = pattern.first else { return path.isEmpty }
        let rest = pattern.dropFirst()
        if first == UInt8(ascii: "*") {
            if model(rest, path) { return true }
            return path.first.map { $0 != 0x2F && model(pattern, path.dropFirst()) } ?? false
        }
        guard let byte = path.first else { return false }
        let fits = first == UInt8(ascii: "?") ? byte != 0x2F : byte == first
        return fits && model(rest, path.dropFirst())
    }

    @Test("cost no more than their length times the path's, however many stars there are")
    func linear() throws {
        // A backtracking matcher would need more steps than there are atoms.
        let pattern = String(repeating: "*a", count: 200) + "b"
        let path = try EntryPath(
            components: (0..<16).map { _ in [UInt8](repeating: UInt8(ascii: "a"), count: 250) })
        #expect(try !GlobPattern(("**/" + pattern).utf8).matches(path, isDirectory: false))
        let deep = String(repeating: "**/a/", count: 200) + "b"
        #expect(try !GlobPattern(deep.utf8).matches(path, isDirectory: false))
    }
}

@Suite("The selection of entries")
struct EntrySelectionTests {
    @Test("takes what an include fits and no exclude does, whatever their order")
    func rules() throws {
        let selection = EntrySelection(
            included: [try GlobPattern("m/".utf8), try GlobPattern("*.md".utf8)],
            excluded: [try GlobPattern("*.tmp".utf8)])
        #expect(selection.takes(try Samples.file("m/a.bin")))
        #expect(selection.takes(try Samples.file("x/read.md")))
        #expect(!selection.takes(try Samples.file("m/a.tmp")))
        #expect(!selection.takes(try Samples.file("x/a.bin")))
        #expect(EntrySelection.everything.takes(try Samples.file("x")))
        let excluding = EntrySelection(excluded: [try GlobPattern("x".utf8)])
        #expect(excluding.takes(try Samples.file("y/a")))
        #expect(!excluding.takes(try Samples.file("x/a")))
    }
}

import SealiftBase
import SealiftContent
import Testing

@Suite("Entry paths")
struct EntryPathTests {
    @Test(
        "Every rule has its refusal",
        arguments: [
            ("", .empty), ("/", .absolute), ("/etc/passwd", .absolute), ("a//b", .emptyComponent),
            ("a/", .emptyComponent), (".", .currentDirectory), ("a/.", .currentDirectory),
            ("./a", .currentDirectory), ("..", .parentDirectory), ("../a", .parentDirectory),
            ("a/../../b", .parentDirectory), ("a/..", .parentDirectory),
            (".sealift", .reservedName),
            ("a/.sealift/b", .reservedName), (".SeaLift", .reservedName),
            (".sealift. .", .reservedName), ("a\0b", .controlCharacter),
            ("a\nb", .controlCharacter),
            ("\u{1B}[2J", .controlCharacter), ("a\u{7F}", .controlCharacter),
            ("a\u{9B}31m", .controlCharacter), ("a\u{80}", .controlCharacter),
            ("a\u{2028}b", .controlCharacter), ("a\u{2029}", .controlCharacter),
            (String(repeating: "a", count: 256), .componentTooLong),
            ("x/" + String(repeating: "é", count: 128), .componentTooLong),
            (String(repeating: "a/", count: 2048) + "a", .tooLong),
            (String(repeating: "a/", count: 256) + "a", .tooDeep),
        ] as [(String, PathViolation)])
    func refusals(text: String, violation: PathViolation) {
        #expect(throws: violation) { try EntryPath(text.utf8) }
    }

    @Test(
        "Bytes that are no UTF-8 are refused",
        arguments: [
            [0xFF], [0x61, 0xC3], [0xC0, 0xAF], [0xE0, 0x80, 0xAF], [0xED, 0xA0, 0x80],
            [0xF4, 0x90, 0x80, 0x80], [0xF8, 0x88, 0x80, 0x80, 0x80], [0x80],
        ] as [[UInt8]])
    func notUTF8(bytes: [UInt8]) {
        #expect(throws: PathViolation.notUTF8) { try EntryPath(bytes) }
    }

    @Test(
        "What the rules allow is kept byte for byte",
        arguments: [
            "a", "...", "..a", ".sealift2", ".sealif", "a b", "a/b/c", "é/漢字", "-rf", "a\\b",
            "CON", "e\u{301}", "\u{202E}x", "a\u{A0}", "\u{10FFFF}",
            String(repeating: "a", count: 255),
            [String](repeating: "a", count: 256).joined(separator: "/"),
        ])
    func allowed(text: String) throws {
        let path = try EntryPath(text.utf8)
        #expect(path.bytes == Array(text.utf8))
        #expect(try EntryPath(components: path.components.map { Array($0) }) == path)
        #expect(path.depth == path.components.count)
    }

    @Test("Components are names, never paths")
    func components() {
        #expect(throws: PathViolation.separatorInComponent) {
            try EntryPath(components: [Array("a/b".utf8)])
        }
        #expect(throws: PathViolation.emptyComponent) { try EntryPath(components: [[], [0x61]]) }
        #expect(throws: PathViolation.empty) { try EntryPath(components: []) }
    }

    @Test("Order is by component: a directory, then all within, then the next name")
    func order() throws {
        let ordered = ["a", "a/b", "a/b/c", "a/c", "a!", "a!/x", "a-", "a0", "b", "é"]
        for (index, text) in ordered.enumerated() {
            for (other, otherText) in ordered.enumerated() {
                let (left, right) = (try Samples.path(text), try Samples.path(otherText))
                #expect((left < right) == (index < other), "\(text) \(otherText)")
                let model = left.components.lexicographicallyPrecedes(right.components) {
                    $0.lexicographicallyPrecedes($1)
                }
                #expect((left < right) == model)
            }
        }
    }

    @Test("Parents, names and depth")
    func parts() throws {
        let path = try Samples.path("a/bc/d")
        #expect(path.parent?.bytes == Array("a/bc".utf8))
        #expect(path.parent?.parent?.parent == nil)
        #expect(Array(path.name) == Array("d".utf8))
        #expect(path.isBelow(try Samples.path("a/bc")))
        #expect(!path.isBelow(try Samples.path("a/b")))
        #expect(!path.isBelow(path))
        #expect(try Samples.path("a\u{202E}b").printable == "a\\u{202e}b")
    }

    @Test("No bytes make a path that could be written outside", arguments: 0..<20)
    func property(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let alphabet: [UInt8] =
            Array("./.a~\\ ".utf8) + [0, 0x0A, 0x1B, 0x7F, 0xC2, 0x80, 0xE2, 0xA8]
        for _ in 0..<2_000 {
            let bytes = (0..<Int.random(in: 0...12, using: &generator)).map { _ in
                alphabet.randomElement(using: &generator) ?? 0
            }
            guard let path = try? EntryPath(bytes) else { continue }
            #expect(path.bytes == bytes && bytes.first != 0x2F)
            #expect(String(validating: bytes, as: UTF8.self) != nil)
            for component in bytes.split(separator: 0x2F, omittingEmptySubsequences: false) {
                #expect(!component.isEmpty && component.count <= 255)
                #expect(!component.elementsEqual("..".utf8) && !component.elementsEqual(".".utf8))
                #expect(!component.contains { $0 < 0x20 || $0 == 0x7F })
            }
        }
    }
}

@Suite("Link targets")
struct LinkTargetTests {
    @Test(
        "A target never leaves the tree its link is part of",
        arguments: [
            ("top/l", "", .empty), ("top/l", "/etc", .absolute), ("top/l", "..", .leavesTree),
            ("top/l", "../top/x", .leavesTree), ("top", "x", .leavesTree),
            ("top", ".", .leavesTree),
            ("top/a/l", "../../x", .leavesTree), ("top/a/b/l", "s/../..", .parentAfterName),
            ("top/a/l", "x/..", .parentAfterName), ("top/l", "a\nb", .controlCharacter),
            ("top/l", "a\u{9B}", .controlCharacter),
            ("top/l", String(repeating: "a", count: 4_097), .tooLong),
        ] as [(String, String, LinkTargetViolation)])
    func refusals(path: String, target: String, violation: LinkTargetViolation) throws {
        let path = try Samples.path(path)
        #expect(throws: violation) { try LinkTarget(target.utf8, at: path) }
    }

    @Test(
        "Targets within the tree are kept",
        arguments: [
            ("top/l", "x"), ("top/l", "."), ("top/a/l", ".."), ("top/a/l", "../b//c/"),
            ("top/a/b/l", "../../x/y"), ("top/a/l", "./../x"),
        ])
    func allowed(path: String, target: String) throws {
        #expect(try LinkTarget(target.utf8, at: Samples.path(path)).bytes == Array(target.utf8))
    }

    @Test("A target that is no UTF-8 is refused")
    func notUTF8() throws {
        let path = try Samples.path("top/l")
        #expect(throws: LinkTargetViolation.notUTF8) { try LinkTarget([0xFF], at: path) }
    }
}

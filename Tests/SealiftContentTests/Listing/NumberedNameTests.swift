import Testing

@testable import SealiftContent

@Suite("Numbered names")
struct NumberedNameTests {
    @Test(
        "put the number before the extension",
        arguments: [
            ("a.txt", "a (1).txt"), ("d/a.txt", "d/a (1).txt"), ("a", "a (1)"),
            ("model.v1.2.bin", "model.v1.2 (1).bin"), ("a.tar.gz", "a (1).tar.gz"),
            (".profile", ".profile (1)"), (".a.json", ".a (1).json"), ("a.", "a (1)."),
            ("a (1).txt", "a (1) (1).txt"), (".tar.gz", ".tar (1).gz"), ("d.d/a", "d.d/a (1)"),
        ])
    func names(path: String, expected: String) throws {
        let path = try Samples.path(path)
        #expect(NumberedName.path(path, number: 1)?.bytes == Array(expected.utf8))
        #expect(NumberedName.path(path, number: 0) == path)
        let parsed = try #require(NumberedName.parse(try Samples.path(expected)))
        #expect(parsed.original == path)
        #expect(parsed.number == 1)
    }

    @Test(
        "are not read from names that only look alike",
        arguments: ["a", "a (0)", "a (01)", "a(1)", "a ()", "a (x)", "a (1234567890)", " (1)"])
    func others(path: String) throws {
        let parsed = NumberedName.parse(try Samples.path(path))
        #expect(parsed == nil, "\(String(describing: parsed))")
    }

    @Test("that get too long are none")
    func tooLong() throws {
        let path = try Samples.path(String(repeating: "a", count: 252))
        #expect(NumberedName.path(path, number: 1) == nil)
    }
}

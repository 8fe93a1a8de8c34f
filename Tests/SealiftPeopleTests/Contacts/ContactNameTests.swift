import SealiftPeople
import Testing

@Suite("A contact's name")
struct ContactNameTests {
    @Test(
        "may be a name of any language",
        arguments: [
            "alice", "Bob", "gpu-cluster-7", "eval_cluster.2", "Anne Marie", "Зоя", "Ελένη", "李明",
            "さくら子", "マリー", "김철수", "José", "Jose\u{301}", "محمد",
        ])
    func accepted(text: String) throws {
        #expect(try ContactName(text).text == text)
    }

    @Test(
        "holds nothing that a terminal, a log, a command or a page acts on",
        arguments: [
            "a\u{1B}[2Jb", "a\nb", "a\u{0}b", "a\u{7F}", "a\u{202E}b", "a\u{200B}b", "a\u{200D}b",
            "a\u{FEFF}", "a\u{AD}b", "<script>", "a/b", "bob:viewer", "a@b", "a\\b", "a\"b", "a'b",
            "$(id)", "a`b", "a;b", "a\u{2028}b", "a\u{A0}b", "a\u{3000}b", "\u{E000}", "🙂",
            "ａlice", "𝐚lice", "ﬁle", "Ⅷ", "a\u{301}\u{302}", "\u{301}a", "a\u{1F3FB}", "ℓ", "ᴀlice",
        ])
    func refusedCharacters(text: String) {
        #expect(throws: ContactNameError.self) { try ContactName(text) }
    }

    @Test("is no option, no hidden name, not empty, not endless, and nothing that trimming changes")
    func shape() {
        for text in ["-rf", ".ssh", " a", "a ", "a  b", "...", "---", "_"] {
            #expect(throws: ContactNameError.shape, "\(text)") { try ContactName(text) }
        }
        for text in ["", String(repeating: "a", count: 65)] {
            #expect(throws: ContactNameError.length) { try ContactName(text) }
        }
    }

    @Test(
        "does not mix letters of scripts that are not written together",
        arguments: ["аlice", "аliсе", "Bοb", "paypаl", "aЗоя", "bob明"])
    func mixedScripts(text: String) {
        #expect(throws: ContactNameError.mixedScripts) { try ContactName(text) }
    }

    @Test(
        "looks the same as another that only differs in look-alikes",
        arguments: [
            ("alice", "ALICE"), ("alice", "a1ice"), ("alice", "aIice"), ("bob", "b0b"),
            ("Maria", "Mɑriɑ"),
            ("com", "corn"), ("war", "vvar"), ("bob-lab", "boblab"), ("bob lab", "bob_lab"),
            ("cop", "сор"), ("Rosa", "R0sa"), ("Maxi", "MAXl"), ("BOB", "ВОВ"),
            ("HAT", "НАТ"), ("TOM", "ΤΟΜ"), ("José", "Jose\u{301}"), ("sam5", "sams"),
        ])
    func lookAlikes(left: String, right: String) throws {
        #expect(try ContactName(left).skeleton == ContactName(right).skeleton)
    }

    @Test("that is another to the eye has another look")
    func different() throws {
        let names = [
            "alice", "bob", "carol", "dave", "eve", "mallory", "Зоя", "李明", "José", "Jose",
        ]
        #expect(try Set(names.map { try ContactName($0).skeleton }).count == names.count)
    }
}

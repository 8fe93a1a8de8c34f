import Sealift
import SealiftBase
import Testing

@testable import SealiftCLI

@Suite("The offer that a person sees")
struct OfferViewTests {
    private let style = TerminalStyle(hasColors: false, repaints: false)

    private func offer(
        _ entries: [OfferEntry], bytes: UInt64 = 1_536, dataBytes: UInt64 = 1_536,
        free: UInt64? = 1 << 30, reusable: UInt64 = 0
    ) -> OfferSummary {
        OfferSummary(
            entries: UInt64(entries.count), files: UInt64(entries.count - 1), bytes: bytes,
            dataBytes: dataBytes, reusableBytes: reusable, output: Array("out".utf8),
            freeSpace: free
        ) { take in
            for entry in entries {
                if take(entry) == .stop { return }
            }
        }
    }

    private func entry(_ path: String, _ kind: OfferEntry.Kind) -> OfferEntry {
        OfferEntry(path: Array(path.utf8), kind: kind)
    }

    private var manyEntries: [OfferEntry] {
        [entry("d", .directory)]
            + (0..<30).map { entry("d/\($0)", .file(size: 51, isExecutable: false)) }
    }

    @Test("says how much there is, where it goes and what is missing")
    func totals() {
        let plain = OfferView.totals(offer(manyEntries), style: style)
        #expect(
            plain == "offered: 30 files and 1 other entry, 1.50 KiB\ninto: out (1.00 GiB free)\n")
        let tight = OfferView.totals(
            offer(manyEntries, bytes: 5 << 40, dataBytes: 2_048, free: 512, reusable: 1_024),
            style: style)
        #expect(tight.contains("5.00 TiB (2.00 KiB without holes)"))
        #expect(tight.contains("here already: 1.00 KiB"))
        #expect(tight.contains("warning: 1.00 KiB are needed there\n"))
    }

    @Test("escapes names, and says what each entry is")
    func lines() {
        #expect(
            OfferView.line(entry("a\u{1B}[31m\n", .file(size: 10, isExecutable: true)))
                == "      10 B  a\\x1b[31m\\x0a *\n")
        #expect(OfferView.line(entry("d", .directory)) == "    folder  d/\n")
        #expect(
            OfferView.line(entry("l", .symbolicLink(target: Array("\r".utf8))))
                == "      link  l -> \\x0d\n")
    }

    @Test("shows twenty entries, or all for a dry run, and answers as it was told")
    func question() {
        let cases: [(Question.Mode, Decision, Int)] = [
            (.accept, .accept, 24), (.showAll, .decline, 33),
        ]
        for (mode, decision, lineCount) in cases {
            let screen = Lines()
            let question = Question(mode: mode, cancellation: Cancellation())
            #expect(
                question.decide(offer(manyEntries), terminal: screen.output, json: nil) == decision)
            #expect(screen.count == lineCount - (mode == .accept ? 1 : 0))
            #expect(screen.contains("and 11 more") == (mode == .accept))
        }
    }

    @Test("is asked only of a person")
    func modes() throws {
        #expect(try Question.mode(yes: true, dryRun: false, hasPerson: false) == .accept)
        #expect(try Question.mode(yes: false, dryRun: true, hasPerson: false) == .showAll)
        #expect(try Question.mode(yes: false, dryRun: false, hasPerson: true) == .ask)
        #expect(throws: SealiftError.self) {
            try Question.mode(yes: false, dryRun: false, hasPerson: false)
        }
    }
}

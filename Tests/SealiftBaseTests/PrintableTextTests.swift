import SealiftBase
import SealiftTestSupport
import Testing

@Suite("Printable text")
struct PrintableTextTests {
    @Test(
        "shows what would act on a terminal as an escape",
        arguments: [
            ("\u{1B}[2J", #"\x1b[2J"#),
            ("a\nb\r\tc", #"a\x0ab\x0d\x09c"#),
            ("\u{0}\u{7F}", #"\x00\x7f"#),
            ("\u{9B}31m", #"\u{9b}31m"#),
            ("\u{85}", #"\u{85}"#),
            ("invoice\u{202E}fdp.exe", #"invoice\u{202e}fdp.exe"#),
            ("\u{2066}x\u{2069}", #"\u{2066}x\u{2069}"#),
            ("zero\u{200B}width\u{200D}", #"zero\u{200b}width\u{200d}"#),
            ("\u{2028}\u{2029}", #"\u{2028}\u{2029}"#),
            ("\u{FEFF}mark", #"\u{feff}mark"#),
            ("\u{E000}\u{10FFFE}", #"\u{e000}\u{10fffe}"#),
            ("\u{E0041}tag", #"\u{e0041}tag"#),
            (#"back\slash"#, #"back\\slash"#),
            (#"\x1b"#, #"\\x1b"#),
        ])
    func escapes(text: String, expected: String) {
        #expect(PrintableText.escape(text) == expected)
        #expect(PrintableText.escape(text.utf8) == expected)
    }

    @Test(
        "leaves readable text alone",
        arguments: ["", "model.safetensors", "Größe 100 %", "データ.bin", "🦭🚢", "e\u{301}", "a b"])
    func untouched(text: String) {
        #expect(PrintableText.escape(text) == text)
        #expect(PrintableText.escape(text.utf8) == text)
    }

    @Test(
        "shows bytes that are no UTF-8 one by one",
        arguments: [
            ([0xFF], #"\xff"#),
            ([0x61, 0x80, 0x62], #"a\x80b"#),
            ([0xC0, 0xAF], #"\xc0\xaf"#),
            ([0xED, 0xA0, 0x80], #"\xed\xa0\x80"#),
            ([0xF4, 0x90, 0x80, 0x80], #"\xf4\x90\x80\x80"#),
            ([0xE2, 0x82], #"\xe2\x82"#),
            ([0xE2, 0x82, 0x41], #"\xe2\x82A"#),
            ([0xE2, 0xE2, 0x82, 0xAC], "\\xe2€"),
        ] as [([UInt8], String)])
    func invalidBytes(bytes: [UInt8], expected: String) {
        #expect(PrintableText.escape(bytes) == expected)
    }

    /// Turns the printable form back, by the rules in the type's documentation.
    private func unescape(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var rest = Substring(text).unicodeScalars
        while let scalar = rest.popFirst() {
            guard scalar == "\\" else {
                bytes += Array(String(scalar).utf8)
                continue
            }
            switch rest.popFirst() {
            case "\\":
                bytes.append(UInt8(ascii: "\\"))
            case "x":
                guard let byte = UInt8(String(rest.prefix(2)), radix: 16) else { return nil }
                bytes.append(byte)
                rest = rest.dropFirst(2)
            case "u":
                guard let end = rest.firstIndex(of: "}"),
                    let value = UInt32(String(rest[..<end].dropFirst()), radix: 16),
                    let scalar = Unicode.Scalar(value)
                else { return nil }
                bytes += Array(String(scalar).utf8)
                rest = rest[end...].dropFirst()
            default:
                return nil
            }
        }
        return bytes
    }

    @Test(
        "can always be turned back, so no two names look alike",
        arguments: SimulationSeed.series(50))
    func reversible(seed: SimulationSeed) {
        var generator = seed.generator(for: "names")
        // Pieces that meet the decoder's corners far more often than random bytes do.
        let pieces: [[UInt8]] = [
            [0x1B], [0x5C], [0x80], [0xC3], [0xC3, 0xA9], [0xE2, 0x80], [0xE2, 0x80, 0xAE], [0x41],
            [0xF0, 0x9F], [0xF0, 0x9F, 0xA6, 0xAD], [0xED, 0xA0, 0x80], [0x7B], [0x7D], [0x78],
        ]
        for _ in 0..<100 {
            var name: [UInt8] = []
            for _ in 0..<Int.random(in: 0..<12, using: &generator) {
                name +=
                    Bool.random(using: &generator)
                    ? pieces[Int.random(in: 0..<pieces.count, using: &generator)]
                    : generator.bytes(1)
            }
            let printed = PrintableText.escape(name)
            #expect(unescape(printed) == name)
            #expect(printed.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F })
        }
    }
}

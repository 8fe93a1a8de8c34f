import SealiftBase

/// Names that a peer, or a tree found on a disk, may bring to lead a program astray.
enum HostileNames {
    /// What a listing may hold.
    private static let allowed: [[UInt8]] = [
        "...", " ", "-", "--output", "~", "*", "$(id)", "`id`", "'", "\"", "&", ";", "\\", "..\\",
        "C:", ":", "CON", "NUL", "%2e%2e%2f", "%00", "x", "é", "e\u{301}", "\u{202E}", "\u{200B}",
        "\u{FEFF}", "\u{1F600}",
    ].map { Array($0.utf8) }

    /// What it may not, by itself or in places.
    private static let forbidden: [[UInt8]] =
        [
            "..", ".", ".sealift", ".SEALIFT", "\n", "\r", "\u{1B}[2J", "\u{85}", "\u{2028}",
            "\u{7F}",
        ].map { Array($0.utf8) } + [
            // No UTF-8: a stray byte, a slash and a zero in more bytes than needed, half a surrogate.
            [0xFF], [0xC0, 0xAF], [0xC0, 0x80], [0xED, 0xA0, 0x80],
            [UInt8](repeating: UInt8(ascii: "n"), count: 255),
        ]

    /// A name that a directory of Linux can hold: neither empty nor `.` nor `..`, at most 255 bytes,
    /// without `/` and zero.
    static func onDisk(_ generator: inout SeededGenerator) -> [UInt8] {
        let pieces = Bool.random(using: &generator) ? allowed : allowed + forbidden
        while true {
            var name: [UInt8] = []
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                name += pieces[Int.random(in: 0..<pieces.count, using: &generator)]
            }
            let whole = Array(name.prefix(255))
            if whole != Array(".".utf8), whole != Array("..".utf8) { return whole }
        }
    }
}

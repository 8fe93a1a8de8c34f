import Testing

@testable import SealiftCLI

@Suite("QR codes")
struct QRCodeTests {
    private static func rows(_ code: QRCode) -> [String] {
        (0..<code.size).map { row in
            String((0..<code.size).map { code.isDark(row: row, column: $0) ? "1" : "0" })
        }
    }

    /// FNV-1a of all modules, row by row.
    private static func digest(_ code: QRCode) -> UInt64 {
        rows(code).joined().utf8.reduce(0xCBF2_9CE4_8422_2325) {
            ($0 ^ UInt64($1)) &* 0x100_0000_01B3
        }
    }

    @Test("have the codewords and the error correction of the example that everybody computes")
    func codewords() throws {
        let fit = try #require(QRSegment.fit(Array("HELLO WORLD".utf8)))
        #expect(fit.version == 1 && fit.level == .medium && fit.segment.mode == .alphanumeric)
        let data = fit.segment.codewords(version: 1, level: .medium)
        #expect(data == [32, 91, 11, 120, 209, 114, 220, 77, 67, 64, 236, 17, 236, 17, 236, 17])
        #expect(
            ReedSolomon(degree: 10).remainder(of: data[...])
                == [196, 35, 39, 119, 235, 215, 231, 226, 93, 23])
    }

    @Test("are, module by module, what two independent readers read")
    func modules() throws {
        let code = try #require(QRCode("A1"))
        #expect(code.version == 1 && code.level == .medium && code.mask == 0)
        #expect(
            Self.rows(code) == [
                "111111100111001111111",
                "100000101011001000001",
                "101110100101101011101",
                "101110100011001011101",
                "101110101001101011101",
                "100000100011001000001",
                "111111101010101111111",
                "000000000010000000000",
                "101010100110100010010",
                "101101000011010101001",
                "101010101101011100101",
                "101101010001110111010",
                "100100100101011100110",
                "000000001010001000100",
                "111111100110100010001",
                "100000100110001000100",
                "101110101100101010101",
                "101110100111010101010",
                "101110101111011101101",
                "100000100101110111011",
                "111111101001011101101",
            ])
    }

    /// Of every version, full to its last byte: the length of the text and the digest of its code, which an
    /// independent reader (zbar) read back as the text.
    private static let full: [(Int, UInt64)] = [
        (17, 0xAB45_52C2_9B0B_86CF),
        (32, 0xAE63_51AF_A029_5D68),
        (53, 0xC30E_9BEB_F6D0_5AC2),
        (78, 0xDF3A_9ADF_5236_2646),
        (106, 0x3167_B5E3_AA79_A0E9),
        (134, 0x670A_C924_EFB8_0EB8),
        (154, 0x1B05_EBB2_5F0E_743F),
        (192, 0xBC7F_F9A4_E5F1_E0A1),
        (230, 0x2B83_E20E_86F0_8ACF),
        (271, 0x042E_49FE_30D3_E291),
        (321, 0xC8E1_A921_3373_158B),
        (367, 0x59F7_9968_1555_F5B7),
        (425, 0x0B1C_F581_02EC_2DB5),
        (458, 0xF7F2_EADB_68CC_9379),
        (520, 0xD162_CE7C_56E8_6861),
        (586, 0xC1BD_4DF0_B7E8_F66E),
        (644, 0xE302_5993_1C25_692F),
        (718, 0x9E84_B5CC_CAB8_8077),
        (792, 0xD907_F026_3E48_8F99),
        (858, 0x486E_DBF1_BF6C_A49B),
        (929, 0x17E4_9CB9_1508_4519),
        (1003, 0xC44B_587F_BFE0_47F5),
        (1091, 0xE16E_4E21_0196_5427),
        (1171, 0xB25D_EB78_6009_BA6B),
        (1273, 0x3CA2_12E8_84FB_B6CD),
        (1367, 0xC9A5_BA3F_A610_9FB3),
        (1465, 0x49D6_3B4D_9475_A807),
        (1528, 0x7226_8F33_9074_AC62),
        (1628, 0x7F5D_9086_2C82_395D),
        (1732, 0x6701_98B6_9B12_A38B),
        (1840, 0x579E_2725_B68F_658C),
        (1952, 0x4EAC_DB6B_5C03_0B4E),
        (2068, 0x902B_044D_74F8_A41E),
        (2188, 0x3A00_FAEE_9806_C705),
        (2303, 0x4ADC_BAE5_1E50_536F),
        (2431, 0xD251_7C9D_10FD_E0F7),
        (2563, 0xD6A5_C8F8_B17D_DA39),
        (2699, 0x3EBD_BB6B_36AD_6AEF),
        (2809, 0xB1B4_3483_DC06_4F93),
        (2953, 0xB675_BAF7_CD34_29EF),
    ]

    @Test("of every version, filled to the last byte, are what an independent reader reads")
    func versions() throws {
        let text = String(
            repeating: "sealift moves very large files, straight. ", count: 80)
        for (place, (length, digest)) in Self.full.enumerated() {
            let code = try #require(QRCode(String(text.prefix(length))))
            #expect(code.version == place + 1 && code.level == .low)
            #expect(Self.digest(code) == digest, "version \(code.version)")
            if place < 39 {
                let next = try #require(QRCode(String(text.prefix(length + 1))))
                #expect(next.version == place + 2, "\(length + 1) bytes")
            }
        }
        #expect(QRCode(String(text.prefix(2_954))) == nil)
    }

    @Test("are smaller in capitals, and mended further where there is room")
    func modes() throws {
        let small = String(repeating: "sealiftpair1", count: 20)
        let (bytes, capitals) = (
            try #require(QRCode(small)), try #require(QRCode(small.uppercased()))
        )
        #expect(capitals.version < bytes.version)
        #expect(try #require(QRCode("sealift")).level == .medium)
        #expect(QRCode("") != nil)
    }

    @Test("are drawn in half blocks with a quiet zone, dark on light where there are colours")
    func picture() throws {
        let picture = QRPicture(code: try #require(QRCode("A1")))
        #expect(picture.width == 29 && picture.height == 15)
        let plain = picture.text(style: TerminalStyle(hasColors: false, repaints: false))
        let lines = plain.split(separator: "\n").map(Array.init)
        #expect(lines.count == 15 && lines.allSatisfy { $0.count == 29 })
        // Without colours light modules are what is drawn: the quiet zone is all blocks.
        for line in [lines[0], lines[1], lines[13], lines[14]] {
            #expect(line.allSatisfy { $0 == "█" })
        }
        #expect(
            lines.allSatisfy { String($0.prefix(4)) == "████" && String($0.suffix(4)) == "████" })
        // The corner of the first finder pattern: dark above dark, then dark above light.
        #expect(lines[2][4] == " " && lines[2][5] == "▄")
        let colored = picture.text(style: TerminalStyle(hasColors: true, repaints: true))
        #expect(colored.hasPrefix("\u{1B}[38;5;16;48;5;231m    "))
        #expect(colored.contains("█▀") && colored.contains("\u{1B}[0m\n"))
    }
}

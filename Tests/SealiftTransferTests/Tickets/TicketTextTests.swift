import SealiftBase
import SealiftCrypto
import SealiftTransfer
import Testing

@Suite("The text of a ticket")
struct TicketTextTests {
    @Test("is read back as what was written", arguments: UInt64(0)..<200)
    func roundTrip(seed: UInt64) throws {
        let ticket = try TicketSamples.ticket(seed: seed)
        let text = ticket.text
        #expect(text.hasPrefix("sealift1"))
        let back = try Ticket(text: text)
        #expect(back.secret.bytesForTest == ticket.secret.bytesForTest)
        #expect(back.fingerprint == ticket.fingerprint)
        #expect(back.expires == ticket.expires)
        #expect(back.addresses == ticket.addresses)
        #expect(back.text == text)
    }

    @Test("is found mistyped after any change of one character", arguments: UInt64(0)..<3)
    func everySingleChange(seed: UInt64) throws {
        let text = Array(try TicketSamples.ticket(seed: seed).text.utf8)
        let others = Array("abcdefghijklmnopqrstuvwxyz0123456789-".utf8)
        for position in text.indices {
            for other in others where other != text[position] {
                var changed = text
                changed[position] = other
                let expected: TicketError = position < 8 ? .notATicket : .mistyped
                #expect(throws: expected, "position \(position)") {
                    try Ticket(text: String(decoding: changed, as: UTF8.self))
                }
            }
        }
    }

    @Test("is found cut at every length, doubled or swapped", arguments: UInt64(0)..<3)
    func cutsAndSlips(seed: UInt64) throws {
        let text = try TicketSamples.ticket(seed: seed).text
        for length in 0..<text.count {
            let expected: TicketError = length < 8 ? .notATicket : .mistyped
            #expect(throws: expected) { try Ticket(text: String(text.prefix(length))) }
        }
        let characters = Array(text)
        for position in 8..<characters.count - 1 {
            var doubled = characters
            doubled.insert(characters[position], at: position)
            #expect(throws: TicketError.mistyped) { try Ticket(text: String(doubled)) }
            var swapped = characters
            swapped.swapAt(position, position + 1)
            guard swapped != characters else { continue }
            #expect(throws: TicketError.mistyped) { try Ticket(text: String(swapped)) }
        }
    }

    @Test("may be written in capitals and broken over lines")
    func caseAndWhiteSpace() throws {
        let text = try TicketSamples.ticket(seed: 1).text
        let broken = text.uppercased().map { "\($0)" }.joined(separator: " \t\r\n\u{A0}")
        #expect(try Ticket(text: broken).text == text)
    }

    @Test("tells a newer version and an impossible value from a typing error")
    func versions() throws {
        #expect(throws: TicketError.newerVersion) { try Ticket(text: forged([2, 1, 2, 3])) }
        #expect(throws: TicketError.newerVersion) {
            try Ticket(text: forged([255] + [UInt8](repeating: 7, count: 900)))
        }
        #expect(throws: TicketError.malformed) { try Ticket(text: forged([1])) }
        let head = [1] + [UInt8](repeating: 0, count: 56)
        let none: [UInt8] = [0]
        let noPort: [UInt8] = [1, 4, 127, 0, 0, 1, 0, 0]
        let strangeFamily: [UInt8] = [1, 5, 127, 0, 0, 1, 0, 1]
        let extraByte: [UInt8] = [1, 4, 127, 0, 0, 1, 0, 1, 9]
        for list in [none, noPort, strangeFamily, extraByte] {
            #expect(throws: TicketError.malformed) { try Ticket(text: forged(head + list)) }
        }
        #expect(try Ticket(text: forged(head + [1, 4, 127, 0, 0, 1, 0, 1])).addresses.count == 1)
    }

    @Test(
        "of anything else is no ticket",
        arguments: ["", "hello", "sealift2abc", "sealift", "ſealift1"])
    func otherTexts(text: String) {
        #expect(throws: TicketError.notATicket) { try Ticket(text: text) }
    }

    @Test("never traps on random bytes, also with a right checksum", arguments: UInt64(0)..<2_000)
    func randomBytes(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let bytes = generator.bytes(Int.random(in: 0...400, using: &generator))
        _ = try? Ticket(text: "sealift1" + String(decoding: bytes, as: UTF8.self))
        _ = try? Ticket(text: forged(bytes))
        _ = try? Ticket(text: forged([1] + bytes))
    }

    @Test("of any length is refused without effort")
    func hugeText() {
        let huge = "sealift1" + String(repeating: "a", count: 1_000_000)
        #expect(throws: TicketError.mistyped) { try Ticket(text: huge) }
    }

    @Test("never shows up in a description, an interpolation or a dump")
    func hidden() throws {
        let ticket = try TicketSamples.ticket(seed: 3)
        var dumped = ""
        dump(ticket, to: &dumped)
        for shown in ["\(ticket)", String(describing: ticket), String(reflecting: ticket), dumped] {
            #expect(shown.contains("<ticket>") || shown.contains("Ticket"))
            #expect(!shown.contains(Hexadecimal.encode(ticket.secret.bytesForTest)))
            #expect(!shown.contains(ticket.text) && shown.count < 40)
        }
    }

    /// The text of `body` with the checksum that belongs to it.
    private func forged(_ body: [UInt8]) -> String {
        let checksum = SHA256Digest.hash(Array("sealift/1 ticket".utf8) + body).bytes.prefix(4)
        return "sealift1" + NaiveBase32.encode(body + checksum)
    }
}

/// Base32 written the slow and obvious way, to check the other one against.
private enum NaiveBase32 {
    static func encode(_ bytes: [UInt8]) -> String {
        var bits = bytes.flatMap { byte in (0..<8).reversed().map { byte >> $0 & 1 } }
        while !bits.count.isMultiple(of: 5) { bits.append(0) }
        let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567")
        return stride(from: 0, to: bits.count, by: 5).map { start in
            String(alphabet[bits[start..<start + 5].reduce(0) { $0 * 2 + Int($1) }])
        }.joined()
    }
}

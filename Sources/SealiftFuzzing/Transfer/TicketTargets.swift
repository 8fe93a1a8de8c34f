import SealiftBase
import SealiftCrypto
import SealiftTransfer

extension FuzzTarget {
    /// The text of a ticket as somebody pastes it, and one whose checksum is right though its
    /// content is not.
    static let ticket = FuzzTarget(
        "ticket", maximumLength: 1_024,
        seeds: {
            guard let sample = TicketSample.ticket else { return [] }
            let text = Array(sample.text.utf8)
            let body = TicketSample.base32Decoded(text.dropFirst(8)).dropLast(4)
            return [
                [0] + text, [0] + text.dropLast(3), [1] + body, [1, 2] + body.dropFirst(),
                [0] + Array(" SeaLift1\n".utf8) + text.dropFirst(8),
            ]
        }
    ) { input throws(BrokenRule) in
        let isChecked = input.byte() & 1 == 1
        let bytes = input.rest()
        let text =
            isChecked
            ? TicketSample.text(body: bytes) : String(decoding: bytes, as: UTF8.self)
        guard let ticket = try? Ticket(text: text) else { return }
        try demand(
            (1...Ticket.maximumAddressCount).contains(ticket.addresses.count)
                && ticket.addresses.allSatisfy { $0.port != 0 }, "an address that is none")
        let plain = String(text.lowercased().filter { !$0.isWhitespace })
        try demand(ticket.text == plain, "a ticket is not written as it was read")
        try demand("\(ticket)" == "<ticket>", "a ticket shows what it holds")
    }

    /// A ticket's record in the home folder: as it lies there, and with its checksum made right.
    static let ticketRecord = FuzzTarget(
        "ticket-record", maximumLength: 1_024,
        seeds: {
            guard let record = TicketSample.record else { return [] }
            let bytes = record.encoded
            return [[0] + bytes, [1] + bytes.dropLast(4), [1] + bytes.prefix(60)]
        }
    ) { input throws(BrokenRule) in
        let isChecked = input.byte() & 1 == 1
        var bytes = input.rest()
        if isChecked {
            bytes += TicketSample.checksum("sealift/1 ticket record", bytes)
        }
        guard let record = try? TicketRecord(encoded: bytes) else { return }
        let again = record.encoded
        guard let second = try? TicketRecord(encoded: again) else {
            throw BrokenRule(description: "a record is not read as it was written")
        }
        try demand(second.encoded == again, "a record changes when it is written twice")
        _ = TicketRules.retention(of: record, now: WallTime(secondsSince1970: .max))
        _ = TicketRules.retention(of: record, now: WallTime(secondsSince1970: .min))
    }
}

/// Tickets to begin with, and their outer coding once more, so that a fuzzer gets behind it.
private enum TicketSample {
    private static let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)
    private static let address = PeerAddress(bytes: [192, 0, 2, 1], port: 4_242)

    static var ticket: Ticket? {
        guard let address else { return nil }
        return Ticket(
            secret: HandshakeRig.shared.psk,
            fingerprint: HandshakeRig.shared.sender.publicKeys.id.fingerprint,
            expires: WallTime(secondsSince1970: 1_800_000_000), addresses: [address])
    }

    static var record: TicketRecord? {
        guard let address else { return nil }
        return TicketRecord(
            secret: HandshakeRig.shared.psk, created: WallTime(secondsSince1970: 1_700_000_000),
            expires: WallTime(secondsSince1970: 1_800_000_000), paths: [Array("/home/a".utf8)],
            listen: [address])
    }

    static func checksum(_ label: String, _ bytes: [UInt8]) -> ArraySlice<UInt8> {
        SHA256Digest.hash(Array(label.utf8) + bytes).bytes.prefix(4)
    }

    static func text(body: [UInt8]) -> String {
        let bytes = body + checksum("sealift/1 ticket", body)
        var bits = bytes.flatMap { byte in (0..<8).map { byte >> (7 - $0) & 1 } }
        while !bits.count.isMultiple(of: 5) { bits.append(0) }
        let letters = stride(from: 0, to: bits.count, by: 5).map { start in
            alphabet[bits[start..<(start + 5)].reduce(0) { $0 << 1 | Int($1) }]
        }
        return "sealift1" + String(decoding: letters, as: UTF8.self)
    }

    static func base32Decoded(_ text: ArraySlice<UInt8>) -> [UInt8] {
        let bits = text.flatMap { letter in
            let value = alphabet.firstIndex(of: letter) ?? 0
            return (0..<5).map { UInt8(value >> (4 - $0) & 1) }
        }
        return stride(from: 0, to: bits.count - 7, by: 8).map { start in
            bits[start..<(start + 8)].reduce(0) { $0 << 1 | $1 }
        }
    }
}

import SealiftBase
import SealiftCrypto
import SealiftTransfer
import Testing

/// Random but replayable tickets and records.
enum TicketSamples {
    static func secret(_ generator: inout SeededGenerator) throws -> PreSharedKey {
        try #require(PreSharedKey(generator.bytes(32)))
    }

    static func device(_ generator: inout SeededGenerator) throws -> DeviceID {
        DeviceID(try #require(Hash256(generator.bytes(32))))
    }

    static func addresses(_ generator: inout SeededGenerator) throws -> [PeerAddress] {
        try (0..<Int.random(in: 1...16, using: &generator)).map { _ in
            let bytes = generator.bytes(Bool.random(using: &generator) ? 4 : 16)
            let port = UInt16.random(in: 1...65_535, using: &generator)
            return try #require(PeerAddress(bytes: bytes, port: port))
        }
    }

    static func ticket(seed: UInt64) throws -> Ticket {
        var generator = SeededGenerator(seed: seed)
        let expiry = Int64.random(in: 0...Int64.max, using: &generator)
        let fingerprint = try #require(DeviceFingerprint(generator.bytes(16)))
        return try #require(
            Ticket(
                secret: secret(&generator), fingerprint: fingerprint,
                expires: WallTime(secondsSince1970: expiry), addresses: addresses(&generator)))
    }

    /// A record issued at second 1,000,000 for one day.
    static func record(seed: UInt64) throws -> TicketRecord {
        var generator = SeededGenerator(seed: seed)
        let paths = (0..<Int.random(in: 1...4, using: &generator)).map { _ in
            Array("/".utf8) + generator.bytes(Int.random(in: 0...200, using: &generator))
        }
        return try #require(
            TicketRecord(
                secret: secret(&generator), created: WallTime(secondsSince1970: 1_000_000),
                expires: WallTime(secondsSince1970: 1_086_400), paths: paths,
                listen: addresses(&generator)))
    }
}

extension PreSharedKey {
    var bytesForTest: [UInt8] { secret.withUnsafeBytes { Array($0) } }
}

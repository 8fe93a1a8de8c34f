import SealiftBase
import Testing

@testable import SealiftCrypto

@Suite("Mailboxes of days")
struct MailboxRatchetTests {
    private static func secret(_ byte: UInt8) -> SecretBytes {
        SecretBytes(copying: [UInt8](repeating: byte, count: 32))
    }

    private static func ratchet(_ byte: UInt8) throws -> MailboxRatchet {
        try #require(MailboxRatchet(beginningWith: secret(byte)))
    }

    private static let devices = [UInt8(1), 2].map { DeviceID(SHA256Digest.hash([$0])) }
    /// An hour of the day 20,600.
    private static let hour: UInt64 = 20_600 * 24 + 5

    private static func name(
        _ ratchet: MailboxRatchet, _ hour: UInt64 = hour, to device: Int = 0,
        _ direction: HandshakeDirection = .initiatorToResponder
    ) -> [UInt8] {
        MailboxKey(MailboxSecret(ratchet, dialing: devices[device]).secret(at: hour))
            .name(hour: hour, direction: direction)
    }

    @Test("have the bytes of the protocol")
    func specification() throws {
        var key = Self.secret(9)
        for day in UInt64(20_455)...20_600 {
            var info = ByteWriter()
            info.write("sealift/1 mailbox day".utf8)
            info.write(day)
            key = KeyDerivation.hkdf(key, info: info.bytes, count: 32)
        }
        let secret = KeyDerivation.hkdf(
            key, info: Array("sealift/1 mailbox dial".utf8) + Self.devices[1].value.bytes, count: 32
        )
        let daily = MailboxSecret(try Self.ratchet(9), dialing: Self.devices[1])
        #expect(daily.secret(at: 20_600 * 24).constantTimeEquals(secret))
        #expect(daily.secret(at: 20_600 * 24 + 23).constantTimeEquals(secret))
        #expect(
            daily.callBoxKey(at: Self.hour).constantTimeEquals(
                KeyDerivation.hkdf(secret, info: Array("sealift/1 call box".utf8), count: 32)))
    }

    @Test("are the same at both ends, however far each has moved, and nobody else's")
    func names() throws {
        let near = try Self.ratchet(1)
        let far = try #require(near.moved(byContactOn: 20_607))
        let between = try #require(near.moved(byContactOn: 20_550))
        #expect(far.day == 20_600 && between.day == 20_543)
        for hour in [Self.hour, Self.hour + 24, Self.hour + 500 * 24] {
            #expect(Self.name(near, hour) == Self.name(far, hour))
            #expect(Self.name(between, hour) == Self.name(far, hour))
        }
        var seen: Set<[UInt8]> = []
        for byte in [UInt8(1), 2] {
            let ratchet = try Self.ratchet(byte)
            for device in 0..<2 {
                for hour in [Self.hour, Self.hour + 1, Self.hour + 24] {
                    for direction in HandshakeDirection.allCases {
                        seen.insert(Self.name(ratchet, hour, to: device, direction))
                    }
                }
            }
        }
        #expect(seen.count == 2 * 2 * 3 * 2)
    }

    @Test(
        "of seven days before the last contact and of all later ones can be named, of no earlier one"
    )
    func forwardOnly() throws {
        let before = try Self.ratchet(3)
        let after = try #require(before.moved(byContactOn: 20_600))
        #expect(after.day == 20_593)
        for day in UInt64(20_593)...20_610 {
            #expect(Self.name(after, day * 24) == Self.name(before, day * 24))
        }
        for day in UInt64(20_454)..<20_593 {
            #expect(Self.name(after, day * 24) != Self.name(before, day * 24))
        }
        // Earlier days are named with the kept day's key, for want of theirs.
        #expect(after.key(of: 20_500).constantTimeEquals(after.key(of: 20_593)))
        // No contact leads back, and the same day again is nothing new.
        for day in [0, 6, 7, 20_454, 20_599, 20_600] as [UInt64] {
            #expect(after.moved(byContactOn: day) == nil)
        }
        #expect(after.moved(byContactOn: 20_601)?.day == 20_594)
        #expect(before.moved(byContactOn: 20_461) == nil)
    }

    @Test("cost no more than a bounded number of steps, whatever a clock shows")
    func bounded() throws {
        let ratchet = try Self.ratchet(4)
        let end = MailboxRatchet.firstDay + MailboxRatchet.mostSteps
        let last = ratchet.key(of: end)
        #expect(ratchet.key(of: .max).constantTimeEquals(last))
        #expect(ratchet.moved(byContactOn: .max)?.day == end)
        #expect(!ratchet.key(of: end - 1).constantTimeEquals(last))
    }

    @Test("are kept as a day and its key, and read as nothing else")
    func encoding() throws {
        let moved = try #require(try Self.ratchet(5).moved(byContactOn: 20_600))
        let bytes = moved.encoded.withUnsafeBytes { Array($0) }
        #expect(bytes.count == 40 && Array(bytes[..<8]) == [0, 0, 0, 0, 0, 0, 0x50, 0x71])
        #expect(moved.key(of: 20_593).withUnsafeBytes { Array($0) } == Array(bytes[8...]))
        let read = try #require(MailboxRatchet(encoded: moved.encoded))
        #expect(Self.name(read) == Self.name(moved) && read.day == moved.day)
        for length in [0, 39, 41] {
            #expect(
                MailboxRatchet(encoded: SecretBytes(copying: (bytes + [0]).prefix(length))) == nil)
        }
        for day in [[0, 0, 0, 0, 0, 0, 0x4F, 0xE5], [0xFF, 0, 0, 0, 0, 0, 0, 0]] as [[UInt8]] {
            #expect(MailboxRatchet(encoded: SecretBytes(copying: day + bytes[8...])) == nil)
        }
        #expect(MailboxRatchet(beginningWith: SecretBytes(copying: [1])) == nil)
        #expect("\(moved)" == "<mailboxes from day 20593>")
    }

    @Test(
        "of days long gone are not named by a box key either: a box that was recorded does not open"
    )
    func boxes() throws {
        let before = try Self.ratchet(6)
        let after = try #require(before.moved(byContactOn: 20_700))
        let secrets = [before, after].map { MailboxSecret($0, dialing: Self.devices[0]) }
        #expect(
            !secrets[0].callBoxKey(at: Self.hour)
                .constantTimeEquals(secrets[1].callBoxKey(at: Self.hour)))
        let dummies = secrets.map {
            MailboxKey(dummiesBeside: $0.secret(at: Self.hour), of: Self.devices[0])
                .dummyName(hour: Self.hour, index: 0)
        }
        #expect(dummies[0] != dummies[1])
    }
}

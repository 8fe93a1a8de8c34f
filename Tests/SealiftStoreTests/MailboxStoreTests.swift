import Foundation
import GRDB
import SealiftBase
import SealiftCrypto
import SealiftPeople
import Testing

@testable import SealiftStore

@Suite("Mailboxes of days, as they are kept")
struct MailboxStoreTests {
    private static let identity = IdentityID(SHA256Digest.hash([1]))
    private static let device = DeviceID(SHA256Digest.hash([2]))
    private static let name = "pair \(identity.value.hexadecimal) \(device.value.hexadecimal)"

    /// A key as a session bears it, whose mailboxes begin on `day`.
    private static func key(_ byte: UInt8, day: UInt64) throws -> PairKey {
        let first = try #require(
            PairKey(
                encoded: SecretBytes(
                    copying: [UInt8](repeating: byte, count: 32) + [0, 0, 0, 0, 0, 0, 0x4F, 0xE6]
                        + [UInt8](repeating: byte ^ 0xFF, count: 32))))
        return day == MailboxRatchet.firstDay
            ? first
            : try #require(first.moved(byContactOn: day + MailboxRatchet.keptDays))
    }

    private static func put(_ key: PairKey, _ vault: SecretVault) throws {
        try vault.change {
            try vault.put(
                StoredPairKey(identity: identity, device: device, key: key), in: $0)
        }
    }

    private static func days(_ vault: SecretVault) throws -> [UInt64?] {
        try vault.pairKeys(with: device, of: identity).map { $0.mailboxes?.day }
    }

    /// A contact on the day that this machine's clock shows and the one that the other's does.
    private static func move(_ vault: SecretVault, _ now: Int64, _ peer: Int64) throws -> Bool {
        try vault.moveMailboxes(
            with: device, of: identity, now: WallTime(secondsSince1970: now * 86_400),
            peer: WallTime(secondsSince1970: peer * 86_400))
    }

    /// The days of all pair keys that somebody finds who has every byte of the home, and the vault's key.
    private static func stolen(_ store: TemporaryStore) throws -> Set<UInt64> {
        let bytes = try Store(in: store.home).read {
            try Data.fetchOne($0, sql: "SELECT bytes FROM vault")
        }
        let key = SecretBytes(copying: Array(try #require(bytes)).dropFirst())
        let purpose = Array(name.utf8)
        var days: Set<UInt64> = []
        for file in try FileManager.default.contentsOfDirectory(atPath: store.path) {
            let bytes = [UInt8](try Data(contentsOf: URL(filePath: "\(store.path)/\(file)")))
            for start in bytes.indices where start + 152 <= bytes.count {
                // Most of a database is zeros: no salt.
                guard bytes[start] != 0 || bytes[start + 1] != 0 || bytes[start + 2] != 0 else {
                    continue
                }
                for suffix in ["", " former"] {
                    guard
                        let box = SecretBox.open(
                            Array(bytes[start..<start + 152]), key: key,
                            purpose: purpose + Array(suffix.utf8)),
                        let day = PairKey(encoded: box)?.mailboxes?.day
                    else { continue }
                    days.insert(day)
                }
            }
        }
        return days
    }

    @Test("move to seven days before a contact, once a day, and never back")
    func moves() throws {
        let store = try TemporaryStore()
        let vault = try SecretVault.open(in: Store(in: store.home), .fileMode)
        func move(_ day: Int64) throws -> Bool { try Self.move(vault, day, day) }
        #expect(try move(20_600) == false)
        try Self.put(try Self.key(1, day: MailboxRatchet.firstDay), vault)
        #expect(try move(20_600) && Self.days(vault) == [20_593])
        for day in [20_600, 20_599, 0] as [Int64] { #expect(try move(day) == false) }
        #expect(try move(20_601) && Self.days(vault) == [20_594])
        // The key beside the present one moves too, and goes on opening what it opened.
        let next = try Self.key(2, day: MailboxRatchet.firstDay)
        try Self.put(next, vault)
        #expect(try move(20_610) && Self.days(vault) == [20_603, 20_603])
        let kept = try vault.pairKeys(with: Self.device, of: Self.identity)
        #expect(kept[0].opensTheSame(as: next))
        #expect(kept[1].opensTheSame(as: try Self.key(1, day: 20_460)))
        // One from before stays as it was.
        let told = PairKey(told: try #require(PreSharedKey([UInt8](repeating: 3, count: 32))))
        try Self.put(told, vault)
        #expect(try move(20_611) && Self.days(vault) == [nil, 20_604])
        try vault.confirm(
            StoredPairKey(identity: Self.identity, device: Self.device, key: told))
        #expect(try move(20_700) == false)
        #expect(
            try vault.secret(Self.name)?.constantTimeEquals(
                SecretBytes(copying: [UInt8](repeating: 3, count: 32))) == true)
    }

    @Test(
        "stay through a clock set to 2099 and back, and lose nothing; so they do for a peer that lies"
    )
    func clocks() throws {
        let store = try TemporaryStore()
        let vault = try SecretVault.open(in: Store(in: store.home), .fileMode)
        try Self.put(try Self.key(1, day: 20_500), vault)
        let year2099: Int64 = 47_117
        // Ours, theirs, and one that is far behind.
        for (now, peer) in [(year2099, 20_600), (20_600, year2099), (20_600, 0), (0, 20_600)]
            as [(Int64, Int64)]
        {
            #expect(try Self.move(vault, now, peer) == false)
        }
        #expect(try Self.days(vault) == [20_500])
        // Put right again, what both have is as it was; a day apart the earlier counts.
        #expect(try Self.move(vault, 20_601, 20_600) && Self.days(vault) == [20_593])
        let extremes: [Int64] = [.min / 86_400, .max / 86_400]
        for (now, peer) in [(extremes[0], extremes[1]), (extremes[0], extremes[0])]
            as [(Int64, Int64)]
        {
            #expect(try Self.move(vault, now, peer) == false)
        }
    }

    @Test("of earlier days are in no byte of a stolen home, though another process has it open")
    func stolenHome() throws {
        let store = try TemporaryStore()
        let running = try Store(in: store.home)
        let vault = try SecretVault.open(in: Store(in: store.home), .fileMode)
        try Self.put(try Self.key(1, day: 20_500), vault)
        #expect(try Self.stolen(store) == [20_500])
        #expect(try Self.move(vault, 20_600, 20_600))
        #expect(try Self.stolen(store) == [20_593])
        // The same for a key that another has replaced, once the other end has that too.
        try Self.put(try Self.key(2, day: 20_595), vault)
        #expect(try Self.stolen(store) == [20_593, 20_595])
        try vault.confirm(
            StoredPairKey(
                identity: Self.identity, device: Self.device, key: try Self.key(2, day: 20_595)))
        #expect(try Self.stolen(store) == [20_595])
        #expect(try running.contacts().contacts.isEmpty)
    }

    @Test("that are damaged are no key, and not one without mailboxes")
    func damaged() throws {
        let store = try TemporaryStore()
        let vault = try SecretVault.open(in: Store(in: store.home), .fileMode)
        try vault.put(SecretBytes(copying: [UInt8](repeating: 3, count: 71)), as: Self.name)
        #expect(throws: SecretVault.Failure.damaged) { try Self.days(vault) }
    }
}

public import SealiftBase

/// The mailbox keys of two devices, one for each day, of which the later follow from the earlier and never
/// the other way round (`docs/PROTOCOL.md` §11.5):
///
///     key[d + 1] = HKDF(key[d], "", "sealift/1 mailbox day" ‖ u64 (d + 1), 32)
///
/// Both devices begin with the same key of the same day and go on from it by themselves, each as far as it is
/// sure of the date; so who takes what is kept here learns no mailbox of a day before ``day``.
///
/// Invariant: ``day`` never falls; there is no way back to a key that was left.
public struct MailboxRatchet: Sendable {
    /// The day of every first key, in days since 1970: 2026-01-01. The key was born later than that, and nobody
    /// ever put anything into a mailbox of the days between.
    public static let firstDay: UInt64 = 20_454
    /// The farthest that one computation goes: a hundred years and more, some tens of milliseconds.
    public static let mostSteps: UInt64 = 40_000
    /// So many days before the last contact stay nameable: clocks differ, and boxes of two calls may cross.
    public static let keptDays: UInt64 = 7
    /// The size of ``encoded``.
    public static let byteCount = 8 + keySize

    private static let keySize = 32
    private static let secondsPerDay: Int64 = 86_400
    /// No day that is kept lies behind it: 2^40, so that no sum overflows.
    private static let lastDay: UInt64 = 1 << 40

    /// The day whose key is kept, in days since 1970.
    public let day: UInt64
    private let key: SecretBytes

    private init(day: UInt64, key: SecretBytes) {
        self.day = day
        self.key = key
    }

    /// The ratchet that begins with `key`, which both devices have of their session.
    /// - Returns: nil if it is not 32 bytes.
    public init?(beginningWith key: SecretBytes) {
        guard key.count == Self.keySize else { return nil }
        self.init(day: Self.firstDay, key: key)
    }

    /// The day of a time, in days since 1970.
    public static func day(of time: WallTime) -> UInt64 {
        UInt64(clamping: time.secondsSince1970 / secondsPerDay)
    }

    // MARK: On disk

    /// What is kept: u64 day ‖ key (32).
    public var encoded: SecretBytes {
        var head = ByteWriter(capacity: 8)
        head.write(day)
        return SecretBytes(copying: head.bytes).appending(key)
    }

    /// Reads what was kept; nil where it is anything else.
    public init?(encoded: SecretBytes) {
        guard encoded.count == Self.byteCount else { return nil }
        let day = encoded.slice(0..<8).withUnsafeBytes {
            $0.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        }
        guard (Self.firstDay...Self.lastDay).contains(day) else { return nil }
        self.init(day: day, key: encoded.slice(8..<encoded.count))
    }

    // MARK: Forward

    /// The ratchet after a contact at a time that both clocks agreed on, in days since 1970: it begins
    /// ``keptDays`` before that.
    /// - Returns: nil where it stays as it is, because it begins there or later already.
    public func moved(byContactOn day: UInt64) -> MailboxRatchet? {
        guard day > Self.keptDays else { return nil }
        let target = min(day - Self.keptDays, Self.lastDay)
        guard target > self.day else { return nil }
        return advanced(to: target)
    }

    /// The key of `day`. Of a day before the kept one it is the kept one's, since nobody can go back; of one
    /// more than ``mostSteps`` behind it, the last that is computed.
    func key(of day: UInt64) -> SecretBytes { advanced(to: day).key }

    private func advanced(to target: UInt64) -> MailboxRatchet {
        let last = min(max(target, day), day + Self.mostSteps)
        var key = key
        var day = day
        while day < last {
            day += 1
            var info = ByteWriter(capacity: 32)
            info.write("sealift/1 mailbox day".utf8)
            info.write(day)
            key = KeyDerivation.hkdf(key, info: info.bytes, count: Self.keySize)
        }
        return MailboxRatchet(day: day, key: key)
    }
}

extension MailboxRatchet: CustomStringConvertible {
    /// Never the key.
    public var description: String { "<mailboxes from day \(day)>" }
}

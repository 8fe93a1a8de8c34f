import SealiftBase

/// What two ends name their mailboxes and seal their calls with (`docs/PROTOCOL.md` §10.2, §10.8): a secret
/// that lasts, or one of each day.
public struct MailboxSecret: Sendable {
    private enum Source {
        case lasting(SecretBytes)
        case daily(MailboxRatchet, dialed: DeviceID)
    }

    private let source: Source

    /// The pre-shared key itself, on all days: of a ticket, a code, and of pairs whose key has no ratchet.
    public init(lasting psk: PreSharedKey) {
        source = .lasting(psk.secret)
    }

    /// That of each day, for the way to `dialed`: what goes to one device is another secret than what goes to
    /// the other.
    public init(_ ratchet: MailboxRatchet, dialing dialed: DeviceID) {
        source = .daily(ratchet, dialed: dialed)
    }

    /// The secret in `hour` (hours since 1970): 32 bytes.
    public func secret(at hour: UInt64) -> SecretBytes {
        switch source {
        case .lasting(let secret): secret
        case .daily(let ratchet, let dialed):
            KeyDerivation.hkdf(
                ratchet.key(of: hour / 24),
                info: Array("sealift/1 mailbox dial".utf8) + dialed.value.bytes, count: 32)
        }
    }

    /// The key of the boxes with calls in `hour`.
    public func callBoxKey(at hour: UInt64) -> SecretBytes {
        KeyDerivation.hkdf(secret(at: hour), info: Array("sealift/1 call box".utf8), count: 32)
    }
}

extension MailboxSecret: CustomStringConvertible {
    /// Always `<secret>`.
    public var description: String { "<secret>" }
}

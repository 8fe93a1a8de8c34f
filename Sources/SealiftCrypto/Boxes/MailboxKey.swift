import SealiftBase

/// The key from which an end computes the names of mailboxes at a rendezvous server
/// (`docs/PROTOCOL.md` §10.2). To the server, and to everybody without the key, they are random.
public struct MailboxKey: Sendable {
    private let key: SecretBytes

    /// Derives the key from `secret`, which may serve other purposes too.
    public init(_ secret: SecretBytes) {
        key = KeyDerivation.hkdf(secret, info: Array("sealift/1 mailbox".utf8), count: 32)
    }

    /// The key of the dummies that stand beside the mailboxes of `secret` in the lists of one `device`: the
    /// same after a restart, and of no use for telling two secrets' lists, or two devices', to be of one
    /// hand.
    public init(dummiesBeside secret: SecretBytes, of device: DeviceID) {
        key = KeyDerivation.hkdf(
            secret, info: Array("sealift/1 dummy mailboxes".utf8) + device.value.bytes, count: 32)
    }

    /// The 16 bytes of the mailbox for boxes that go `direction` in `hour` (hours since 1970).
    public func name(hour: UInt64, direction: HandshakeDirection) -> [UInt8] {
        name(hour, direction.rawValue, 0)
    }

    /// The 16 bytes of a mailbox that nobody puts anything into: the same whenever asked within an
    /// hour, so that a server that compares two lists of subscriptions learns nothing.
    public func dummyName(hour: UInt64, index: UInt16) -> [UInt8] {
        name(hour, 0xFF, index)
    }

    private func name(_ hour: UInt64, _ kind: UInt8, _ index: UInt16) -> [UInt8] {
        var message = ByteWriter(capacity: 11)
        message.write(hour)
        message.write(kind)
        message.write(index)
        return message.bytes.withUnsafeBytes { KeyDerivation.shortMAC(key, $0) }
    }
}

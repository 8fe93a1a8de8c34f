public import SealiftCrypto

/// The mailboxes that a client names to a server: those it waits at, and as many that nobody uses as it
/// takes to make the number tell nothing.
public enum PaddedSubscriptions {
    /// Lists have a multiple of this many names.
    public static let step = 32

    /// The names to send, in an order that tells nothing.
    ///
    /// - Parameters:
    ///   - wanted: the mailboxes that matter; at most 128 are named.
    ///   - key: this device's own, so that the dummies are the same after each reconnect.
    ///   - hour: hours since 1970; the dummies change with it, as real names do.
    public static func list(
        wanted: Set<MailboxID>, key: MailboxKey, hour: UInt64
    ) -> [MailboxID] {
        var names = Set(wanted.sorted().prefix(ClientMessage.maximumSubscriptions))
        let steps = max(1, (names.count + step - 1) / step)
        var index: UInt16 = 0
        while names.count < steps * step {
            if let dummy = MailboxID(key.dummyName(hour: hour, index: index)) {
                names.insert(dummy)
            }
            index &+= 1
        }
        return names.sorted()
    }
}

public import SealiftBase
public import SealiftCrypto
public import SealiftPeople

extension SecretVault {
    /// A session with `device` of `identity` stood: mailboxes of days long before can be named by nothing that
    /// is kept here any more (`docs/PROTOCOL.md` §11.5). Nothing moves where the two clocks do not agree to a
    /// day: neither a clock that was set to 2099 nor a peer that lies moves anything alone.
    ///
    /// Nothing is written where the keys have moved that far already: once a day and device at most.
    /// - Parameters:
    ///   - now: what this machine's clock shows.
    ///   - peer: what the other said in the session that its clock shows.
    /// - Returns: whether a key moved.
    @discardableResult
    public func moveMailboxes(
        with device: DeviceID, of identity: IdentityID, now: WallTime, peer: WallTime
    ) throws(Failure) -> Bool {
        guard let confirmed = ClockFloor.confirmed(by: peer, now: now) else { return false }
        let day = MailboxRatchet.day(of: confirmed)
        let mayMove = try pairKeys(with: device, of: identity).contains {
            $0.mailboxes?.moved(byContactOn: day) != nil
        }
        guard mayMove else { return false }
        try change { database in
            for name in StoredPairKey.names(of: device, of: identity) {
                let kept = try self.secret(name, in: database)
                guard let moved = kept.flatMap({ PairKey(encoded: $0) })?.moved(byContactOn: day)
                else { continue }
                try self.put(moved.encoded, as: name, in: database)
            }
        }
        forgetWhatWasReplaced()
        return true
    }
}

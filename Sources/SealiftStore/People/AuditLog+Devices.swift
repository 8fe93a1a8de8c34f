import Foundation
import GRDB
public import SealiftBase
public import SealiftCrypto
import SealiftIO
public import SealiftPeople

/// The key that two devices of one user share since one brought the other (`docs/PROTOCOL.md` §11.13), and
/// where it is kept: `guest …` at who brought, `host …` at who was brought.
enum StoredLinkKey {
    static func guestName(_ device: DeviceID) -> String { "guest \(device.value.hexadecimal)" }
    static func hostName(_ device: DeviceID) -> String { "host \(device.value.hexadecimal)" }

    /// Forgets what is shared with a device that has ended.
    static func remove(_ device: DeviceID, in database: Database) throws {
        try database.execute(
            sql: "DELETE FROM secret WHERE name IN (?, ?)",
            arguments: [guestName(device), hostName(device)])
    }
}

extension SecretVault {
    /// The key shared with a device that this one brought; nil for another.
    public func linkKey(withGuest device: DeviceID) throws(Failure) -> PreSharedKey? {
        try secret(StoredLinkKey.guestName(device)).flatMap { PreSharedKey($0) }
    }

    /// The keys shared with the device that brought this one, where one of `devices` did.
    func hostKey(among devices: [DeviceID], in database: Database) throws -> PreSharedKey? {
        for device in devices {
            let found = try secret(StoredLinkKey.hostName(device), in: database)
            if let key = found.flatMap({ PreSharedKey($0) }) { return key }
        }
        return nil
    }
}

extension AuditLog {
    /// The chain has a new device from now on, and this device shares a key with it: chain, key, name and the
    /// log's entry, all of it or nothing. For a device that the chain has already only key and name are new.
    /// - Parameters:
    ///   - former: the head that `chain` goes on from, or is.
    ///   - name: what the user calls the device; nil for nothing.
    /// - Returns: false where the stored chain is another by now; nothing changed then.
    public func admit(
        _ device: DeviceID, called name: ContactName?, to chain: DeviceChain,
        from former: ChainHead, key: PreSharedKey, in vault: SecretVault
    ) throws(StoreFailure) -> Bool {
        let isNew = chain.entries.last?.head != former
        return try extend(
            to: chain, from: former, as: isNew ? "device_added" : "device_linked_again",
            device: device
        ) { database in
            try vault.put(key.secret, as: StoredLinkKey.guestName(device), in: database)
            if let name { try device.setName(name, in: database) }
        }
    }

    /// This machine becomes a device of its user: vault, device, chain, contacts, the keys for their devices
    /// and the log's entry, all of it or nothing.
    /// - Returns: false where there is an identity already; nothing changed then.
    public func join(
        _ gift: LinkSession.Gift, with device: DeviceKeyPair,
        _ protection: SecretVault.Protection, cost: PassphraseBox.Cost = .standard
    ) throws(StoreFailure) -> Bool {
        let own = device.publicKeys.id
        return try begin(
            gift.bundle.chain, of: gift.devices.identity, with: device, protection, cost,
            as: "device_joined"
        ) { vault, database in
            try vault.put(
                gift.linkKey.secret, as: StoredLinkKey.hostName(gift.host), in: database)
            for (device, name) in gift.bundle.names
            where gift.devices.devices[device] != nil {
                try device.setName(name, in: database)
            }
            for known in gift.bundle.contacts {
                try known.contact.insert(known.chain, in: database)
                for other in known.reachable {
                    let pair = StoredPairKey(
                        identity: known.contact.identity, device: other,
                        key: PairKey(told: gift.linkKey.introducing(own, to: other)))
                    try vault.put(pair, in: database)
                    try pair.setIntroduced(.first, in: database)
                }
            }
        }
    }
}

// MARK: Keys that a third device told

/// What is known of a pair's key that was not born in a session of both.
enum IntroducedKey: Int64 {
    /// The present key is what a third device told both.
    case first = 0
    /// The present key was born under it, and the other end may not have it: the one before is what was told.
    case renewed = 1
}

extension StoredPairKey {
    /// Keeps how far the key is from being born in a session of both; nil for where it is.
    /// - Parameter replaced: when it took the place of another that was told; nil for the first.
    func setIntroduced(
        _ standing: IntroducedKey?, replaced: WallTime? = nil, in database: Database
    ) throws {
        guard let standing else {
            return try database.execute(
                sql: "DELETE FROM introduced WHERE identity = ? AND device = ?",
                arguments: [identity.stored, Data(device.value.bytes)])
        }
        try database.execute(
            sql: """
                INSERT OR REPLACE INTO introduced (identity, device, renewed, replaced)
                VALUES (?, ?, ?, ?)
                """,
            arguments: [
                identity.stored, Data(device.value.bytes), standing.rawValue,
                replaced?.secondsSince1970,
            ])
    }

    /// Whether the present key is one that was told, and at `time` another that is told may take its place.
    ///
    /// Every replacement is an entry in the log, and what is told is the contact's to choose: the first goes at
    /// once, for a device that lost its state and was linked again, and one a day after that. A replacement in the
    /// future was judged by a clock that was wrong, and holds up nothing.
    fileprivate func mayBeReplaced(at time: WallTime, in database: Database) throws -> Bool {
        let row = try database.first(
            "SELECT renewed, replaced FROM introduced WHERE identity = ? AND device = ?",
            [identity.stored, Data(device.value.bytes)])
        guard let row, IntroducedKey(rawValue: try row.required("renewed")) == .first else {
            return false
        }
        guard let seconds: Int64 = try row.optional("replaced") else { return true }
        let replaced = WallTime(secondsSince1970: seconds)
        return time < replaced || time >= replaced.adding(seconds: Self.replacementStep)
    }

    /// A day, in seconds.
    private static var replacementStep: Int64 { 86_400 }
}

/// A device of a contact.
public struct ContactDevice: Hashable, Sendable {
    /// Whose it is.
    public let identity: IdentityID
    /// The device.
    public let device: DeviceID

    /// Names a device.
    public init(identity: IdentityID, device: DeviceID) {
        self.identity = identity
        self.device = device
    }
}

extension Store {
    /// The devices of contacts whose present key with this one is what a third device told (false), or was
    /// born under that and may be unknown to the other end (true).
    public func introducedKeys() throws(StoreFailure) -> [ContactDevice: Bool] {
        try read { database in
            var found: [ContactDevice: Bool] = [:]
            for row in try Row.fetchAll(database, sql: "SELECT * FROM introduced") {
                guard let identity = Hash256(row["identity"] as Data),
                    let device = Hash256(row["device"] as Data)
                else { throw StoredRow.damaged }
                let key = ContactDevice(
                    identity: IdentityID(identity), device: DeviceID(device))
                found[key] = (row["renewed"] as Int64) == IntroducedKey.renewed.rawValue
            }
            return found
        }
    }
}

extension AuditLog {
    /// A device of a contact told the key for another device of the same contact: keeps it, unless there is
    /// one that was born in a session, and logs it, both or neither. One that was told already is replaced once
    /// a day at most.
    /// - Parameters:
    ///   - own: this device, and the others that speak for its user.
    ///   - teller: the contact's device that told it.
    ///   - time: what ``ClockFloor`` says.
    public func takeIntroduction(
        of pair: StoredPairKey, by teller: DeviceID, own: DeviceID, siblings: [DeviceID],
        time: WallTime, in vault: SecretVault
    ) throws(StoreFailure) {
        let isReplacement = try change {
            database -> Result<(value: Bool, entries: [AuditEntry]), Nothing> in
            // The same is said in every session: what costs least is asked first.
            let present = try vault.secret(pair.name, in: database)
            let kept = [present, try vault.secret(pair.formerName, in: database)]
            let told = pair.key.encoded
            guard pair.device != teller,
                !kept.contains(where: { $0?.constantTimeEquals(told) == true }),
                try present == nil || pair.mayBeReplaced(at: time, in: database),
                let contact = try Contact(pair.identity, in: database, store.chains),
                contact.admission(of: pair.device) == .serve
            else { return .failure(.toStore) }
            if present == nil, let key = try vault.hostKey(among: siblings, in: database) {
                // The other may itself have been told of this device by the one that brought this one.
                let told = key.introducing(own, to: pair.device)
                try vault.put(
                    StoredPairKey(
                        identity: pair.identity, device: pair.device, key: PairKey(told: told)),
                    in: database)
            }
            try vault.put(pair, in: database)
            try pair.setIntroduced(
                .first, replaced: present == nil ? nil : time, in: database)
            return .success(
                (
                    present != nil,
                    [
                        AuditEntry(
                            .contactChanged, at: SystemWallClock.now(), peer: pair.device,
                            subject: Array(contact.name.text.utf8) + [0]
                                + Array(pair.identity.value.hexadecimal.utf8),
                            reason: "device_introduced")
                    ]
                ))
        }
        if case .success(true) = isReplacement { store.emptyWriteAheadLog() }
    }

    private enum Nothing: Error {
        case toStore
    }
}

extension SecretVault {
    /// A key was born in a session whose key a third device had told: it takes that one's place, and that one
    /// stays beside it until ``confirm(_:)``.
    /// - Parameters:
    ///   - isFormer: whether the session was opened by the key beside the present one.
    ///   - hasOpened: whether a key is the one that opened the session.
    /// - Returns: false where the key that opened the session has not that place any more, for a key
    ///   that was born in another session took it: nothing is stored then, for the other end may have
    ///   that one alone, and it must not take the new one for a key that is here.
    public func renew(
        _ pair: StoredPairKey, isFormer: Bool, hasOpened: (PairKey) -> Bool
    ) throws(Failure) -> Bool {
        var isStored = false
        try change { database in
            let used = try self.secret(isFormer ? pair.formerName : pair.name, in: database)
            guard let used, let key = PairKey(encoded: used), hasOpened(key) else { return }
            try self.put(used, as: pair.formerName, in: database)
            try self.put(pair.key.encoded, as: pair.name, in: database)
            try pair.setIntroduced(.renewed, in: database)
            isStored = true
        }
        if isStored { forgetWhatWasReplaced() }
        return isStored
    }
}

// MARK: Names, and who has seen what

extension DeviceID {
    fileprivate func setName(_ name: ContactName, in database: Database) throws {
        try database.execute(
            sql: "INSERT OR REPLACE INTO device_name (device, name) VALUES (?, ?)",
            arguments: [Data(value.bytes), name.text])
    }
}

extension Store {
    /// What the user calls his devices.
    public func deviceNames() throws(StoreFailure) -> [DeviceID: ContactName] {
        try read { database in
            let named = try database.all("SELECT device, name FROM device_name", []) { row in
                (
                    DeviceID(
                        try StoredRow.demand(
                            Hash256(try row.bytes("device", atMost: Hash256.byteCount)))),
                    try StoredRow.demand(try? ContactName(try row.required("name")))
                )
            }
            return Dictionary(named, uniquingKeysWith: { first, _ in first })
        }
    }

    /// A contact said which of this user's devices it knows of: keeps the newest.
    public func noteSeen(
        _ position: ChainPosition, by identity: IdentityID
    ) throws(StoreFailure) {
        try write { database in
            try database.execute(
                sql: """
                    INSERT INTO seen (identity, generation, sequence)
                    SELECT identity, ?2, ?3 FROM contact WHERE identity = ?1
                    ON CONFLICT (identity) DO UPDATE
                    SET generation = excluded.generation, sequence = excluded.sequence
                    WHERE (excluded.generation, excluded.sequence) > (generation, sequence)
                    """,
                arguments: [
                    identity.stored, Int64(clamping: position.generation),
                    Int64(position.sequence),
                ])
        }
    }

    /// How far each contact has said to know this user's devices.
    public func seenPositions() throws(StoreFailure) -> [IdentityID: ChainPosition] {
        try read { database in
            let seen = try database.all("SELECT * FROM seen", []) { row in
                (
                    try row.identity("identity"),
                    ChainPosition(
                        generation: try row.count("generation"),
                        sequence: UInt32(clamping: try row.count("sequence")))
                )
            }
            return Dictionary(seen, uniquingKeysWith: { first, _ in first })
        }
    }
}

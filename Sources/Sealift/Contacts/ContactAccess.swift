import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftPeople
import SealiftStore
import SealiftTransfer

/// Everything of this machine's state that sessions with contacts need.
struct ContactAccess {
    let home: StateHome
    let device: DeviceKeyPair
    let vault: SecretVault
    let own: OwnIdentity
    let store: Store
    let log: AuditLog

    /// Opens the state; asks for the passphrase where there is one.
    /// - Throws: what to do where there is no identity, or this device does not speak for it.
    init(home path: [UInt8]?, passphrase: PassphraseSource) throws(SealiftError) {
        home = try StateHome(path, passphrase: passphrase)
        own = try home.requireIdentity()
        let access = try home.access()
        guard let vault = access.vault, own.devices.isActive(access.device.publicKeys.id) else {
            throw SealiftError(
                .identityConflict, "this device does not speak for the identity any more",
                advice: "Use another device of yours.")
        }
        self.vault = vault
        device = access.device
        do throws(StoreFailure) {
            store = try Store(in: home.folder)
            log = try AuditLog(store, of: access.device)
        } catch {
            throw SealiftError(log: error)
        }
    }

    /// The keys shared with devices of contacts.
    var keys: ContactKeys { ContactKeys(vault, in: store, of: device.publicKeys.id) }

    /// The contact of this very name, with its whole chain.
    func contact(
        named name: String
    ) throws(SealiftError) -> (contact: Contact, chain: DeviceChain) {
        do throws(StoreFailure) {
            if let found = try store.contactWithChain(named: name) {
                return (found.contact, found.chain)
            }
        } catch {
            throw SealiftError(log: error)
        }
        throw SealiftError(unknownContact: name)
    }

    /// A contact's clock, told in a session with a device of theirs, may move the floor of this machine's, and
    /// with it what mailboxes of the two devices can still be named.
    func confirmClock(_ peer: WallTime, by pair: ContactPair) throws(SealiftError) {
        let now = SystemWallClock.now()
        do throws(StoreFailure) {
            _ = try log.moveClockFloor(now: now, peer: peer)
        } catch {
            throw SealiftError(log: error)
        }
        do throws(SecretVault.Failure) {
            try vault.moveMailboxes(
                with: pair.device, of: pair.identity, now: now, peer: peer)
        } catch {
            throw SealiftError(vault: error)
        }
    }

    /// The time to judge by: this machine's clock, or the floor.
    func judgedTime() throws(SealiftError) -> WallTime {
        do throws(StoreFailure) {
            return try log.moveClockFloor(now: SystemWallClock.now())
        } catch {
            throw SealiftError(log: error)
        }
    }

    /// Stores what a session with a contact showed of their devices.
    func learn(
        _ chain: DeviceChain, of contact: Contact, from device: DeviceID
    ) throws(SealiftError) {
        do throws(StoreFailure) {
            try log.learn(chain, of: contact.identity, from: device)
        } catch {
            throw SealiftError(log: error)
        }
    }

    /// A session under the present key stood: the key before it opens nothing any more.
    func confirm(_ pair: ContactPair) {
        guard !pair.isFormer, !pair.isTold else { return }
        do throws(SecretVault.Failure) {
            let keys = try vault.pairKeys(with: pair.device, of: pair.identity)
            // Another session may have put a key there since: that the other end has that one is not known.
            guard keys.count > 1, isMade(pair, of: keys[0]) else { return }
            try vault.confirm(
                StoredPairKey(identity: pair.identity, device: pair.device, key: keys[0]))
        } catch {
            // It stays beside the present one, and is tried to be removed by the next session.
        }
    }

    /// Whether the secret of `pair` is made of `key`, whichever of the two devices is dialled.
    private func isMade(_ pair: ContactPair, of key: PairKey) -> Bool {
        [pair.device, device.publicKeys.id].contains {
            key.dialing($0).secret.constantTimeEquals(pair.secret.secret)
        }
    }
}

// Devices that are introduced (`docs/PROTOCOL.md` §11.13).
extension ContactAccess {
    /// The user's other devices that this one brought, each with the key of its first session with `other`.
    func introductions(
        to other: DeviceID, _ own: OwnIdentity
    ) throws(SealiftError) -> [DeviceIntroduction] {
        var introductions: [DeviceIntroduction] = []
        for sibling in own.devices.activeDevices.map(\.keys.id)
        where sibling != device.publicKeys.id {
            do throws(SecretVault.Failure) {
                guard let key = try vault.linkKey(withGuest: sibling) else { continue }
                introductions.append(
                    DeviceIntroduction(
                        device: sibling, key: key.introducing(sibling, to: other)))
            } catch {
                throw SealiftError(vault: error)
            }
        }
        return introductions
    }

    /// Keeps what a contact's device told of another device of the same contact.
    func take(
        _ introduction: DeviceIntroduction, of contact: IdentityID, from teller: DeviceID
    ) throws(SealiftError) {
        let own = device.publicKeys.id
        let siblings = self.own.devices.activeDevices.map(\.keys.id).filter { $0 != own }
        let time = try judgedTime()
        do throws(StoreFailure) {
            try log.takeIntroduction(
                of: StoredPairKey(
                    identity: contact, device: introduction.device,
                    key: PairKey(told: introduction.key)),
                by: teller, own: own, siblings: siblings, time: time, in: vault)
        } catch {
            throw SealiftError(log: error)
        }
    }

    /// Puts the key that was born in a session in the place of the one that opened it.
    /// - Returns: false where another session put a key in its place meanwhile, and nothing was
    ///   stored: the other end must not hear that it was.
    func renew(_ pair: ContactPair, with born: PairKey) throws(SealiftError) -> Bool {
        do throws(SecretVault.Failure) {
            return try vault.renew(
                StoredPairKey(identity: pair.identity, device: pair.device, key: born),
                isFormer: pair.isFormer, hasOpened: { isMade(pair, of: $0) })
        } catch {
            throw SealiftError(vault: error)
        }
    }

    /// Keeps entries of this user's own chain that a contact's device had and this one had not.
    /// - Returns: what the user is told; nil where another session was faster, and brought as much.
    /// - Throws: also where this device does not speak for the identity by them.
    func catchUp(
        to chain: DeviceChain, from former: ChainHead, by peer: DeviceID, of contact: Contact
    ) throws(SealiftError) -> TransferWarning? {
        let before: ChainHead?
        do throws(StoreFailure) {
            before = try log.catchUp(to: chain, from: former, by: peer)
        } catch {
            throw SealiftError(log: error)
        }
        let stored = try home.requireIdentity()
        guard stored.chain.entries.contains(where: { $0.head == chain.entries.last?.head }) else {
            throw SealiftError(session: .ownChainForked, with: contact)
        }
        guard stored.devices.isActive(device.publicKeys.id) else {
            throw SealiftError(
                .identityConflict, "this device does not speak for the identity any more",
                advice: "Another device of yours ended it. Use that one.")
        }
        guard let before else { return nil }
        let gained = chain.entries.filter { $0.position > before.position }
        var changes = gained.prefix(Self.mostGainedShown).map(\.news)
        let rest = gained.count - changes.count
        if rest > 0 { changes.append("and \(rest) more") }
        let list = changes.joined(separator: "; ")
        return TransferWarning(
            "this machine was behind: \(contact.name) knew changes of your devices that it did "
                + "not. \(list). Your root signed them, and they are kept now. If you changed no "
                + "device on another machine, SEALIFT_HOME was put back to an older state, or "
                + "somebody has your recovery words: look at `sealift device list`")
    }

    private static var mostGainedShown: Int { 8 }

    /// A contact said how far it knows this user's devices. What cannot be kept is said again next time.
    func noteSeen(_ position: ChainPosition?, by contact: IdentityID) {
        guard let position else { return }
        try? store.noteSeen(position, by: contact)
    }
}

extension ChainEntry {
    /// What it says, to be shown.
    fileprivate var news: String {
        let place = "entry \(position.sequence)"
        return switch act {
        case .genesis(_, let device), .recover(_, let device):
            "\(place) begins with device \(device.keys.id.fingerprint)"
        case .add(let device): "\(place) adds device \(device.keys.id.fingerprint)"
        case .revoke(let device, _): "\(place) ends device \(device.fingerprint)"
        case .rotate(let device, let new):
            "\(place) ends device \(device.fingerprint) for \(new.keys.id.fingerprint)"
        }
    }
}

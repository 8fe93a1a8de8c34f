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
    var keys: ContactKeys { ContactKeys(vault, of: device.publicKeys.id) }

    /// The contact of this very name, with its whole chain.
    func contact(
        named name: String
    ) throws(SealiftError) -> (contact: Contact, chain: DeviceChain) {
        do throws(StoreFailure) {
            if let contact = try store.contacts().contact(named: name),
                let found = try store.contactWithChain(contact.identity)
            {
                return (found.contact, found.chain)
            }
        } catch {
            throw SealiftError(log: error)
        }
        throw SealiftError(unknownContact: name)
    }

    /// A contact's clock, told in a session, may move the floor of this machine's.
    func confirmClock(_ peer: WallTime) throws(SealiftError) {
        do throws(StoreFailure) {
            _ = try log.moveClockFloor(now: SystemWallClock.now(), peer: peer)
        } catch {
            throw SealiftError(log: error)
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
        guard !pair.isFormer else { return }
        do throws(SecretVault.Failure) {
            let keys = try vault.pairKeys(with: pair.device, of: pair.identity)
            guard keys.count > 1 else { return }
            try vault.confirm(
                StoredPairKey(identity: pair.identity, device: pair.device, key: keys[0]))
        } catch {
            // It stays beside the present one, and is tried to be removed by the next session.
        }
    }
}

import SealiftBase
import SealiftCrypto
import SealiftPeople
import SealiftStore
import SealiftTransfer

/// The keys that this device shares with devices of contacts, as they are dialled with.
///
/// Closed by construction: who is blocked, must pair again or has ended has no key here, so nothing of
/// theirs is answered, and nobody of them is dialled.
struct ContactKeys {
    private let vault: SecretVault
    private let store: Store
    private let own: DeviceID

    init(_ vault: SecretVault, in store: Store, of own: DeviceID) {
        self.vault = vault
        self.store = store
        self.own = own
    }

    /// What devices of everybody in `book` dial this one with.
    func incoming(_ book: ContactBook) throws(SealiftError) -> [ContactPair] {
        let told = try told()
        var pairs: [ContactPair] = []
        for contact in book.contacts.values {
            pairs += try self.pairs(with: contact, told) { _ in own }
        }
        return pairs
    }

    /// What this device dials each device of `contact` with: present keys first, those before them last.
    func outgoing(_ contact: Contact) throws(SealiftError) -> [ContactPair] {
        let pairs = try pairs(with: contact, told()) { $0 }
        return pairs.filter { !$0.isFormer } + pairs.filter(\.isFormer)
    }

    /// The keys that third devices told, and whether one was born under each.
    private func told() throws(SealiftError) -> [ContactDevice: Bool] {
        do throws(StoreFailure) { return try store.introducedKeys() } catch {
            throw SealiftError(log: error)
        }
    }

    private func pairs(
        with contact: Contact, _ told: [ContactDevice: Bool],
        towards target: (DeviceID) -> DeviceID
    ) throws(SealiftError) -> [ContactPair] {
        var pairs: [ContactPair] = []
        for device in contact.devices.activeDevices.map(\.keys.id)
        where contact.admission(of: device) == .serve {
            let keys: [PairKey]
            do throws(SecretVault.Failure) {
                keys = try vault.pairKeys(with: device, of: contact.identity)
            } catch {
                throw SealiftError(vault: error)
            }
            let isRenewed = told[ContactDevice(identity: contact.identity, device: device)]
            for (index, key) in keys.enumerated() {
                let isFormer = index > 0
                pairs.append(
                    ContactPair(
                        identity: contact.identity, device: device,
                        key: key, dialing: target(device), isFormer: isFormer,
                        isTold: isRenewed.map { !$0 || isFormer } ?? false))
            }
        }
        return pairs
    }
}

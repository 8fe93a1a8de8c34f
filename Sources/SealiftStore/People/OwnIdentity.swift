import Foundation
import GRDB
import SealiftBase
public import SealiftCrypto
import SealiftIO
public import SealiftPeople

/// Who this machine's user is, as the store keeps it (`docs/PROTOCOL.md` §11.9): the chain, and nothing
/// secret.
public struct OwnIdentity: Sendable {
    /// The whole chain of the present generation, to be shown to contacts.
    public let chain: DeviceChain
    /// The same, verified.
    public let devices: ChainView

    /// The identity.
    public var id: IdentityID { devices.identity }

    /// Verifies `chain`.
    /// - Throws: ``ChainError``.
    public init(_ chain: DeviceChain, of identity: IdentityID) throws(ChainError) {
        devices = try ChainView(verifying: chain, of: identity)
        self.chain = chain
    }
}

extension Store {
    /// The user's identity; nil before there is one.
    public func identity() throws(StoreFailure) -> OwnIdentity? {
        let row = try read { database in
            try Row.fetchOne(database, sql: "SELECT id, chain FROM identity").map {
                (id: $0["id"] as Data, chain: $0["chain"] as Data)
            }
        }
        guard let row else { return nil }
        guard let id = Hash256(row.id), let chain = DeviceChain(stored: row.chain),
            let identity = try? OwnIdentity(chain, of: IdentityID(id))
        else { throw .damaged("this machine's own identity cannot be read") }
        return identity
    }
}

extension SecretVault {
    /// The name of the device's keys in the vault.
    public static let deviceName = "device"

    /// The device's keys; nil where the vault does not hold them.
    public func device() throws(Failure) -> DeviceKeyPair? {
        guard let encoding = try secret(Self.deviceName) else { return nil }
        guard let device = try? DeviceKeyPair(secretEncoding: encoding) else { throw .damaged }
        return device
    }

    /// Whether the vault in `store` holds the device's keys.
    public static func holdsDevice(in store: Store) throws(StoreFailure) -> Bool {
        try store.read {
            try Row.fetchOne(
                $0, sql: "SELECT 1 FROM secret WHERE name = ?", arguments: [deviceName]) != nil
        }
    }
}

extension AuditLog {
    /// Begins an identity on this machine: the vault, the device's keys in it, the chain and the log's
    /// entry, all of it or nothing.
    /// - Parameters:
    ///   - device: this machine's keys, which the chain names.
    ///   - protection: what keeps the vault from now on.
    /// - Returns: false where there is an identity already; nothing changed then.
    public func begin(
        _ chain: DeviceChain, of identity: IdentityID, with device: DeviceKeyPair,
        _ protection: SecretVault.Protection, cost: PassphraseBox.Cost = .standard
    ) throws(StoreFailure) -> Bool {
        try begin(chain, of: identity, with: device, protection, cost, as: "identity_begun") {
            _, _ in
        }
    }

    /// The same for every way to an identity.
    /// - Parameters:
    ///   - word: what the log says that was done.
    ///   - also: what else belongs to the transaction, with the new vault.
    func begin(
        _ chain: DeviceChain, of identity: IdentityID, with device: DeviceKeyPair,
        _ protection: SecretVault.Protection, _ cost: PassphraseBox.Cost, as word: String,
        also: (SecretVault, Database) throws -> Void
    ) throws(StoreFailure) -> Bool {
        do throws(StoreFailure) {
            try append { database in
                guard try Row.fetchOne(database, sql: "SELECT 1 FROM identity") == nil else {
                    throw IdentityExists()
                }
                let vault = try SecretVault.create(in: self.store, protection, cost: cost, database)
                try vault.put(device.secretEncoding, as: SecretVault.deviceName, in: database)
                try database.execute(
                    sql: "INSERT INTO identity (number, id, chain) VALUES (1, ?, ?)",
                    arguments: [Data(identity.value.bytes), Data(chain.encoded)])
                try also(vault, database)
                return AuditEntry(
                    .keyChanged, at: SystemWallClock.now(), peer: device.publicKeys.id,
                    decision: .user, subject: Array(identity.short.text.utf8),
                    reason: word)
            }
            return true
        } catch .failed(IdentityExists.words) {
            return false
        }
    }

    /// What undoes the transaction where there is an identity.
    private struct IdentityExists: Error, CustomStringConvertible {
        static let words = "there is an identity"
        var description: String { Self.words }
    }
}

extension DeviceChain {
    /// Reads a chain from the database.
    init?(stored bytes: Data) {
        let chain = Array(bytes).withUnsafeBytes { DeviceChain(decoding: $0) }
        guard let chain else { return nil }
        self = chain
    }
}

import Foundation
import GRDB
public import SealiftCrypto
import SealiftPeople

/// The secrets of this machine, each sealed under one vault key, in the store's database
/// (`docs/PROTOCOL.md` §12.5).
///
/// The vault key itself is sealed under a passphrase, so that who takes the disk has nothing; or, where
/// the user says so (a server that starts unattended), it lies there for whoever may read the file.
public final class SecretVault: Sendable {
    /// What keeps the vault key.
    public enum Protection: Sendable {
        /// A passphrase, through scrypt.
        case passphrase(SecretBytes)
        /// The modes of folder and file alone.
        case fileMode
    }

    /// Why a vault did not open or answer.
    public enum Failure: Error, Equatable, Sendable {
        /// The vault has a passphrase, and none was given.
        case passphraseNeeded
        /// The passphrase is another.
        case passphraseWrong
        /// The vault, or a secret in it, was altered.
        case damaged
        /// The database it lies in failed.
        case store(StoreFailure)
    }

    private enum Form: UInt8 {
        case fileMode = 0
        case passphrase = 1
    }

    private static let keySize = 32

    private let store: Store
    private let key: SecretBytes

    private init(_ store: Store, _ key: SecretBytes) {
        self.store = store
        self.key = key
    }

    /// Opens the vault in `store`, and makes it, with this protection, where there is none.
    public static func open(
        in store: Store, _ protection: Protection, cost: PassphraseBox.Cost = .standard
    ) throws(Failure) -> SecretVault {
        if let bytes = try stored(in: store) {
            return SecretVault(store, try unlock(bytes, protection))
        }
        var entropy = SystemEntropy()
        let key = SecretBytes(count: keySize, entropy: &entropy)
        let bytes = try lock(key, protection, cost)
        let isNew = try Self.wrap { () throws(StoreFailure) in
            try store.write { database in
                try database.execute(
                    sql: "INSERT INTO vault (number, bytes) VALUES (1, ?) ON CONFLICT DO NOTHING",
                    arguments: [Data(bytes)])
                return database.changesCount == 1
            }
        }
        // Another process may have been faster.
        guard isNew else { return try open(in: store, protection, cost: cost) }
        return SecretVault(store, key)
    }

    /// Whether the vault in `store` wants a passphrase; nil where there is no vault.
    public static func needsPassphrase(in store: Store) throws(Failure) -> Bool? {
        try stored(in: store).map { $0.first == Form.passphrase.rawValue }
    }

    /// Seals the vault key anew: the passphrase before opens nothing afterwards.
    public func change(
        to protection: Protection, cost: PassphraseBox.Cost = .standard
    ) throws(Failure) {
        let bytes = try Self.lock(key, protection, cost)
        try Self.wrap { () throws(StoreFailure) in
            try store.write {
                try $0.execute(sql: "UPDATE vault SET bytes = ?", arguments: [Data(bytes)])
            }
        }
        forgetWhatWasReplaced()
    }

    /// Keeps `secret` under `name`, in place of what was there.
    public func put(_ secret: SecretBytes, as name: String) throws(Failure) {
        try Self.wrap { () throws(StoreFailure) in
            try store.write { try put(secret, as: name, in: $0) }
        }
    }

    /// The same within a transaction of the caller's.
    func put(_ secret: SecretBytes, as name: String, in database: Database) throws {
        var entropy = SystemEntropy()
        guard
            let box = SecretBox.seal(
                secret, key: key, purpose: Array(name.utf8), entropy: &entropy)
        else { throw StoreFailure.failed("a secret could not be sealed") }
        try database.execute(
            sql: "INSERT OR REPLACE INTO secret (name, bytes) VALUES (?, ?)",
            arguments: [name, Data(box)])
    }

    /// The secret called `name` within a transaction of the caller's; nil where there is none, or it was
    /// altered.
    func secret(_ name: String, in database: Database) throws -> SecretBytes? {
        try Data.fetchOne(
            database, sql: "SELECT bytes FROM secret WHERE name = ?", arguments: [name]
        ).flatMap { SecretBox.open(Array($0), key: key, purpose: Array(name.utf8)) }
    }

    /// Makes a vault within a transaction of the caller's. Fails where there is one.
    static func create(
        in store: Store, _ protection: Protection, cost: PassphraseBox.Cost, _ database: Database
    ) throws -> SecretVault {
        var entropy = SystemEntropy()
        let key = SecretBytes(count: keySize, entropy: &entropy)
        let bytes = try lock(key, protection, cost)
        try database.execute(
            sql: "INSERT INTO vault (number, bytes) VALUES (1, ?)", arguments: [Data(bytes)])
        return SecretVault(store, key)
    }

    /// The secret called `name`; nil where there is none.
    public func secret(_ name: String) throws(Failure) -> SecretBytes? {
        let box = try Self.wrap { () throws(StoreFailure) in
            try store.read {
                try Data.fetchOne(
                    $0, sql: "SELECT bytes FROM secret WHERE name = ?", arguments: [name])
            }
        }
        guard let box else { return nil }
        guard let secret = SecretBox.open(Array(box), key: key, purpose: Array(name.utf8)) else {
            throw .damaged
        }
        return secret
    }

    /// Forgets the secret called `name`; its bytes are overwritten in the database, and go from the write-ahead log.
    public func remove(_ name: String) throws(Failure) {
        try change { database in
            try database.execute(sql: "DELETE FROM secret WHERE name = ?", arguments: [name])
        }
        forgetWhatWasReplaced()
    }

    /// Changes several secrets, all or none.
    func change(_ body: (Database) throws -> Void) throws(Failure) {
        try Self.wrap { () throws(StoreFailure) in try store.write(body) }
    }

    /// The other end has the present key of `pair` too: the one before goes, and it counts as born in a session
    /// of both from then on. Nothing goes where the present one is another by now: of that nothing is known.
    func forget(former pair: StoredPairKey) throws(Failure) {
        try change { database in
            let present = try self.secret(pair.name, in: database).flatMap(PairKey.init(encoded:))
            guard present?.opensTheSame(as: pair.key) == true else { return }
            try database.execute(
                sql: "DELETE FROM secret WHERE name = ?", arguments: [pair.formerName])
            try pair.setIntroduced(nil, in: database)
        }
        forgetWhatWasReplaced()
    }

    /// Removes what was replaced from the write-ahead log too: there it would stay, sealed, for as long as any
    /// process has the database open. One that reads at this moment keeps it for the next time.
    func forgetWhatWasReplaced() { store.emptyWriteAheadLog() }

    private static func stored(in store: Store) throws(Failure) -> [UInt8]? {
        try wrap { () throws(StoreFailure) in
            try store.read { try Data.fetchOne($0, sql: "SELECT bytes FROM vault").map(Array.init) }
        }
    }

    private static func lock(
        _ key: SecretBytes, _ protection: Protection, _ cost: PassphraseBox.Cost
    ) throws(Failure) -> [UInt8] {
        switch protection {
        case .fileMode:
            return [Form.fileMode.rawValue] + key.withUnsafeBytes { Array($0) }
        case .passphrase(let passphrase):
            var entropy = SystemEntropy()
            guard
                let box = PassphraseBox.seal(
                    key, passphrase: passphrase, cost: cost, entropy: &entropy)
            else { throw .damaged }
            return [Form.passphrase.rawValue] + box
        }
    }

    private static func unlock(
        _ bytes: [UInt8], _ protection: Protection
    ) throws(Failure) -> SecretBytes {
        let key: SecretBytes?
        switch (bytes.first.flatMap(Form.init), protection) {
        case (.fileMode, _): key = SecretBytes(copying: bytes.dropFirst())
        case (.passphrase, .fileMode): throw .passphraseNeeded
        case (.passphrase, .passphrase(let passphrase)):
            key = PassphraseBox.open(Array(bytes.dropFirst()), passphrase: passphrase)
            if key == nil { throw .passphraseWrong }
        case (nil, _): key = nil
        }
        guard let key, key.count == keySize else { throw .damaged }
        return key
    }

    private static func wrap<Value>(
        _ body: () throws(StoreFailure) -> Value
    ) throws(Failure) -> Value {
        do throws(StoreFailure) { return try body() } catch { throw .store(error) }
    }
}

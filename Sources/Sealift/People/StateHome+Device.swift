import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftStore

// The device's keys (`docs/PROTOCOL.md` §9.2). Before there is an identity they lie in a file of their
// own; afterwards in the vault, and the file says so: an older sealift then refuses the home instead of
// becoming a new device.

/// What this machine's device needs for a run.
struct DeviceAccess {
    /// The device's keys.
    let device: DeviceKeyPair
    /// What holds its secrets; nil before there is an identity.
    let vault: SecretVault?
}

extension StateHome {
    private static let deviceRecord = "device.key"
    private static let deviceMagic = Array("SLK1".utf8)
    private static let markerMagic = Array("SLK2".utf8)
    private static let deviceChecksumLabel = Array("sealift/1 device key".utf8)
    private static let checksumSize = 4

    private enum Record {
        /// The keys themselves.
        case keys(DeviceKeyPair)
        /// The vault holds the keys of this device.
        case inVault(DevicePublicKeys)
    }

    /// The device's keys, made on first use.
    func device() throws(SealiftError) -> DeviceKeyPair { try access().device }

    /// The device's public keys, for which nobody needs a passphrase.
    func publicKeys() throws(SealiftError) -> DevicePublicKeys {
        switch try deviceRecord() {
        case .keys(let device): device.publicKeys
        case .inVault(let keys): keys
        }
    }

    /// The device's keys and the vault that holds them.
    func access() throws(SealiftError) -> DeviceAccess {
        switch try deviceRecord() {
        case .keys(let device):
            // A process that was killed when it had put the keys into the vault left them here too.
            guard try holdsDatabase(), try vaultHoldsDevice() else {
                return DeviceAccess(device: device, vault: nil)
            }
            let vault = try openVault()
            try moveToVault(device)
            return DeviceAccess(device: device, vault: vault)
        case .inVault(let keys):
            let vault = try openVault()
            let held: DeviceKeyPair?
            do throws(SecretVault.Failure) { held = try vault.device() } catch {
                throw SealiftError(vault: error)
            }
            guard let held, held.publicKeys == keys else { throw Self.unreadable }
            return DeviceAccess(device: held, vault: vault)
        }
    }

    /// Puts the mark in the place of the keys, which the vault holds by now, and overwrites them.
    func moveToVault(_ device: DeviceKeyPair) throws(SealiftError) {
        do throws(SystemError) {
            try folder.withLock { () throws(SystemError) in
                let former = try? folder.directory.openFile(
                    Array(Self.deviceRecord.utf8), for: .updating)
                let size = try former?.status().size ?? 0
                try folder.writeRecord(Self.deviceRecord, Self.encode(marking: device.publicKeys))
                // What a file system with snapshots, or a disk that moves blocks, keeps of it nobody
                // can overwrite.
                try former?.write([UInt8](repeating: 0, count: Int(min(size, 4_096))), at: 0)
                try former?.sync()
            }
        } catch {
            throw SealiftError(home: error)
        }
    }

    // MARK: The vault

    /// The store in this home.
    func store() throws(SealiftError) -> Store {
        do throws(StoreFailure) { return try Store(in: folder) } catch {
            throw SealiftError(log: error)
        }
    }

    /// Opens the vault, with the passphrase where it has one.
    private func openVault() throws(SealiftError) -> SecretVault {
        let store = try store()
        let needsPassphrase: Bool?
        do throws(SecretVault.Failure) {
            needsPassphrase = try SecretVault.needsPassphrase(in: store)
            if needsPassphrase == false { return try SecretVault.open(in: store, .fileMode) }
        } catch {
            throw SealiftError(vault: error)
        }
        guard needsPassphrase != nil else { throw SealiftError(vault: .damaged) }
        var refusal = SecretVault.Failure.passphraseNeeded
        for attempt in 0..<PassphraseSource.tries {
            guard let given = try passphrase.obtain(isRetry: attempt > 0) else { break }
            do throws(SecretVault.Failure) {
                return try SecretVault.open(in: store, .passphrase(given.secret))
            } catch {
                guard error == .passphraseWrong else { throw SealiftError(vault: error) }
                refusal = error
            }
        }
        throw SealiftError(vault: refusal)
    }

    /// Whether there is a database: a home without one has no vault, and gets none by being looked at.
    private func holdsDatabase() throws(SealiftError) -> Bool {
        do throws(SystemError) {
            return try !folder.records(prefix: Store.recordName).isEmpty
        } catch {
            throw SealiftError(home: error)
        }
    }

    private func vaultHoldsDevice() throws(SealiftError) -> Bool {
        do throws(StoreFailure) {
            return try SecretVault.holdsDevice(in: Store(in: folder))
        } catch {
            throw SealiftError(log: error)
        }
    }

    // MARK: The record

    private func deviceRecord() throws(SealiftError) -> Record {
        let result: Result<Record, SealiftError>
        do throws(SystemError) {
            result = try folder.withLock {
                () throws(SystemError) -> Result<Record, SealiftError> in
                try folder.removeUnfinishedRecords()
                if let bytes = try folder.readRecord(Self.deviceRecord) {
                    return Self.decode(bytes).map { .success($0) } ?? .failure(Self.unreadable)
                }
                var entropy = SealiftCrypto.SystemEntropy()
                let device = DeviceKeyPair.generate(entropy: &entropy)
                try folder.writeRecord(Self.deviceRecord, Self.encode(device))
                return .success(.keys(device))
            }
        } catch {
            throw SealiftError(home: error)
        }
        return try result.get()
    }

    private static func encode(_ device: DeviceKeyPair) -> [UInt8] {
        device.secretEncoding.withUnsafeBytes { checked(deviceMagic + Array($0)) }
    }

    private static func encode(marking keys: DevicePublicKeys) -> [UInt8] {
        checked(markerMagic + keys.agreement + keys.signing)
    }

    private static func checked(_ body: [UInt8]) -> [UInt8] {
        body + SHA256Digest.hash(deviceChecksumLabel + body).bytes.prefix(checksumSize)
    }

    private static func decode(_ bytes: [UInt8]) -> Record? {
        let body = Array(bytes.dropLast(checksumSize))
        guard body.count == deviceMagic.count + DeviceKeyPair.secretEncodingSize,
            checked(body) == bytes
        else { return nil }
        let keys = body.dropFirst(deviceMagic.count)
        if body.starts(with: deviceMagic) {
            return (try? DeviceKeyPair(secretEncoding: SecretBytes(copying: keys))).map {
                .keys($0)
            }
        }
        guard body.starts(with: markerMagic) else { return nil }
        return DevicePublicKeys(
            agreement: Array(keys.prefix(32)), signing: Array(keys.suffix(32))
        ).map { .inVault($0) }
    }

    private static var unreadable: SealiftError {
        SealiftError(
            .homeUnusable, "the device key cannot be read",
            advice: "Restore \(deviceRecord) from a backup, or remove it to become a new "
                + "device; tickets issued before stop working.")
    }
}

extension SealiftError {
    /// The vault did not open.
    init(vault failure: SecretVault.Failure) {
        switch failure {
        case .passphraseNeeded:
            self.init(
                .passphraseNeeded, "the secrets of this machine are under a passphrase",
                advice: "Run it on a terminal, or name a file that holds the passphrase by "
                    + "SEALIFT_PASSPHRASE_FILE.")
        case .passphraseWrong:
            self.init(
                .passphraseWrong, "the passphrase is another",
                advice: "Run the same command again. Without it nothing opens the secrets; the "
                    + "recovery words still are your identity.")
        case .damaged:
            self.init(
                .homeUnusable, "the secrets in SEALIFT_HOME were altered or damaged",
                advice: "Put sealift.db back from a backup.")
        case .store(let failure):
            self.init(log: failure)
        }
    }
}

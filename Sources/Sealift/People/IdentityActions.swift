import SealiftCrypto
import SealiftIO
public import SealiftPeople
import SealiftStore

/// A device of somebody, as people compare and read it.
public struct DeviceSummary: Equatable, Sendable {
    /// 32 hexadecimal digits.
    public var fingerprint: String
    /// Whether it is the machine that this runs on.
    public var isThis: Bool
    /// Whether it speaks for its identity.
    public var isActive: Bool
}

/// Who the user of this machine is.
public struct IdentitySummary: Sendable {
    /// What keeps the secrets of this machine.
    public enum Protection: String, Sendable {
        /// A passphrase.
        case passphrase
        /// The modes of folder and file alone.
        case fileMode = "file_mode"
    }

    /// The identity.
    public var id: IdentityID
    /// Its devices, oldest first.
    public var devices: [DeviceSummary]
    /// What keeps the secrets of this machine.
    public var protection: Protection
}

/// New recovery words: whoever has them is the identity that they begin.
public func newRecoveryWords() -> RecoveryWords {
    var entropy = SealiftCrypto.SystemEntropy()
    return RecoveryWords.generate(entropy: &entropy)
}

/// Who the user of this machine is; nil before there is an identity. Needs no passphrase.
public func readIdentity(home: [UInt8]?) throws(SealiftError) -> IdentitySummary? {
    let home = try StateHome(home)
    guard let identity = try home.identity() else { return nil }
    return try home.summary(of: identity)
}

/// Begins an identity with this machine as its first device. The root keys exist for the time of this
/// call.
/// - Parameters:
///   - words: shown to the user, and confirmed, before.
///   - passphrase: keeps the secrets of this machine from now on; nil leaves that to the modes of folder
///     and file.
/// - Throws: where there is an identity already, and nothing changed.
public func beginIdentity(
    _ words: RecoveryWords, home: [UInt8]?, passphrase: Passphrase?
) throws(SealiftError) -> IdentitySummary {
    let home = try StateHome(home)
    let device = try home.device()
    let chain: DeviceChain
    do throws(ChainError) {
        chain = try ChainAuthor(
            beginning: words.rootKey, with: device, time: SystemWallClock.now()
        ).chain
    } catch {
        throw SealiftError(
            .internalFailure, "the first entry of the device chain could not be signed",
            advice: "Run the same command again; nothing was changed.")
    }
    let isNew: Bool
    do throws(StoreFailure) {
        isNew = try AuditLog(Store(in: home.folder), of: device).begin(
            chain, of: chain.entries[0].identity, with: device,
            passphrase.map { .passphrase($0.secret) } ?? .fileMode)
    } catch {
        throw SealiftError(log: error)
    }
    guard isNew, let identity = try home.identity() else {
        throw SealiftError(
            .identityConflict, "there is an identity on this machine already",
            advice: "The words just shown belong to nothing: throw them away.")
    }
    try home.moveToVault(device)
    return try home.summary(of: identity)
}

extension StateHome {
    /// The user's identity; nil before there is one.
    func identity() throws(SealiftError) -> OwnIdentity? {
        do throws(StoreFailure) { return try Store(in: folder).identity() } catch {
            throw SealiftError(log: error)
        }
    }

    /// The user's identity.
    /// - Throws: what to do where there is none.
    func requireIdentity() throws(SealiftError) -> OwnIdentity {
        guard let identity = try identity() else {
            throw SealiftError(
                .identityMissing, "there is no identity on this machine yet",
                advice: "Run `sealift id` on a terminal: it makes one.")
        }
        return identity
    }

    func summary(of identity: OwnIdentity) throws(SealiftError) -> IdentitySummary {
        let own = try publicKeys().id
        let store = try store()
        let isLocked: Bool?
        do throws(SecretVault.Failure) {
            isLocked = try SecretVault.needsPassphrase(in: store)
        } catch {
            throw SealiftError(vault: error)
        }
        return IdentitySummary(
            id: identity.id, devices: DeviceSummary.list(identity.devices, own: own),
            protection: isLocked == true ? .passphrase : .fileMode)
    }
}

extension DeviceSummary {
    /// The devices of `view`, oldest first.
    static func list(_ view: ChainView, own: DeviceID? = nil) -> [DeviceSummary] {
        view.devices.values.sorted { $0.since < $1.since }.map { device in
            DeviceSummary(
                fingerprint: device.keys.id.fingerprint.description,
                isThis: device.keys.id == own, isActive: device.ended == nil)
        }
    }
}

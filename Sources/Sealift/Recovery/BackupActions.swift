import Glibc
public import SealiftBase
import SealiftCrypto
import SealiftIO
public import SealiftPeople
import SealiftStore

/// What opens a backup.
public enum BackupLock: Sendable {
    /// A passphrase.
    case passphrase(Passphrase)
    /// The recovery words of the identity in it.
    case words(RecoveryWords)
}

/// What a backup holds.
public struct BackupSummary: Equatable, Sendable {
    /// Whose it is.
    public var identity: IdentityID
    /// When it was made, by the clock of the machine that made it.
    public var time: WallTime
    /// How many contacts are in it.
    public var contacts: Int
    /// The size of the file, in bytes.
    public var byteCount: UInt64
}

/// Refuses, before anybody is asked for anything, to write a backup where it cannot be.
public func checkBackup(to path: [UInt8], home: [UInt8]?) throws(SealiftError) {
    _ = try StateHome(home).requireIdentity()
    do throws(SystemError) {
        let (directory, name) = try TicketFile.place(of: path)
        guard try directory.statusIfPresent(of: name) != nil else { return }
    } catch {
        throw SealiftError(backupFile: error)
    }
    throw SealiftError(backupExists: path)
}

/// Writes everything that this home remembers, but no secret, into the new file `path` (0600), sealed.
/// Other processes may use the home meanwhile. Needs no passphrase of the home's.
/// - Throws: why there is no backup; `path` is then as it was.
public func writeBackup(
    to path: [UInt8], lock: BackupLock, home: [UInt8]?
) throws(SealiftError) -> BackupSummary {
    let home = try StateHome(home)
    let identity = try home.requireIdentity()
    if case .words(let words) = lock { try words.demand(identity.id) }
    let device = try home.publicKeys()
    let store = try home.store()
    let contacts: Int
    let head: LogCheckpoint?
    let copy: BackupCopy
    do throws(StoreFailure) {
        // The head first: the copy then reaches it.
        head = try store.keptHead()
        contacts = try store.contacts().contacts.count
        copy = try store.copyWithoutSecrets()
    } catch {
        throw SealiftError(backup: error)
    }
    defer { copy.remove() }
    var entropy = SealiftCrypto.SystemEntropy()
    let made: (header: BackupHeader, key: SecretBytes)? =
        switch lock {
        case .passphrase(let passphrase):
            BackupHeader.make(under: passphrase.secret, entropy: &entropy)
        case .words(let words): BackupHeader.make(under: words, entropy: &entropy)
        }
    guard let made else { throw SealiftError(backupLibrary: "seal") }
    let time = SystemWallClock.now()
    do throws(SystemError) {
        let database = try copy.open()
        guard
            let preface = BackupPreface(
                time: time, identity: identity.id, device: device, head: head,
                databaseLength: try database.status().size)
        else { throw SystemError(code: EFBIG, operation: "back up") }
        let byteCount = try BackupFile.write(
            to: path, made.header, key: made.key, preface, database)
        return BackupSummary(
            identity: identity.id, time: time, contacts: contacts, byteCount: byteCount)
    } catch  where error.code == EEXIST {
        throw SealiftError(backupExists: path)
    } catch {
        throw SealiftError(backupFile: error)
    }
}

extension RecoveryWords {
    /// Refuses words that begin another identity.
    func demand(_ identity: IdentityID) throws(SealiftError) {
        guard IdentityID(of: rootKey.publicKey) == identity else {
            throw SealiftError(
                .wordsWrong, "these are the recovery words of another identity",
                advice: "Take the words that were shown when \(identity.short.text) was made.")
        }
    }
}

extension SealiftError {
    init(backupExists path: [UInt8]) {
        self.init(
            .destinationExists, "\(PrintableText.escape(path)) exists already",
            advice: "Choose another name: a backup never replaces a file.")
    }

    /// The file of a backup could not be written or read.
    init(backupFile error: SystemError) {
        if error.isMissing {
            self.init(
                .sourceNotFound, "there is no such file or folder", advice: "Check the path.",
                cause: "\(error)")
        } else if error.isOutOfSpace {
            self.init(
                .diskFull, "the disk or the quota is full",
                advice: "Make room, or choose another place; nothing was left behind.",
                cause: "\(error)")
        } else {
            self.init(
                .storageFailed, "the file of the backup cannot be used",
                advice: "Look at the cause, or choose another place.", cause: "\(error)")
        }
    }

    /// The store failed while a backup was made or taken over.
    init(backup failure: StoreFailure) {
        guard failure == .busy else {
            self.init(log: failure)
            return
        }
        self.init(
            .alreadyRunning, "another sealift makes or restores a backup of this home",
            advice: "Wait for its end, then run the same command again.")
    }

    init(backupLibrary verb: String) {
        self.init(
            .internalFailure, "the library did not \(verb) the backup",
            advice: "Run the same command again; nothing was changed.")
    }
}

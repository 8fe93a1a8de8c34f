import SealiftBase
import SealiftCrypto
import SealiftIO
public import SealiftPeople
import SealiftStore

/// How an identity is brought back on this machine.
public struct RestoreOptions: Sendable {
    /// The identity.
    public var words: RecoveryWords
    /// Keeps the secrets of this machine from now on; nil leaves that to the modes of folder and file.
    public var passphrase: Passphrase?
    /// A file that `sealift backup` wrote; nil for the identity alone.
    public var backup: [UInt8]?
    /// Where the passphrase of the backup comes from, where it has one.
    public var backupPassphrase = PassphraseSource.none
    /// The folder of sealift's own state, or nil for the default.
    public var home: [UInt8]?

    /// Makes options for the identity alone.
    public init(words: RecoveryWords, passphrase: Passphrase?) {
        self.words = words
        self.passphrase = passphrase
    }
}

/// What was brought back.
public struct RestoreSummary: Sendable {
    /// Who the user is again, with this machine as the only device.
    public var identity: IdentitySummary
    /// The generation of the recovery: contacts that hold a higher one refuse it.
    public var generation: UInt64
    /// What came from the backup; nil without one.
    public var backup: BackupSummary?
}

/// Refuses, before anybody is asked for anything, to restore where an identity lives.
public func checkRestore(home: [UInt8]?) throws(SealiftError) {
    guard try StateHome(home).identity() == nil else { throw .identityLives }
}

/// Whether the backup `path` is opened by a passphrase of its own.
/// - Throws: why the file is no backup.
public func backupNeedsPassphrase(_ path: [UInt8]) throws(SealiftError) -> Bool {
    try BackupFile.Reading(path).header.form == .passphrase
}

/// Brings an identity back: a recovery of a higher generation, with this machine as its only device. Every
/// device before it has ended. All of it or nothing.
public func restoreIdentity(_ options: RestoreOptions) throws(SealiftError) -> RestoreSummary {
    try checkRestore(home: options.home)
    let home = try StateHome(options.home)
    let root = options.words.rootKey
    let identity = IdentityID(of: root.publicKey)
    guard let path = options.backup else {
        return try recover(root, identity, nil, nil, options, home)
    }
    let reading = try BackupFile.Reading(path)
    let key = try options.key(of: reading.header)
    let copy: BackupCopy
    do throws(StoreFailure) { copy = try BackupCopy(in: home.folder) } catch {
        throw SealiftError(backup: error)
    }
    defer { copy.remove() }
    let preface = try reading.copyDatabase(under: key) { () throws(SystemError) in
        try copy.create()
    } judge: { preface throws(SealiftError) in
        try options.words.demand(preface.identity)
    }
    let database: BackupDatabase
    do throws(StoreFailure) { database = try BackupDatabase(copy, preface) } catch {
        throw SealiftError(takingOver: error)
    }
    return try recover(root, identity, database, preface, options, home)
}

private func recover(
    _ root: HybridSigningKey, _ identity: IdentityID, _ backup: BackupDatabase?,
    _ preface: BackupPreface?, _ options: RestoreOptions, _ home: StateHome
) throws(SealiftError) -> RestoreSummary {
    let now = SystemWallClock.now()
    guard now.secondsSince1970 > earliestClock else {
        throw SealiftError(
            .identityConflict, "this machine's clock is years behind",
            advice: "Set the clock, then run the same command again: contacts tell a recovery from "
                + "an older one by it.")
    }
    let device = try home.device()
    let generation = ChainAuthor.recoveryGeneration(
        time: now, known: backup?.identity.devices.head.position.generation)
    let chain: DeviceChain
    do throws(ChainError) {
        chain = try ChainAuthor(
            recovering: root, with: device, generation: generation, time: now
        ).chain
    } catch {
        throw SealiftError(
            .internalFailure, "the recovery could not be signed",
            advice: "Run the same command again; nothing was changed.")
    }
    let isNew: Bool
    do throws(StoreFailure) {
        isNew = try AuditLog(Store(in: home.folder), of: device).recover(
            chain, of: identity, with: device,
            options.passphrase.map { .passphrase($0.secret) } ?? .fileMode, from: backup)
    } catch {
        throw backup == nil ? SealiftError(log: error) : SealiftError(takingOver: error)
    }
    guard isNew, let restored = try home.identity() else { throw .identityLives }
    try home.moveToVault(device)
    return RestoreSummary(
        identity: try home.summary(of: restored), generation: generation,
        backup: preface.map { preface in
            BackupSummary(
                identity: identity, time: preface.time, contacts: backup?.contactCount ?? 0,
                byteCount: preface.databaseLength)
        })
}

/// 2025-01-01: before the first sealift. A clock behind that gives a generation that an earlier recovery may
/// have had.
private let earliestClock: Int64 = 1_735_689_600

extension RestoreOptions {
    fileprivate func key(of header: BackupHeader) throws(SealiftError) -> SecretBytes {
        switch header.form {
        case .words:
            guard let key = header.key(under: words) else {
                throw SealiftError(
                    .wordsWrong, "the backup is under the recovery words of another identity",
                    advice: "Take the words that were shown when the identity in it was made.")
            }
            return key
        case .passphrase:
            var wasWrong = false
            for _ in 0..<PassphraseSource.tries {
                guard let given = try backupPassphrase.obtain(isRetry: wasWrong) else { break }
                if let key = header.key(under: given.secret) { return key }
                wasWrong = true
            }
            throw wasWrong
                ? SealiftError(
                    .passphraseWrong, "the passphrase of the backup is another",
                    advice: "Nothing was restored. Without it nothing opens the backup; the "
                        + "recovery words alone bring the identity back.")
                : SealiftError(
                    .passphraseNeeded, "the backup is under a passphrase",
                    advice: "Run it on a terminal, or name a file that holds the passphrase by "
                        + "--passphrase-file.")
        }
    }
}

extension SealiftError {
    /// An identity lives where another was to be brought back.
    static var identityLives: SealiftError {
        SealiftError(
            .identityConflict, "there is an identity on this machine already",
            advice: "Nothing was changed. Restore into an empty folder: name one by SEALIFT_HOME, "
                + "or move this one away and keep it until the restored one works.")
    }

    /// The content of a backup was refused, or the store failed taking it over.
    init(takingOver failure: StoreFailure) {
        switch failure {
        case .newerVersion: self.init(backup: BackupError.newerVersion)
        case .damaged(let what):
            self.init(
                .backupDamaged, "the backup holds what cannot be taken over",
                advice: "Nothing was restored. The recovery words alone bring the identity back.",
                cause: what)
        default: self.init(backup: failure)
        }
    }

    /// A text is not somebody's recovery words.
    public init(words error: RecoveryWordsError) {
        switch error {
        case .wordCount(let count):
            self.init(
                .wordsWrong,
                count.map { "these are \($0) words, and recovery words are 24" }
                    ?? "this is far too long for 24 recovery words",
                advice: "Type all of them, in their order.")
        case .unknownWord(let position, let nearest):
            let near = nearest.map { "\"\($0)\"" }.joined(separator: ", ")
            self.init(
                .wordsWrong, "word \(position) is not one of the list",
                advice: nearest.isEmpty
                    ? "Look at it again." : "Look at it again; near it are \(near).")
        case .wrongChecksum:
            self.init(
                .wordsWrong, "the words do not belong together: the checksum differs",
                advice: "Each is a word of the list, but one is another than it was, or two "
                    + "changed places. Compare them with the paper.")
        }
    }
}

import Glibc
import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftPeople
import SealiftStore
import SealiftTestSupport
import Testing

@testable import Sealift

@Suite("An identity that is brought back")
struct RestoreActionsTests {
    private static func words(_ byte: UInt8) throws -> RecoveryWords {
        try #require(
            RecoveryWords(entropy: SecretBytes(copying: [UInt8](repeating: byte, count: 32))))
    }

    private static func passphrase(_ text: String) throws -> Passphrase {
        var bytes = Array(text.utf8)
        return try Passphrase(wiping: &bytes)
    }

    private static func options(
        _ folder: TemporaryFolder, _ home: String, _ words: RecoveryWords
    ) -> RestoreOptions {
        var options = RestoreOptions(words: words, passphrase: nil)
        options.home = path(folder, home)
        return options
    }

    private static func path(_ folder: TemporaryFolder, _ name: String) -> [UInt8] {
        Array("\(folder.path)/\(name)".utf8)
    }

    private static func code(_ body: () throws -> Void) -> ErrorCode? {
        do {
            try body()
            return nil
        } catch {
            return (error as? SealiftError)?.code
        }
    }

    @Test("comes after every generation that a backup knows, and after every clock before")
    func generations() throws {
        let folder = TemporaryFolder()
        let words = try Self.words(1)
        _ = try beginIdentity(words, home: Self.path(folder, "h0"), passphrase: nil)
        var last: UInt64 = 0
        for number in 1...3 {
            let backup = Self.path(folder, "b\(number)")
            _ = try writeBackup(
                to: backup, lock: .words(words), home: Self.path(folder, "h\(number - 1)"))
            var options = Self.options(folder, "h\(number)", words)
            options.backup = backup
            let summary = try restoreIdentity(options)
            #expect(summary.generation > last)
            #expect(summary.generation >= UInt64(SystemWallClock.now().secondsSince1970 / 60))
            last = summary.generation
        }
    }

    @Test("from a backup under a passphrase gets three tries of it, and no fourth")
    func tries() throws {
        let folder = TemporaryFolder()
        let words = try Self.words(1)
        let (home, backup) = (Self.path(folder, "h0"), Self.path(folder, "b"))
        _ = try beginIdentity(words, home: home, passphrase: nil)
        _ = try writeBackup(
            to: backup, lock: .passphrase(try Self.passphrase("right")), home: home)
        #expect(try backupNeedsPassphrase(backup))
        var options = Self.options(folder, "h1", words)
        options.backup = backup
        #expect(Self.code { _ = try restoreIdentity(options) } == .passphraseNeeded)
        options.backupPassphrase = PassphraseSource { _ throws(SealiftError) in
            var bytes = Array("wrong".utf8)
            return try Passphrase(wiping: &bytes)
        }
        #expect(Self.code { _ = try restoreIdentity(options) } == .passphraseWrong)
        #expect(try readIdentity(home: Self.path(folder, "h1")) == nil)
        options.backupPassphrase = PassphraseSource { isRetry throws(SealiftError) in
            var bytes = Array((isRetry ? "right" : "wrong").utf8)
            return try Passphrase(wiping: &bytes)
        }
        #expect(try restoreIdentity(options).backup?.contacts == 0)
    }

    @Test("needs a backup that took nobody's name, in a folder that takes it")
    func places() throws {
        let folder = TemporaryFolder()
        let words = try Self.words(1)
        let home = Self.path(folder, "h0")
        _ = try beginIdentity(words, home: home, passphrase: nil)
        let backup = Self.path(folder, "b")
        // The folder of the backup takes nothing: no file of its name is left.
        #expect(chmod(folder.path, 0o500) == 0)
        let isPrivileged = geteuid() == 0
        let refused = Self.code {
            _ = try writeBackup(to: backup, lock: .words(words), home: home)
        }
        #expect(chmod(folder.path, 0o700) == 0)
        #expect(isPrivileged || refused == .storageFailed)
        if !isPrivileged {
            #expect(Self.code { try checkBackup(to: backup, home: home) } == nil)
            _ = try writeBackup(to: backup, lock: .words(words), home: home)
        }
        #expect(Self.code { try checkBackup(to: backup, home: home) } == .destinationExists)
        #expect(
            Self.code { _ = try writeBackup(to: backup, lock: .words(words), home: home) }
                == .destinationExists)
        let nowhere = Self.path(folder, "none/b")
        #expect(Self.code { try checkBackup(to: nowhere, home: home) } == .sourceNotFound)
    }
}

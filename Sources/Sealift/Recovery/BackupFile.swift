import Glibc
import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftPeople

/// The bytes of a backup file (`docs/PROTOCOL.md` §11.12), a segment at a time.
enum BackupFile {
    private static let temporaryPrefix = ".sealift-backup-"

    /// Writes the new file `path`: under another name first, to the disk, then renamed without replacing.
    /// - Returns: the size of the file.
    /// - Throws: `EEXIST` where something of that name is there; nothing is left behind then.
    static func write(
        to path: [UInt8], _ header: BackupHeader, key: SecretBytes, _ preface: BackupPreface,
        _ database: OpenFile
    ) throws(SystemError) -> UInt64 {
        let (directory, name) = try TicketFile.place(of: path)
        let suffix = Hexadecimal.encode(try SealiftIO.SystemEntropy.bytes(8))
        let temporary = Array((temporaryPrefix + suffix).utf8)
        do throws(SystemError) {
            let file = try directory.openFile(temporary, for: .creatingExclusively(mode: 0o600))
            let size = try fill(file, header, key: key, preface, database)
            try file.sync()
            try file.close()
            try place(temporary, as: name, in: directory)
            try directory.sync()
            return size
        } catch {
            try? directory.unlink(temporary)
            throw error
        }
    }

    private static func fill(
        _ file: OpenFile, _ header: BackupHeader, key: SecretBytes, _ preface: BackupPreface,
        _ database: OpenFile
    ) throws(SystemError) -> UInt64 {
        var entropy = SealiftCrypto.SystemEntropy()
        var sealer = BackupSealer(key: key)
        let front = preface.encoded
        var offset = UInt64(header.byteCount)
        try file.write(header.encoded, at: 0)
        var read: UInt64 = 0
        var segment = front
        while true {
            let wanted = Int(
                min(
                    UInt64(BackupSegments.contentByteCount - segment.count),
                    preface.databaseLength - read))
            let bytes = try database.readArray(atMost: wanted, at: read)
            guard bytes.count == wanted else { throw SystemError(code: EIO, operation: "read") }
            segment += bytes
            read += UInt64(wanted)
            let isLast = read == preface.databaseLength
            guard let sealed = sealer.seal(segment, isLast: isLast, entropy: &entropy) else {
                throw SystemError(code: EIO, operation: "seal")
            }
            try file.write(sealed, at: offset)
            offset += UInt64(sealed.count)
            segment = []
            if isLast { return offset }
        }
    }

    private static func place(
        _ temporary: [UInt8], as name: [UInt8], in directory: DirectoryHandle
    ) throws(SystemError) {
        let outcome = try directory.renameWithoutReplacing(
            temporary, toDirectory: directory, to: name)
        switch outcome {
        case .renamed: return
        case .alreadyExists: throw SystemError(code: EEXIST, operation: "rename", path: name)
        case .unsupported:
            // Sticks and shares that cannot do that: the name is taken by an empty file of ours first.
            try directory.openFile(name, for: .creatingExclusively(mode: 0o600)).close()
            try directory.renameReplacing(temporary, toDirectory: directory, to: name)
        }
    }

    /// A backup file that was opened, up to its key.
    struct Reading {
        let header: BackupHeader
        private let file: OpenFile
        private let size: UInt64

        /// Opens `path` and reads the header.
        /// - Throws: why it is no backup, or cannot be read.
        init(_ path: [UInt8]) throws(SealiftError) {
            let front: [UInt8]
            do throws(SystemError) {
                let (directory, name) = try TicketFile.place(of: path)
                file = try directory.openFile(name, for: .reading)
                size = try file.status().size
                front = try file.readArray(atMost: BackupHeader.maximumByteCount, at: 0)
            } catch {
                throw SealiftError(backupFile: error)
            }
            do throws(BackupError) { header = try BackupHeader(decoding: front) } catch {
                throw SealiftError(backup: error)
            }
        }

        /// Opens every segment, and writes the database to `target`.
        /// - Parameter judge: refuses what the preface says, before anything is written.
        func copyDatabase(
            under key: SecretBytes, to target: () throws(SystemError) -> OpenFile,
            judge: (BackupPreface) throws(SealiftError) -> Void
        ) throws(SealiftError) -> BackupPreface {
            let start = UInt64(header.byteCount)
            guard size > start, let length = BackupSegments.contentLength(of: size - start),
                length > UInt64(BackupPreface.byteCount)
            else { throw SealiftError(backup: .damaged) }
            var opener = BackupOpener(key: key)
            var preface: BackupPreface?
            var output: OpenFile?
            var (offset, written) = (start, UInt64(0))
            while offset < size {
                var content: [UInt8]
                do throws(SystemError) {
                    let sealed = try file.readArray(
                        atMost: BackupSegments.sealedByteCount, at: offset)
                    offset += UInt64(sealed.count)
                    content = try Self.open(sealed, isLast: offset == size, &opener)
                } catch {
                    throw error.code == EBADMSG
                        ? SealiftError(backup: .damaged) : SealiftError(backupFile: error)
                }
                if preface == nil {
                    let read = try Self.preface(of: content, whole: length)
                    try judge(read)
                    preface = read
                    content.removeFirst(BackupPreface.byteCount)
                }
                do throws(SystemError) {
                    if output == nil { output = try target() }
                    try output?.write(content, at: written)
                    written += UInt64(content.count)
                } catch {
                    throw SealiftError(home: error)
                }
            }
            guard let preface else { throw SealiftError(backup: .damaged) }
            return preface
        }

        private static func open(
            _ sealed: [UInt8], isLast: Bool, _ opener: inout BackupOpener
        ) throws(SystemError) -> [UInt8] {
            do throws(BackupError) { return try opener.open(sealed, isLast: isLast) } catch {
                throw SystemError(code: EBADMSG, operation: "open backup")
            }
        }

        private static func preface(
            of content: [UInt8], whole length: UInt64
        ) throws(SealiftError) -> BackupPreface {
            do throws(BackupError) {
                let preface = try BackupPreface(
                    decoding: Array(content.prefix(BackupPreface.byteCount)))
                guard preface.databaseLength == length - UInt64(BackupPreface.byteCount) else {
                    throw .damaged
                }
                return preface
            } catch {
                throw SealiftError(backup: error)
            }
        }
    }
}

extension SealiftError {
    /// A file is no backup that can be used.
    init(backup error: BackupError) {
        switch error {
        case .notABackup:
            self.init(
                .backupDamaged, "this is no backup of sealift's",
                advice: "Name the file that `sealift backup` wrote.")
        case .newerVersion:
            self.init(
                .backupDamaged, "a newer sealift made this backup",
                advice: "Restore it with that sealift, or a later one.")
        case .damaged:
            self.init(
                .backupDamaged, "the backup was cut or altered",
                advice: "Nothing was restored. Copy the file again, or take an older backup; the "
                    + "recovery words alone bring the identity back.")
        }
    }
}

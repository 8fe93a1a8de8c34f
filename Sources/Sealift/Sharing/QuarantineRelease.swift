import Glibc
import SealiftBase
import SealiftContent
import SealiftIO

/// Moves what lies in quarantine to the folder where it goes: by renames on one file system, over nothing.
///
/// Folders that are there are merged with, as a transfer does; a file, a link or a folder whose name is taken
/// gets a number. What was moved is not in quarantine any more, so a release that was cut off goes on with
/// what is left, and nothing lands twice.
struct QuarantineRelease {
    let place: QuarantinePlace
    /// The folder where it goes.
    let destination: DirectoryHandle
    /// How names are kept from being replaced: tests play file systems that cannot do it in one call.
    var strategy = DirectoryHandle.RenameStrategy.automatic
    /// Told of every name that was taken, as soon as what has it is there under another.
    var onNumbered: (NumberedItem) -> Void = { _ in }

    private static let privateName = Array(".sealift".utf8)
    /// Deeper than any listing: 256 components.
    private static let deepest = 512
    /// The most names that are tried.
    private static let mostNumbers: UInt32 = 100_000

    /// Gives files that were offered as executable their bits, as the manifest says. What is not in quarantine
    /// any more, or is no file, is left alone.
    func giveExecutableBits() throws(SystemError) {
        guard let manifest = try place.openManifest() else { return }
        var reader: ManifestReader
        do throws(ManifestReader.Failure) { reader = try ManifestReader(manifest) } catch {
            throw Self.systemError(error)
        }
        while let entry = try Self.next(in: &reader) {
            guard entry.kind == .file, entry.isExecutable else { continue }
            do throws(SystemError) {
                try place.content.openFile(entry.path.bytes, for: .reading)
                    .setMode(0o777 & ~FileCreationMask.current)
            } catch  where error.isMissing || error.isObstructedPath || error.isInvalidArgument {}
        }
    }

    private static func next(
        in reader: inout ManifestReader
    ) throws(SystemError) -> ManifestEntry? {
        do throws(ManifestReader.Failure) { return try reader.next() } catch {
            throw systemError(error)
        }
    }

    private static func systemError(_ failure: ManifestReader.Failure) -> SystemError {
        switch failure {
        case .system(let error): error
        case .line, .order:
            SystemError(code: EBADMSG, operation: "read the manifest in quarantine")
        }
    }

    /// Moves everything, and returns when the disk has it.
    /// - Throws: why not all of it was moved; what was moved before stays so.
    func move() throws(SystemError) {
        for name in try place.content.entries() where name != Self.privateName {
            try move(
                name, in: FolderPair(source: place.content, target: destination),
                levels: Self.deepest)
        }
        try destination.syncVolume()
    }

    /// A folder in quarantine, and the one that what is in it goes to.
    private struct FolderPair {
        let source: DirectoryHandle
        let target: DirectoryHandle
        /// Where `target` is, from the release's destination; empty for that itself.
        var path: [UInt8] = []

        func path(of name: [UInt8]) -> [UInt8] {
            path.isEmpty ? name : path + [UInt8(ascii: "/")] + name
        }
    }

    private func move(_ name: [UInt8], in folder: FolderPair, levels: Int) throws(SystemError) {
        // Another run may do the same at this moment.
        guard let status = try folder.source.statusIfPresent(of: name) else { return }
        guard status.kind == .directory, let there = try folder.target.statusIfPresent(of: name),
            there.kind == .directory
        else { return try moveWhole(name, status, in: folder, levels: levels) }
        try merge(name, in: folder, as: name, levels: levels)
    }

    /// Moves what is in the folder `name` into the one that is there as `newName`.
    private func merge(
        _ name: [UInt8], in folder: FolderPair, as newName: [UInt8], levels: Int
    ) throws(SystemError) {
        guard levels > 0 else {
            throw SystemError(code: ELOOP, operation: "release", path: name)
        }
        let inner = FolderPair(
            source: try folder.source.openDirectory(name),
            target: try folder.target.openDirectory(newName), path: folder.path(of: newName))
        for entry in try inner.source.entries() {
            try move(entry, in: inner, levels: levels - 1)
        }
        try folder.source.removeDirectory(name)
    }

    /// Gives the name, or the first number of it that is free.
    private func moveWhole(
        _ name: [UInt8], _ status: FileStatus, in folder: FolderPair, levels: Int
    ) throws(SystemError) {
        let (source, target) = (folder.source, folder.target)
        for number in 0..<Self.mostNumbers {
            let newName = try Self.name(name, number: number)
            if let there = try target.statusIfPresent(of: newName) {
                // Where renaming is linking and unlinking, a crash leaves both names.
                if status.kind == .file, there.inode == status.inode,
                    there.device == status.device
                {
                    return try source.unlink(name)
                }
                continue
            }
            do throws(SystemError) {
                switch try source.renameWithoutReplacing(
                    name, toDirectory: target, to: newName, strategy: strategy)
                {
                case .renamed: break
                case .alreadyExists: continue
                case .unsupported:
                    guard status.kind == .directory else {
                        throw SystemError(
                            code: EOPNOTSUPP, operation: "rename without replacing", path: name)
                    }
                    // A folder has no second name: it is made anew, and emptied into.
                    try target.createDirectory(newName)
                    try merge(name, in: folder, as: newName, levels: levels)
                }
                if number > 0 {
                    onNumbered(NumberedItem(path: folder.path(of: name), name: newName))
                }
                return
            } catch  where error.isMissing {
                // Another run was faster; where the name is still here, the other end is missing.
                guard try source.statusIfPresent(of: name) == nil else { throw error }
                return
            }
        }
        throw SystemError(code: EEXIST, operation: "find a free name for", path: name)
    }

    private static func name(_ name: [UInt8], number: UInt32) throws(SystemError) -> [UInt8] {
        guard number > 0 else { return name }
        guard let path = try? EntryPath(name),
            let numbered = NumberedName.path(path, number: number)
        else { throw SystemError(code: EEXIST, operation: "find a free name for", path: name) }
        return Array(numbered.name)
    }
}

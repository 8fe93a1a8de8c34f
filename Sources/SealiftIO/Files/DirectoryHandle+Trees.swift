import Glibc

extension DirectoryHandle {
    /// No tree of this program's is deeper: 256 components, and a few folders of its own above.
    private static let deepestTree = 512

    /// Removes `name` and what is in it; nothing where there is no such name. No link is followed, and what
    /// lies on another volume is left alone.
    /// - Throws: `EXDEV` where another volume is mounted in it; `ELOOP` where it is deeper than 512 folders;
    ///   `ENOTEMPTY` where somebody adds to it meanwhile. What was removed before that stays removed.
    public func removeTree(_ name: [UInt8]) throws(SystemError) {
        try removeTree(name, on: try status().device, levels: Self.deepestTree)
    }

    private func removeTree(
        _ name: [UInt8], on volume: UInt64, levels: Int
    ) throws(SystemError) {
        guard let status = try statusIfPresent(of: name) else { return }
        guard status.kind == .directory else { return try unlink(name) }
        guard status.device == volume else {
            throw SystemError(code: EXDEV, operation: "remove directory", path: name)
        }
        guard levels > 0 else {
            throw SystemError(code: ELOOP, operation: "remove directory", path: name)
        }
        let folder = try openDirectory(name)
        for entry in try folder.entries() {
            try folder.removeTree(entry, on: volume, levels: levels - 1)
        }
        try removeDirectory(name)
    }
}

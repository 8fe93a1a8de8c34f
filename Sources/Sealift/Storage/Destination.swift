import SealiftBase
import SealiftContent
import SealiftIO
import SealiftTransfer

/// The folder received into, held by descriptor from its first use on.
///
/// It is the user's own word: a link that they named is followed, once, when the folder is opened.
/// Everything beneath is reached from the descriptor and follows no link.
struct Destination {
    private let path: [UInt8]
    private var root: DirectoryHandle?
    /// The folder that the last entry was in: entries come in order, so the next is mostly there too.
    private var lastParent: (path: EntryPath?, handle: DirectoryHandle)?

    init(path: [UInt8]) {
        self.path = path
    }

    /// The folder, or nil where it does not exist yet.
    mutating func openIfThere() throws(SystemError) -> DirectoryHandle? {
        if let root { return root }
        do throws(SystemError) {
            root = try DirectoryHandle.open(path: path)
        } catch  where error.isMissing {
            return nil
        }
        return root
    }

    /// The folder, made where it is missing.
    mutating func make() throws(SystemError) -> DirectoryHandle {
        if let root { return root }
        let made = try DirectoryHandle.openCreating(path: path)
        root = made
        return made
    }

    /// The folder that `entry` goes into.
    mutating func parent(of entry: EntryPath) throws(SystemError) -> DirectoryHandle {
        let parentPath = entry.parent
        if let lastParent, lastParent.path == parentPath { return lastParent.handle }
        let root = try make()
        let handle = try parentPath.map { path throws(SystemError) in
            try root.openDirectory(path.bytes)
        }
        lastParent = (parentPath, handle ?? root)
        return handle ?? root
    }

    /// What stands where `entry` is to go.
    mutating func state(of entry: ListingEntry) throws(SystemError) -> DestinationState {
        guard let root = try openIfThere() else { return .free }
        do throws(SystemError) {
            guard let status = try root.statusIfPresent(of: entry.path.bytes) else { return .free }
            let isShared = status.kind == .directory && entry.entryKind == .directory
            return isShared ? .free : .occupied
        } catch  where error.isObstructedPath {
            // A link or a file stands where a folder is needed.
            return .occupied
        }
    }

    /// Bytes free where the folder is, or will be.
    mutating func freeSpace() throws(SystemError) -> UInt64 {
        if let root = try openIfThere() { return try root.freeSpace().bytes }
        var ancestor = path
        while let slash = ancestor.lastIndex(of: UInt8(ascii: "/")), slash > 0 {
            ancestor.removeSubrange(slash...)
            do throws(SystemError) {
                return try DirectoryHandle.open(path: ancestor).freeSpace().bytes
            } catch  where error.isMissing {}
        }
        let start: UInt8 = path.first == UInt8(ascii: "/") ? UInt8(ascii: "/") : UInt8(ascii: ".")
        return try DirectoryHandle.open(path: [start]).freeSpace().bytes
    }

    /// Makes the directory of `entry`; one that is there already is fine, a link is not.
    mutating func makeDirectory(_ entry: ListingEntry) throws(SystemError) {
        let name = Array(entry.path.name)
        let parent = try parent(of: entry.path)
        do throws(SystemError) {
            try parent.createDirectory(name)
        } catch  where error.isAlreadyThere {
            // Refuses what is no directory of its own.
            _ = try parent.openDirectory(name)
        }
    }
}

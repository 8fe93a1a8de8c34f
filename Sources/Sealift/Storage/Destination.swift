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
    /// The folder that something was looked for in last; a nil handle where there was none, and nothing
    /// was made since.
    private var lastLook: (path: EntryPath?, handle: DirectoryHandle?)?

    init(path: [UInt8]) {
        self.path = path
    }

    /// A destination that is open already.
    init(_ root: DirectoryHandle) {
        path = []
        self.root = root
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
        lastLook = nil
        let made = try DirectoryHandle.openCreating(path: path)
        root = made
        return made
    }

    /// The folder that `entry` goes into; the folders of a listing are made before what is in them.
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

    /// What stands at a path.
    enum Found: Equatable {
        /// Nothing.
        case nothing
        /// This.
        case status(FileStatus)
        /// A link or a file stands where a folder is needed.
        case obstructed
    }

    /// What stands at `path` now.
    ///
    /// A folder is opened once for all that is looked for in it. What is found may be out of date at
    /// once anyway: a file gets its name only where nothing stands then.
    mutating func find(_ path: EntryPath) throws(SystemError) -> Found {
        guard let root = try openIfThere() else { return .nothing }
        let parentPath = path.parent
        do throws(SystemError) {
            let parent: DirectoryHandle?
            if let lastLook, lastLook.path == parentPath {
                parent = lastLook.handle
            } else {
                parent = try Self.folder(parentPath, beneath: root)
                lastLook = (parentPath, parent)
            }
            let status = try parent?.statusIfPresent(of: Array(path.name))
            return status.map(Found.status) ?? .nothing
        } catch  where error.isObstructedPath {
            return .obstructed
        }
    }

    /// The folder at `path`, or `root` itself; nil where there is none.
    private static func folder(
        _ path: EntryPath?, beneath root: DirectoryHandle
    ) throws(SystemError) -> DirectoryHandle? {
        guard let path else { return root }
        do throws(SystemError) { return try root.openDirectory(path.bytes) } catch
            where error.isMissing
        {
            return nil
        }
    }

    /// Where the link at `path` points; nil where it went away.
    mutating func target(ofLink path: EntryPath) throws(SystemError) -> [UInt8]? {
        do throws(SystemError) {
            return try parent(of: path).readSymbolicLink(Array(path.name))
        } catch  where error.isMissing || error.isInvalidArgument {
            return nil
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
        lastLook = nil
        let parent = try parent(of: entry.path)
        do throws(SystemError) {
            try parent.createDirectory(name)
        } catch  where error.isAlreadyThere {
            // Refuses what is no directory of its own.
            _ = try parent.openDirectory(name)
        }
    }
}

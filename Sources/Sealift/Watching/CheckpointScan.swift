import SealiftBase
import SealiftContent
import SealiftIO
import SealiftTransfer

/// What stands under one name of a watched folder now: found by looking at names and times, not at content.
struct CheckpointScan {
    /// Which version.
    let version: CheckpointVersion
    /// The same without the ctime of the first entry.
    let moved: CheckpointVersion
    /// When the newest file was last changed.
    let modified: ModificationTime
    /// What is there and cannot be sent, such as a link: the first, in words.
    let obstacle: String?
    /// Whether somebody is known to have a file of it open for writing.
    let isBeingWritten: Bool

    /// Looks at `name` in `folder`.
    /// - Parameters:
    ///   - landingName: what it is listed as.
    ///   - asksForWriters: whether to look who has its files open.
    ///   - isStopped: asked for every entry; nothing is returned then.
    /// - Returns: nil where nothing of that name can be read, or a part of it cannot.
    init?(
        of name: [UInt8], in folder: DirectoryHandle, listedAs landingName: [UInt8],
        asksForWriters: (CheckpointVersion) -> Bool, isStopped: () -> Bool = { false }
    ) {
        let root = ScanRoot(parent: folder, name: name, landingAs: landingName)
        guard let tree = try? SourceTree(roots: [root]) else { return nil }
        var digest = CheckpointDigest()
        var movedDigest = CheckpointDigest(.countedButForTheFirst)
        var newest: FileTime?
        var obstacle: String?
        do throws(TreeScanner.ScanFailure<Unreadable>) {
            try TreeScanner(holeLimit: 0).scan(tree) { event throws(Unreadable) in
                if isStopped() { throw Unreadable() }
                switch event {
                case .item(let item):
                    guard let entry = try? ListingEntry(item) else {
                        obstacle = obstacle ?? "a name in it cannot be listed"
                        return
                    }
                    let identity = entry.file.map { _ in FileIdentity(item.status) }
                    digest.add(entry, identity)
                    movedDigest.add(entry, identity)
                    if identity != nil {
                        newest = max(newest ?? item.status.modified, item.status.modified)
                    }
                case .warning(let warning):
                    if case .unreadable = warning.reason { throw Unreadable() }
                    obstacle = obstacle ?? warning.reason.explanation
                }
            }
        } catch {
            return nil
        }
        version = digest.version
        moved = movedDigest.version
        modified = newest.map { ModificationTime($0) } ?? .epoch
        self.obstacle = obstacle
        isBeingWritten = asksForWriters(version) && Self.hasWriter(tree)
    }

    private struct Unreadable: Error {}

    /// Whether somebody has a file open for writing, where that can be known: on this machine, a file of
    /// this user's, a file system with leases.
    private static func hasWriter(_ tree: SourceTree) -> Bool {
        var isFound = false
        _ = try? TreeScanner(holeLimit: 0).scan(tree) { event throws(Unreadable) in
            guard case .item(let item) = event, case .file = item.kind,
                let file = try? tree.openFile(item.path)
            else { return }
            defer { file.giveLeaseUp() }
            guard file.takeReadLease() == .refused else { return }
            isFound = true
            throw Unreadable()
        }
        return isFound
    }
}

extension SendCatalog {
    /// The version of all that is listed; nil where the spool cannot be read.
    var checkpointVersion: CheckpointVersion? {
        var digest = CheckpointDigest()
        var cursor = makeCursor()
        var index = FileIndex.firstEntry
        while index.rawValue <= totals.entries {
            guard let found = try? entry(at: index, &cursor) else { return nil }
            digest.add(found.entry, found.identity)
            index = index.next
        }
        return digest.version
    }
}

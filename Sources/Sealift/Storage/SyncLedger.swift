import SealiftContent
import SealiftIO
import Synchronization

/// What a run of `sealift sync` learns of files that its folder has and the share has no more.
final class SyncLedger: Sendable {
    /// A file that an earlier run placed, that nobody changed since, and that is not listed any more.
    struct GoneFile: Equatable {
        /// Its path in the output folder.
        let path: [UInt8]
        let status: FileStatus
    }

    /// The most files of one run; what is beyond is found by the next.
    static let maximumCount = 65_536

    /// The share, or the part of it, as its path in the output folder: nothing else is looked at.
    let scope: [UInt8]
    private let files = Mutex<[GoneFile]>([])

    init(scope: [UInt8]) {
        self.scope = scope
    }

    /// What was found.
    var gone: [GoneFile] { files.withLock { $0 } }

    /// Keeps what was found.
    func note(_ found: [GoneFile]) { files.withLock { $0 = found } }
}

extension SyncLedger {
    private struct Enough: Error {}

    /// Walks the folder for files that `isGone` is true for.
    /// - Parameter isGone: whether an earlier run placed the file, and the listing has it no more.
    func look(
        in root: DirectoryHandle, _ isGone: (EntryPath, FileStatus) throws(SystemError) -> Bool
    ) {
        guard let (parent, name) = try? root.openParent(of: scope),
            (try? parent.status(of: name)) != nil,
            let tree = try? SourceTree(
                roots: [ScanRoot(parent: parent, name: name, landingAs: scope)])
        else { return }
        var found: [GoneFile] = []
        _ = try? TreeScanner(holeLimit: 0).scan(tree) { event throws(Enough) in
            guard case .item(let item) = event, case .file = item.kind,
                let path = try? EntryPath(item.path), (try? isGone(path, item.status)) == true
            else { return }
            found.append(GoneFile(path: item.path, status: item.status))
            if found.count == Self.maximumCount { throw Enough() }
        }
        note(found)
    }
}

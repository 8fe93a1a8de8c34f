import SealiftBase
import SealiftContent
import SealiftIO

/// Hashes one argument of the user: a file, or a folder with everything in it.
///
/// It is walked exactly as a transfer walks it, so that the folder's root is the transfer's.
struct HashRun {
    private let argument: [UInt8]
    private let hasher: FileHasher
    private var manifest = ManifestHasher()
    private var isDirectory = false
    /// How many things could not be hashed.
    private(set) var failures = 0

    init(argument: [UInt8], hasher: FileHasher) {
        self.argument = argument
        self.hasher = hasher
    }

    /// Walks and hashes.
    /// - Throws: an error of usage, or that the user stopped it.
    mutating func run(_ handle: (HashEvent) -> Void) throws(SealiftError) {
        let tree: SourceTree
        do throws(SealiftError) {
            tree = try SendArguments([argument]).tree
        } catch {
            if error.code == .usage { throw error }
            let isMissing = error.code == .sourceNotFound
            fail(argument, isMissing ? "does not exist" : error.cause ?? error.message, handle)
            return
        }
        do throws(TreeScanner.ScanFailure<SealiftError>) {
            try TreeScanner().scan(tree) { event throws(SealiftError) in
                switch event {
                case .item(let item): try take(item, in: tree, handle)
                case .warning(let warning): take(warning, in: tree, handle)
                }
            }
        } catch {
            switch error {
            case .handler(let error): throw error
            case .argument(_, let cause): fail(argument, cause.reason, handle)
            }
        }
        if isDirectory && failures == 0 && hasher.algorithm == .tree {
            handle(.directory(path: trimmedArgument, root: manifest.finalize()))
        }
    }

    private mutating func take(
        _ item: ScannedItem, in tree: SourceTree, _ handle: (HashEvent) -> Void
    ) throws(SealiftError) {
        let path = shownPath(of: item.path, in: tree)
        let entry: ListingEntry
        do {
            entry = try ListingEntry(item)
        } catch {
            handle(.warning(TransferWarning("skipped: \(error)", path: path)))
            return
        }
        switch item.kind {
        case .directory:
            isDirectory = true
            manifest.append(entry, root: nil)
        case .symbolicLink:
            manifest.append(entry, root: nil)
        case .file(let holes):
            guard let hash = try hash(item, holes: holes, in: tree, handle) else { return }
            manifest.append(entry, root: hash)
            handle(.file(path: path, size: item.status.size, hash: hash))
        }
    }

    /// The hash of a file; nil where there is none, which is told.
    private mutating func hash(
        _ item: ScannedItem, holes: [Range<UInt64>], in tree: SourceTree,
        _ handle: (HashEvent) -> Void
    ) throws(SealiftError) -> Hash256? {
        let path = shownPath(of: item.path, in: tree)
        let file: OpenFile
        do throws(SystemError) {
            file = try tree.openFile(item.path)
        } catch {
            fail(path, error.reason, handle)
            return nil
        }
        do throws(FileHasher.Failure) {
            return try hasher.hash(file, status: item.status, holes: holes)
        } catch {
            switch error {
            case .stopped:
                throw SealiftError(
                    .interrupted, "stopped before everything was hashed",
                    advice: "Run the same command again.")
            case .changed: fail(path, "it changed while it was read", handle)
            case .system(let cause): fail(path, cause.reason, handle)
            }
            return nil
        }
    }

    private mutating func take(
        _ warning: ScanWarning, in tree: SourceTree, _ handle: (HashEvent) -> Void
    ) {
        let path = shownPath(of: warning.path, in: tree)
        if case .unreadable(let error) = warning.reason {
            fail(path, error.reason, handle)
        } else {
            handle(.warning(TransferWarning(TransferWarning(warning).message, path: path)))
        }
    }

    private mutating func fail(
        _ path: [UInt8], _ reason: String, _ handle: (HashEvent) -> Void
    ) {
        failures += 1
        handle(.failed(path: path, reason: reason))
    }

    /// The argument without the slashes that end it.
    private var trimmedArgument: [UInt8] {
        Array(argument.reversed().drop { $0 == UInt8(ascii: "/") }.reversed())
    }

    /// The path by which the user reaches what is listed at `path`.
    private func shownPath(of path: [UInt8], in tree: SourceTree) -> [UInt8] {
        trimmedArgument + path.dropFirst(tree.roots.first?.landingName.count ?? 0)
    }
}

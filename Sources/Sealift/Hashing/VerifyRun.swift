import SealiftBase
import SealiftContent
import SealiftIO

/// Walks a tree and its manifest side by side: both are in listing order, so neither is held in memory.
struct VerifyRun {
    private let file: OpenFile
    private let tree: SourceTree
    private let hasher: FileHasher
    private let cancellation: Cancellation
    private var reader: ManifestReader
    /// The manifest's entry that the walk has not come to yet.
    private var expected: ManifestEntry?
    private var summary: VerificationSummary

    /// Reads the manifest once, checks it against its own root, and finds what it names.
    init(
        folder: [UInt8], manifest: [UInt8], cancellation: Cancellation
    ) throws(SealiftError) {
        self.cancellation = cancellation
        hasher = FileHasher(algorithm: .tree, cancellation: cancellation)
        do throws(SystemError) {
            let (directory, name) = try TicketFile.place(of: manifest)
            file = try directory.openFile(name, for: .reading)
            // A folder that is not there at all is a mistake, not a tree with everything missing.
            _ = try DirectoryHandle.open(path: folder)
        } catch {
            throw SealiftError(verifying: error)
        }
        var names: [[UInt8]] = []
        do throws(ManifestReader.Failure) {
            var reader = try ManifestReader(file)
            var root = ManifestHasher()
            while let entry = try reader.next() {
                root.append(entry)
                let first = entry.path.bytes.prefix { $0 != UInt8(ascii: "/") }
                if names.last?.elementsEqual(first) != true { names.append(Array(first)) }
            }
            guard root.finalize() == reader.root else { throw .line(2, .malformedLine) }
            summary = VerificationSummary(root: reader.root)
            self.reader = try ManifestReader(file)
        } catch {
            throw SealiftError(manifest: error)
        }
        tree = try Self.tree(of: names, in: folder)
    }

    private static func tree(
        of names: [[UInt8]], in folder: [UInt8]
    ) throws(SealiftError) -> SourceTree {
        var roots: [ScanRoot] = []
        for name in names {
            do throws(SystemError) {
                roots.append(
                    try ScanRoot(argument: folder + [UInt8(ascii: "/")] + name))
            } catch {
                // What is not there is found missing by the walk.
                guard error.isMissing else { throw SealiftError(verifying: error) }
            }
        }
        do throws(SourceTree.DuplicateName) {
            return try SourceTree(roots: roots)
        } catch {
            throw SealiftError(manifest: .order(0))
        }
    }

    /// Walks both to their ends.
    mutating func run(
        _ handle: ([UInt8], VerificationFinding) -> Void
    ) throws(SealiftError) -> VerificationSummary {
        try advance()
        do throws(TreeScanner.ScanFailure<SealiftError>) {
            try TreeScanner(links: .listed).scan(tree) { event throws(SealiftError) in
                if cancellation.isRequested { throw .stoppedVerifying }
                switch event {
                case .item(let item):
                    guard let entry = try expect(item.path, handle) else { return }
                    tell(item.path, try compare(item, with: entry), handle)
                    try advance()
                case .warning(let warning):
                    guard try expect(warning.path, handle) != nil else { return }
                    tell(warning.path, .changed(reason: TransferWarning(warning).message), handle)
                    try advance()
                }
            }
        } catch {
            switch error {
            case .handler(let error): throw error
            case .argument(_, let cause): throw SealiftError(verifying: cause)
            }
        }
        while let entry = expected {
            tell(entry.path.bytes, .missing, handle)
            try advance()
        }
        return summary
    }

    private mutating func advance() throws(SealiftError) {
        do throws(ManifestReader.Failure) {
            expected = try reader.next()
        } catch {
            throw SealiftError(manifest: error)
        }
    }

    /// The manifest's entry for what the walk found at `path`; nil where there is none, which is told.
    /// What the manifest has before it is missing.
    private mutating func expect(
        _ path: [UInt8], _ handle: ([UInt8], VerificationFinding) -> Void
    ) throws(SealiftError) -> ManifestEntry? {
        if let found = try? EntryPath(path) {
            while let entry = expected, entry.path < found {
                tell(entry.path.bytes, .missing, handle)
                try advance()
            }
            if let entry = expected, entry.path == found { return entry }
        }
        // Also a name that no manifest can hold.
        tell(path, .extra, handle)
        return nil
    }

    private mutating func tell(
        _ path: [UInt8], _ finding: VerificationFinding,
        _ handle: ([UInt8], VerificationFinding) -> Void
    ) {
        summary.count(finding)
        handle(path, finding)
    }

    private func compare(
        _ item: ScannedItem, with entry: ManifestEntry
    ) throws(SealiftError) -> VerificationFinding {
        switch (item.kind, entry.kind) {
        case (.directory, .directory):
            return .matches
        case (.symbolicLink(let target), .symbolicLink):
            return ContentID(of: target) == entry.content
                ? .matches : .changed(reason: "the link points elsewhere")
        case (.file(let holes), .file):
            guard item.status.size == entry.content.length else {
                return .changed(
                    reason: "\(item.status.size) bytes instead of \(entry.content.length)")
            }
            if let reason = try difference(of: item, holes: holes, from: entry) {
                return .changed(reason: reason)
            }
            guard item.status.isExecutable == entry.isExecutable else {
                return .changed(
                    reason: entry.isExecutable
                        ? "it is not executable any more" : "it has become executable")
            }
            return .matches
        default:
            return .changed(reason: "it is not a \(entry.kind.noun) any more")
        }
    }

    /// Why a file's content is not that of `entry`; nil where it is.
    private func difference(
        of item: ScannedItem, holes: [Range<UInt64>], from entry: ManifestEntry
    ) throws(SealiftError) -> String? {
        let opened: OpenFile
        do throws(SystemError) {
            opened = try tree.openFile(item.path)
        } catch {
            return error.reason
        }
        do throws(FileHasher.Failure) {
            let root = try hasher.hash(opened, status: item.status, holes: holes)
            return root == entry.content.root ? nil : "its content is another"
        } catch {
            switch error {
            case .stopped: throw .stoppedVerifying
            case .changed: return "it changed while it was read"
            case .system(let cause): return cause.reason
            }
        }
    }
}

extension EntryKind {
    fileprivate var noun: String {
        switch self {
        case .file: "file"
        case .directory: "folder"
        case .symbolicLink: "link"
        }
    }
}

extension SealiftError {
    fileprivate static var stoppedVerifying: SealiftError {
        SealiftError(
            .interrupted, "stopped before everything was compared",
            advice: "Run the same command again.")
    }

    /// The folder or the manifest cannot be read.
    fileprivate init(verifying error: SystemError) {
        self.init(
            error.isMissing ? .sourceNotFound : .sourceUnreadable,
            error.isMissing
                ? "the folder or the manifest does not exist" : "it cannot be read",
            advice: "Check the names and the permissions.", cause: "\(error)")
    }

    /// The manifest is none, or not what was written.
    fileprivate init(manifest failure: ManifestReader.Failure) {
        switch failure {
        case .system(let error):
            self.init(verifying: error)
        case .line(1, .notAManifest):
            self.init(
                .manifestDamaged, "the file is not a manifest",
                advice: "Name a file that `--manifest` of send or receive wrote.")
        case .line(1, .unknownVersion):
            self.init(
                .manifestDamaged, "the manifest was written by a newer sealift",
                advice: "Install that version of sealift here, then run this again.")
        case .line(let number, _), .order(let number):
            self.init(
                .manifestDamaged, "the manifest is not what was written",
                advice: "Get the manifest of the other end of the transfer: it has the same bytes.",
                cause: number > 2 ? "line \(number)" : "its root is not that of its lines")
        }
    }
}

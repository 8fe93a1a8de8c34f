import Glibc

/// Walks what the user sends, in the order of the listing (PROTOCOL §8.2): siblings bytewise, depth
/// first, a directory before what is in it.
///
/// Each directory is opened from its parent's descriptor and no link is followed, so that a tree
/// that is changed meanwhile cannot lead the walk elsewhere (rsync CVE-2026-53797). Items are given
/// out one by one: memory holds the names of the directories on the way down to the current one.
public struct TreeScanner: Sendable {
    /// Whether symbolic links are listed.
    public enum Links: Sendable {
        /// Left out, with a warning.
        case skipped
        /// Listed as links.
        case listed
    }

    /// What the walk gives out.
    public enum Event: Equatable, Sendable {
        /// Something to be listed.
        case item(ScannedItem)
        /// Something was left out; the walk goes on.
        case warning(ScanWarning)
    }

    /// What is done with symbolic links.
    public var links: Links
    /// Holes are stated in multiples of this many bytes: a piece.
    public var holeGranularity: UInt64
    /// The most holes stated for one file.
    public var holeLimit: Int

    /// Makes a scanner; the defaults are those of PROTOCOL §8.2.
    public init(links: Links = .skipped, holeGranularity: UInt64 = 262_144, holeLimit: Int = 4_096)
    {
        self.links = links
        self.holeGranularity = holeGranularity
        self.holeLimit = holeLimit
    }

    /// Why a walk ended early.
    public enum ScanFailure<Failure: Error>: Error {
        /// An argument cannot be read at all: the argument as the user gave it, and why.
        case argument([UInt8], SystemError)
        /// The one who handles the events gave up.
        case handler(Failure)
    }

    /// A directory on the way down. Levels wait on an array: depth costs no thread stack.
    private struct Level {
        let directory: DirectoryHandle
        let path: [UInt8]
        let names: NameList
        var next = 0
    }

    /// Walks `tree` and hands every event to `handle`, whose error ends the walk.
    /// - Throws: ``ScanFailure``. What cannot be read beneath an argument is a warning instead.
    public func scan<Failure: Error>(
        _ tree: SourceTree, _ handle: (Event) throws(Failure) -> Void
    ) throws(ScanFailure<Failure>) {
        for root in tree.roots {
            let (event, level) = look(
                at: root.name, in: root.parent, path: root.landingName, depth: 1)
            if case .warning(let warning) = event, case .unreadable(let error) = warning.reason {
                throw .argument(root.argument, error)
            }
            try give(event, to: handle)
            var levels: [Level] = []
            if let level { levels.append(level) }
            while let top = levels.indices.last {
                guard levels[top].next < levels[top].names.count else {
                    levels.removeLast()
                    continue
                }
                let name = levels[top].names[levels[top].next]
                levels[top].next += 1
                let path = levels[top].path + [PathBytes.separator] + name
                let (event, level) = look(
                    at: name, in: levels[top].directory, path: path, depth: levels.count + 1)
                try give(event, to: handle)
                if let level { levels.append(level) }
            }
        }
    }

    private func give<Failure: Error>(
        _ event: Event, to handle: (Event) throws(Failure) -> Void
    ) throws(ScanFailure<Failure>) {
        do throws(Failure) { try handle(event) } catch { throw .handler(error) }
    }

    /// Looks at one name, whose path has `depth` components.
    /// - Returns: what to tell, and where it is a directory, the level to go on with.
    private func look(
        at name: [UInt8], in directory: DirectoryHandle, path: [UInt8], depth: Int
    ) -> (event: Event, level: Level?) {
        func warning(_ reason: ScanWarning.Reason) -> (event: Event, level: Level?) {
            (.warning(ScanWarning(path: path, reason: reason)), nil)
        }
        let component = PathBytes.splitLast(path).name
        if let reason = ListableName.objection(to: component, pathLength: path.count) {
            return warning(reason)
        }
        guard depth <= ListableName.maximumDepth else { return warning(.tooDeep) }
        do throws(SystemError) {
            let status = try directory.status(of: name)
            switch status.kind {
            case .special:
                return warning(.special)
            case .symbolicLink where links == .skipped:
                return warning(.symbolicLink)
            case .symbolicLink:
                let target = try directory.readSymbolicLink(name)
                return (item(path, .symbolicLink(target: target), status), nil)
            case .file where status.size > ListableName.maximumFileSize:
                return warning(.tooLarge)
            case .file:
                let holes = try holes(of: name, in: directory, status: status)
                return (item(path, .file(holes: holes), status), nil)
            case .directory:
                let opened = try directory.openDirectory(name)
                let level = Level(directory: opened, path: path, names: try opened.entries())
                return (item(path, .directory, try opened.status()), level)
            }
        } catch {
            return warning(.unreadable(error))
        }
    }

    private func item(
        _ path: [UInt8], _ kind: ScannedItem.Kind, _ status: FileStatus
    ) -> Event {
        .item(ScannedItem(path: path, kind: kind, status: status))
    }

    /// The holes of a file; one that uses as many blocks as its size needs is not even opened.
    private func holes(
        of name: [UInt8], in directory: DirectoryHandle, status: FileStatus
    ) throws(SystemError) -> [Range<UInt64>] {
        guard status.mayHaveHoles, status.size >= holeGranularity else { return [] }
        return try directory.openFile(name, for: .reading)
            .holes(granularity: holeGranularity, limit: holeLimit)
    }
}

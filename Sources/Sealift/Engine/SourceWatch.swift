import SealiftBase
import SealiftIO
import SealiftTransport

/// Notices when datagrams to somewhere begin to leave from another address of this machine: another
/// network, a new lease. The kernel changes it silently under a socket that is bound to no address.
///
/// A look is three system calls, so there are few of them.
struct SourceWatch {
    /// Between two looks at one path.
    static let interval = Duration.milliseconds(500)
    /// The paths watched: the latest ones. A sender has at most eight sessions.
    static let limit = 8

    private struct Entry {
        let path: PathID
        var source: SocketAddress?
        var nextLook: Instant
    }

    private var entries: [Entry] = []

    /// Whether what goes to `path` now leaves from another address than at the last look.
    mutating func hasChanged(_ path: PathID, now: Instant) -> Bool {
        guard let index = entries.firstIndex(where: { $0.path == path }) else {
            if entries.count == Self.limit { entries.removeFirst() }
            entries.append(
                Entry(
                    path: path, source: path.address.localSource, nextLook: now + Self.interval))
            return false
        }
        guard now >= entries[index].nextLook else { return false }
        entries[index].nextLook = now + Self.interval
        // No way at the moment is no address: the old one counts until there is another.
        guard let source = path.address.localSource else { return false }
        defer { entries[index].source = source }
        return entries[index].source.map { $0 != source } ?? false
    }
}

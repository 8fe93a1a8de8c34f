import SealiftBase
import SealiftContent
import SealiftIO
import SealiftTransfer
import Synchronization

/// The file that `--manifest` names, written beside its name while the manifest is computed and given
/// the name when both ends agree.
///
/// Fed by the disk thread, published by the run: hence the lock.
final class ManifestFile: Sendable {
    /// Lines are written when they come to about this many bytes.
    private static let runByteCount = 1 << 20

    private struct State {
        var pending: [UInt8] = []
        var position = ManifestFile.start
        var last: EntryPath?
    }

    private let directory: DirectoryHandle
    private let name: [UInt8]
    private let temporary: [UInt8]
    private let file: OpenFile
    private let state = Mutex(State())

    /// Where the entries begin: behind a header whose length every root shares.
    private static var start: UInt64 { UInt64(ManifestText.header(root: .zero).utf8.count) }

    /// Makes the file beside `path`.
    /// - Throws: what the system says, for example that the folder is missing.
    init(_ path: [UInt8]) throws(SystemError) {
        (directory, name) = try TicketFile.place(of: path)
        temporary = name + Array(".new-\(Hexadecimal.encode(try SystemEntropy.bytes(4)))".utf8)
        file = try directory.openFile(temporary, for: .creatingExclusively(mode: 0o600))
    }

    deinit {
        // Gone already where it was published.
        try? directory.unlink(temporary)
    }

    /// Appends an entry; one that is not behind the last begins the manifest anew.
    func append(_ entry: ManifestEntry) throws(StorageFailure) {
        let result: Result<Void, SystemError> = state.withLock { state in
            if let last = state.last, entry.path <= last { state = State() }
            state.last = entry.path
            state.pending += Array(ManifestText.line(entry).utf8)
            guard state.pending.count >= Self.runByteCount else { return .success(()) }
            do throws(SystemError) {
                try flush(&state)
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        do { try result.get() } catch { throw StorageFailure(error) }
    }

    private func flush(_ state: inout State) throws(SystemError) {
        try file.write(state.pending, at: state.position)
        state.position += UInt64(state.pending.count)
        state.pending.removeAll(keepingCapacity: true)
    }

    /// Puts the root in front and gives the file its name; what had the name is replaced.
    func publish(root: Hash256) throws(SystemError) {
        let result: Result<Void, SystemError> = state.withLock { state in
            do throws(SystemError) {
                try flush(&state)
                try file.setSize(state.position)
                try file.write(Array(ManifestText.header(root: root).utf8), at: 0)
                try file.setMode(0o666 & ~FileCreationMask.current)
                try file.sync()
                try directory.renameReplacing(temporary, toDirectory: directory, to: name)
                try directory.sync()
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }
}

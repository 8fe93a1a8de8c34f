import SealiftIO
import SealiftTransfer
import Synchronization

/// The new file that a list of hashes is written to (0644, reduced by the process's mask); what exists is
/// left alone.
public final class MediaHashFile: Sendable {
    private struct State {
        var offset: UInt64 = 0
        var failure: SystemError?
    }

    private let directory: DirectoryHandle
    private let name: [UInt8]
    private let file: OpenFile
    private let state = Mutex(State())

    /// Makes the file.
    public init(at path: [UInt8]) throws(SealiftError) {
        do throws(SystemError) {
            (directory, name) = try TicketFile.place(of: path)
            file = try directory.openFile(name, for: .creatingExclusively(mode: 0o644))
        } catch {
            throw SealiftError(StorageFailure(error), doing: .send)
        }
    }

    /// Appends `bytes`; what fails is said by ``finish()``.
    public func write(_ bytes: [UInt8]) {
        state.withLock { state in
            guard state.failure == nil else { return }
            do throws(SystemError) {
                try file.write(bytes, at: state.offset)
                state.offset += UInt64(bytes.count)
            } catch {
                state.failure = error
            }
        }
    }

    /// Brings everything to the disk.
    public func finish() throws(SealiftError) {
        do throws(SystemError) {
            if let failure = state.withLock({ $0.failure }) { throw failure }
            try file.sync()
            try file.close()
        } catch {
            throw SealiftError(StorageFailure(error), doing: .send)
        }
    }

    /// Takes the file back.
    public func remove() { try? directory.unlink(name) }
}

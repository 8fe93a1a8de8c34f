import SealiftBase
import SealiftContent
import SealiftIO
import SealiftTransfer

/// A file without a name in the home folder: it holds what is too large for memory, and is gone when
/// the process ends, however it ends.
final class SpoolFile: Sendable {
    private let file: OpenFile

    init(in directory: DirectoryHandle) throws(SystemError) {
        let suffix = Hexadecimal.encode(try SealiftIO.SystemEntropy.bytes(8))
        let name = Array(".spool-\(suffix)".utf8)
        file = try directory.openFile(name, for: .creatingExclusively(mode: 0o600))
        try directory.unlink(name)
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(StorageFailure) {
        do throws(SystemError) { try file.write(from: bytes, at: offset) } catch {
            throw StorageFailure(error)
        }
    }

    func write(_ bytes: [UInt8], at offset: UInt64) throws(StorageFailure) {
        do throws(SystemError) { try file.write(bytes, at: offset) } catch {
            throw StorageFailure(error)
        }
    }

    /// Fills `buffer` as far as the file goes, and says how far.
    func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64
    ) throws(StorageFailure) -> Int {
        do throws(SystemError) { return try file.read(into: buffer, at: offset) } catch {
            throw StorageFailure(error)
        }
    }

    /// Reads `count` bytes; nil where the file is shorter.
    func readArray(count: Int, at offset: UInt64) throws(StorageFailure) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var outcome: Result<Int, StorageFailure> = .success(0)
        bytes.withUnsafeMutableBytes { buffer in
            do throws(StorageFailure) {
                outcome = .success(try read(into: buffer, at: offset))
            } catch {
                outcome = .failure(error)
            }
        }
        return try outcome.get() == count ? bytes : nil
    }
}

/// The roots of files by their index: 32 bytes each in a spool file, zeros for "not known".
final class RootSpool: Sendable {
    private let file: SpoolFile

    init(in directory: DirectoryHandle) throws(SystemError) {
        file = try SpoolFile(in: directory)
    }

    func store(_ root: Hash256, of file: FileIndex) throws(StorageFailure) {
        try self.file.write(root.bytes, at: Self.offset(of: file))
    }

    /// The root; nil where none was stored, also for the zeros that stand for an empty file.
    func root(of file: FileIndex) throws(StorageFailure) -> Hash256? {
        let bytes = try self.file.readArray(
            count: Hash256.byteCount, at: Self.offset(of: file))
        guard let bytes, let root = Hash256(bytes), root != .zero else { return nil }
        return root
    }

    private static func offset(of file: FileIndex) -> UInt64 {
        file.rawValue * UInt64(Hash256.byteCount)
    }
}

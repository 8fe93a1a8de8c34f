import SealiftBase
import SealiftContent
import SealiftCrypto
import SealiftIO

/// Reads one file after another, 1 MiB at a time, and hashes it.
final class FileHasher {
    /// Why a file has no hash.
    enum Failure: Error {
        case system(SystemError)
        /// It is not what it was when its reading began.
        case changed
        /// The user stopped.
        case stopped
    }

    private static let chunkSize = 1 << 20

    let algorithm: HashAlgorithm
    private let cancellation: Cancellation
    private let buffer: UnsafeMutableRawBufferPointer

    init(algorithm: HashAlgorithm, cancellation: Cancellation) {
        self.algorithm = algorithm
        self.cancellation = cancellation
        buffer = .allocate(byteCount: Self.chunkSize, alignment: 4_096)
    }

    deinit {
        buffer.deallocate()
    }

    /// The hash of `file`, which was found with `status`.
    /// - Parameter holes: byte ranges that read as zeros; a tree hash does not read them.
    func hash(
        _ file: OpenFile, status: FileStatus, holes: [Range<UInt64>]
    ) throws(Failure) -> Hash256 {
        file.advise(.readInOrder)
        let hash: Hash256
        switch algorithm {
        case .tree: hash = try treeRoot(of: file, size: status.size, holes: holes)
        case .sha256: hash = try digest(of: file, size: status.size)
        }
        let after: FileStatus
        do throws(SystemError) {
            after = try file.status()
        } catch {
            throw .system(error)
        }
        guard status.describesSameContent(as: after) else { throw .changed }
        return hash
    }

    private func treeRoot(
        of file: OpenFile, size: UInt64, holes: [Range<UInt64>]
    ) throws(Failure) -> Hash256 {
        var hasher = ContentHasher()
        for hole in holes + [size..<size] {
            while hasher.length < hole.lowerBound {
                hasher.update(try chunk(of: file, hasher.length..<hole.lowerBound))
            }
            hasher.updateZeros(count: UInt64(hole.count))
        }
        return size == 0 ? .zero : hasher.finalize().root
    }

    private func digest(of file: OpenFile, size: UInt64) throws(Failure) -> Hash256 {
        var hasher = IncrementalSHA256()
        var offset: UInt64 = 0
        while offset < size {
            let bytes = try chunk(of: file, offset..<size)
            hasher.update(bytes)
            offset += UInt64(bytes.count)
        }
        return hasher.finalize()
    }

    /// The first bytes of `range`, at most a chunk and at least one.
    private func chunk(
        of file: OpenFile, _ range: Range<UInt64>
    ) throws(Failure) -> UnsafeRawBufferPointer {
        if cancellation.isRequested { throw .stopped }
        let wanted = Int(min(UInt64(buffer.count), UInt64(range.count)))
        let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted])
        let count: Int
        do throws(SystemError) {
            count = try file.read(into: part, at: range.lowerBound)
        } catch {
            throw .system(error)
        }
        // The file ended before the length it had.
        guard count == wanted else { throw .changed }
        return UnsafeRawBufferPointer(part)
    }
}

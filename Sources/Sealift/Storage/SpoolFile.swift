import SealiftBase
import SealiftContent
import SealiftIO
import SealiftTransfer
import Synchronization

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

    /// Reads up to `limit` bytes; fewer where the file is shorter.
    func readArray(atMost limit: Int, at offset: UInt64) throws(StorageFailure) -> [UInt8] {
        do throws(SystemError) { return try file.readArray(atMost: limit, at: offset) } catch {
            throw StorageFailure(error)
        }
    }
}

/// A look into a spool that is not written any more, which reads ahead: what is read in order costs a
/// system call for each 32 KiB, however small the parts.
struct SpoolWindow {
    /// Bytes read at once; more where more is wanted.
    private static let readAhead = 32 << 10

    private let file: SpoolFile
    /// Where ``bytes`` begin in the file.
    private var start: UInt64 = 0
    private var bytes: [UInt8] = []

    init(_ file: SpoolFile) {
        self.file = file
    }

    /// Hands `body` the `count` bytes from `offset` on.
    /// - Returns: what it made of them; nil where the file is shorter.
    mutating func withBytes<Value>(
        count: Int, at offset: UInt64, _ body: (UnsafeRawBufferPointer) -> Value
    ) throws(StorageFailure) -> Value? {
        if offset < start || offset - start > UInt64(bytes.count)
            || bytes.count - Int(offset - start) < count
        {
            bytes = try file.readArray(atMost: max(count, Self.readAhead), at: offset)
            start = offset
        }
        let from = Int(offset - start)
        guard bytes.count - from >= count else { return nil }
        return bytes.withUnsafeBytes {
            body(UnsafeRawBufferPointer(rebasing: $0[from..<(from + count)]))
        }
    }
}

/// The roots of files by their index: 32 bytes each in a spool file, zeros for "not known".
///
/// Files come in order, so one page of roots is held and written when another is wanted.
final class RootSpool: Sendable {
    /// Roots in a page, 4 KiB.
    private static let pageLength: UInt64 = 128

    /// The page at hand.
    private struct Page {
        var number: UInt64 = 0
        var bytes = [UInt8](repeating: 0, count: Int(pageLength) * Hash256.byteCount)
        var isChanged = false
    }

    private let file: SpoolFile
    private let page = Mutex(Page())

    init(in directory: DirectoryHandle) throws(SystemError) {
        file = try SpoolFile(in: directory)
    }

    func store(_ root: Hash256, of file: FileIndex) throws(StorageFailure) {
        try page.withLock { page throws(StorageFailure) in
            try turn(to: file, &page)
            page.bytes.withUnsafeMutableBytes { root.copyBytes(to: Self.slot(of: file, in: $0)) }
            page.isChanged = true
        }
    }

    /// The root; nil where none was stored, also for the zeros that stand for an empty file.
    func root(of file: FileIndex) throws(StorageFailure) -> Hash256? {
        try page.withLock { page throws(StorageFailure) in
            try turn(to: file, &page)
            let root = page.bytes.withUnsafeMutableBytes {
                Hash256(UnsafeRawBufferPointer(Self.slot(of: file, in: $0)))
            }
            return root == .zero ? nil : root
        }
    }

    /// Makes the page of `file` the one at hand.
    private func turn(to file: FileIndex, _ page: inout Page) throws(StorageFailure) {
        let number = file.rawValue / Self.pageLength
        guard number != page.number else { return }
        let size = page.bytes.count
        if page.isChanged { try self.file.write(page.bytes, at: page.number * UInt64(size)) }
        page.isChanged = false
        var bytes = try self.file.readArray(atMost: size, at: number * UInt64(size))
        bytes.append(contentsOf: repeatElement(0, count: size - bytes.count))
        page.bytes = bytes
        page.number = number
    }

    private static func slot(
        of file: FileIndex, in page: UnsafeMutableRawBufferPointer
    ) -> UnsafeMutableRawBufferPointer {
        let start = Int(file.rawValue % pageLength) * Hash256.byteCount
        return UnsafeMutableRawBufferPointer(rebasing: page[start..<(start + Hash256.byteCount)])
    }
}

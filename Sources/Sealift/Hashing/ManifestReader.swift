import SealiftBase
import SealiftContent
import SealiftIO

/// Reads the entries of a manifest file one after another; memory holds one chunk of it.
struct ManifestReader {
    /// Why it cannot go on.
    enum Failure: Error {
        case system(SystemError)
        /// The line with this number, 1 for the first, is none of a manifest.
        case line(UInt64, ManifestText.Violation)
        /// The entry on this line is not behind the one before.
        case order(UInt64)
    }

    private static let chunkSize = 1 << 20

    private let file: OpenFile
    private var buffer: [UInt8] = []
    private var start = 0
    private var offset: UInt64 = 0
    private var lineNumber: UInt64 = 0
    private var last: EntryPath?
    /// The root that the header states.
    private(set) var root = Hash256.zero

    /// Reads the header.
    init(_ file: OpenFile) throws(Failure) {
        self.file = file
        let first = try nextLine() ?? ""
        do { try ManifestText.checkFirstLine(first) } catch { throw .line(1, error) }
        let second = try nextLine() ?? ""
        do { root = try ManifestText.root(in: second) } catch { throw .line(2, error) }
    }

    /// The next entry; nil at the end.
    mutating func next() throws(Failure) -> ManifestEntry? {
        guard let line = try nextLine() else { return nil }
        let entry: ManifestEntry
        do { entry = try ManifestText.entry(in: line) } catch { throw .line(lineNumber, error) }
        if let last, entry.path <= last { throw .order(lineNumber) }
        last = entry.path
        return entry
    }

    private mutating func nextLine() throws(Failure) -> String? {
        lineNumber += 1
        while true {
            if let end = buffer[start...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { start = end + 1 }
                return String(validating: buffer[start..<end], as: UTF8.self) ?? "\u{FFFD}"
            }
            guard buffer.count - start <= ManifestText.maximumLineLength else {
                throw .line(lineNumber, .malformedLine)
            }
            buffer.removeFirst(start)
            start = 0
            guard try fill() else {
                // A line without an end was cut.
                guard buffer.isEmpty else { throw .line(lineNumber, .malformedLine) }
                return nil
            }
        }
    }

    /// Reads on; false at the end of the file.
    private mutating func fill() throws(Failure) -> Bool {
        let kept = buffer.count
        buffer += [UInt8](repeating: 0, count: Self.chunkSize)
        var outcome: Result<Int, SystemError> = .success(0)
        buffer.withUnsafeMutableBytes { bytes in
            do throws(SystemError) {
                outcome = .success(
                    try file.read(
                        into: UnsafeMutableRawBufferPointer(rebasing: bytes[kept...]), at: offset))
            } catch {
                outcome = .failure(error)
            }
        }
        do {
            let count = try outcome.get()
            buffer.removeLast(Self.chunkSize - count)
            offset += UInt64(count)
            return count > 0
        } catch {
            throw .system(error)
        }
    }
}

internal import SealiftBase
public import SealiftContent

/// Walks a spooled listing from its first entry, a piece of it in memory at a time.
public struct ListingWalker: Sendable {
    /// Why the walk ended early.
    public enum Failure: Error {
        /// The spool cannot be read.
        case storage(StorageFailure)
        /// The listing breaks a rule.
        case listing(ListingViolation)
    }

    private static let chunkSize = 65_536

    private let length: UInt64
    private var decoder = ListingDecoder()
    private var offset: UInt64 = 0
    private var isOver = false

    /// Makes a walker over a listing of `length` bytes.
    public init(length: UInt64) {
        self.length = length
    }

    /// What the entries so far add up to.
    public var totals: ListingTotals { decoder.totals }

    /// The next entry with its file index; nil at the end.
    /// - Parameter read: reads bytes of the spool at an offset and says how many it got.
    /// - Throws: ``Failure``.
    public mutating func next(
        read: (UInt64, UnsafeMutableRawBufferPointer) throws(StorageFailure) -> Int
    ) throws(Failure) -> (FileIndex, ListingEntry)? {
        while true {
            do throws(ListingViolation) {
                let index = decoder.nextIndex
                if let entry = try decoder.next() { return (index, entry) }
                if offset == length {
                    if !isOver { try decoder.finish() }
                    isOver = true
                    return nil
                }
            } catch {
                throw .listing(error)
            }
            try feed(read: read)
        }
    }

    private mutating func feed(
        read: (UInt64, UnsafeMutableRawBufferPointer) throws(StorageFailure) -> Int
    ) throws(Failure) {
        let want = Int(min(UInt64(Self.chunkSize), length - offset))
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: want, alignment: 8)
        defer { buffer.deallocate() }
        let got: Int
        do { got = try read(offset, buffer) } catch { throw .storage(error) }
        guard got > 0 else {
            throw .storage(
                StorageFailure(kind: .other, description: "the listing's spool is short"))
        }
        decoder.feed(UnsafeRawBufferPointer(rebasing: buffer[..<got]))
        offset += UInt64(got)
    }
}

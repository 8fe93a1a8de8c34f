import SealiftBase

/// Writes a listing, entry by entry, and gives its bytes away as they come: ten million entries need
/// no more memory than the caller lets pile up between two ``drain()``s.
public struct ListingEncoder: Sendable {
    private var order = ListingOrder()
    private var pending = ByteWriter()

    /// Bytes written so far, drained ones included.
    public private(set) var byteCount: UInt64 = 0

    /// What the entries add up to.
    public private(set) var totals = ListingTotals()

    /// Makes the encoder of an empty listing.
    public init() {
        pending.write(ListingFormat.magic)
        byteCount = UInt64(pending.count)
    }

    /// Bytes that wait to be drained.
    public var pendingByteCount: Int { pending.count }

    /// Appends `entry`.
    /// - Throws: the rule that the entry breaks: order, parent or totals; nothing was appended.
    public mutating func append(_ entry: ListingEntry) throws(ListingViolation) {
        var order = order
        try order.advance(to: entry.path, kind: entry.entryKind)
        var totals = totals
        try totals.add(entry)
        let before = pending.count
        Self.write(entry, to: &pending)
        byteCount += UInt64(pending.count - before)
        guard byteCount <= ListingFormat.maximumByteCount else { throw .listingTooLong }
        self.order = order
        self.totals = totals
    }

    /// Takes the bytes written since the last call.
    public mutating func drain() -> [UInt8] {
        let bytes = pending.bytes
        pending = ByteWriter()
        return bytes
    }

    private static func write(_ entry: ListingEntry, to writer: inout ByteWriter) {
        writer.write(entry.entryKind.rawValue)
        writer.write(entry.flags)
        writer.writeLengthPrefixed(entry.path.bytes)
        switch entry.kind {
        case .directory:
            break
        case .symbolicLink(let target):
            writer.writeLengthPrefixed(target.bytes)
        case .file(let file):
            writer.writeVariableLengthInteger(file.size)
            writer.write(UInt64(bitPattern: file.modificationTime.seconds))
            writer.write(file.modificationTime.nanoseconds)
            writer.writeVariableLengthInteger(UInt64(file.holes.runs.count))
            var end: UInt64 = 0
            for run in file.holes.runs {
                writer.writeVariableLengthInteger(run.lowerBound - end)
                writer.writeVariableLengthInteger(run.upperBound - run.lowerBound)
                end = run.upperBound
            }
        }
    }
}

extension ListingEntry {
    /// The flags byte of the entry, in the listing and in the manifest.
    var flags: UInt8 {
        file?.isExecutable == true ? ListingFormat.executableFlag : 0
    }
}

import SealiftBase

/// Reads one entry from the front of what has arrived, or says how many bytes it needs at least.
struct ListingEntryParser {
    /// Why there is no entry.
    enum Stop: Error, Equatable {
        /// The entry has at least this many bytes, more than there are.
        case needsMore(Int)
        /// The entry breaks a rule, whatever may follow.
        case violated(ListingViolation)
    }

    private var reader: ByteReader

    /// What is known of the entry's size. It lets the decoder wait instead of parsing a long entry
    /// again for each byte that arrives.
    private var leastByteCount = ListingFormat.minimumEntryByteCount

    init(_ bytes: UnsafeRawBufferPointer) {
        reader = ByteReader(bytes)
    }

    /// Bytes read so far: those of the entry, once it is read.
    var byteCount: Int { reader.offset }

    /// Reads the entry. Every bound is checked before bytes are waited for or memory is taken.
    mutating func parse() throws(Stop) -> ListingEntry {
        let kindByte = try byte()
        guard let kind = EntryKind(rawValue: kindByte) else {
            throw .violated(.unknownKind(kindByte))
        }
        let flags = try byte()
        let known = kind == .file ? ListingFormat.executableFlag : 0
        guard flags & ~known == 0 else { throw .violated(.unknownFlags(flags)) }
        let path = try self.path()
        switch kind {
        case .directory:
            return ListingEntry(path: path, kind: .directory)
        case .symbolicLink:
            return ListingEntry(path: path, kind: .symbolicLink(try linkTarget(at: path)))
        case .file:
            let isExecutable = flags & ListingFormat.executableFlag != 0
            return ListingEntry(path: path, kind: .file(try file(isExecutable: isExecutable)))
        }
    }

    private mutating func path() throws(Stop) -> EntryPath {
        let bytes = try run(atMost: EntryPath.maximumByteCount, else: .path(.tooLong))
        do {
            return try EntryPath(bytes)
        } catch {
            throw .violated(.path(error))
        }
    }

    private mutating func linkTarget(at path: EntryPath) throws(Stop) -> LinkTarget {
        let bytes = try run(atMost: LinkTarget.maximumByteCount, else: .linkTarget(.tooLong))
        do {
            return try LinkTarget(bytes, at: path)
        } catch {
            throw .violated(.linkTarget(error))
        }
    }

    private mutating func file(isExecutable: Bool) throws(Stop) -> FileEntry {
        needs(ListingFormat.minimumFileByteCount)
        let size = try integer(atMost: FileEntry.maximumSize, else: .fileTooLarge)
        let modificationTime = try self.modificationTime()
        let holes = try self.holes(size: size)
        return FileEntry(
            size: size, modificationTime: modificationTime, isExecutable: isExecutable, holes: holes
        )
    }

    private mutating func modificationTime() throws(Stop) -> ModificationTime {
        let seconds: UInt64
        let nanoseconds: UInt32
        do {
            seconds = try reader.readUInt64()
            nanoseconds = try reader.readUInt32()
        } catch {
            throw .needsMore(leastByteCount)
        }
        guard
            let time = ModificationTime(
                seconds: Int64(bitPattern: seconds), nanoseconds: nanoseconds)
        else { throw .violated(.invalidTime) }
        return time
    }

    private mutating func holes(size: UInt64) throws(Stop) -> HoleRuns {
        let count = Int(
            try integer(atMost: UInt64(HoleRuns.maximumCount), else: .holes(.tooMany)))
        guard count > 0 else { return .none }
        let limit = PieceGeometry.fullPieceCount(of: size)
        var runs: [Range<UInt64>] = []
        var end: UInt64 = 0
        for index in 0..<count {
            needs(2 * (count - index))
            let gap = try integer(atMost: limit - end, else: .holes(.pastEnd))
            guard index == 0 || gap > 0 else { throw .violated(.holes(.notApart)) }
            let start = end + gap
            let length = try integer(atMost: limit - start, else: .holes(.pastEnd))
            guard length > 0 else { throw .violated(.holes(.empty)) }
            end = start + length
            runs.append(start..<end)
        }
        do {
            return try HoleRuns(runs, size: size)
        } catch {
            throw .violated(.holes(error))
        }
    }

    /// Notes that the entry has at least `count` bytes more.
    private mutating func needs(_ count: Int) {
        leastByteCount = max(leastByteCount, reader.offset + count)
    }

    private mutating func byte() throws(Stop) -> UInt8 {
        do {
            return try reader.readUInt8()
        } catch {
            throw .needsMore(leastByteCount)
        }
    }

    private mutating func integer(
        atMost bound: UInt64, else violation: ListingViolation
    ) throws(Stop) -> UInt64 {
        do {
            return try reader.readVariableLengthInteger(atMost: bound)
        } catch {
            switch error {
            case .truncated: throw .needsMore(leastByteCount)
            case .outOfBounds: throw .violated(violation)
            }
        }
    }

    private mutating func run(
        atMost bound: Int, else violation: ListingViolation
    ) throws(Stop) -> UnsafeRawBufferPointer {
        let length = Int(try integer(atMost: UInt64(bound), else: violation))
        needs(length)
        do {
            return try reader.readBytes(count: length)
        } catch {
            throw .needsMore(leastByteCount)
        }
    }
}

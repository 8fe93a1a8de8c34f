public import SealiftBase

/// One line of the log of placed files: this transfer gave a file its name (PROTOCOL §9.7).
///
/// It is what tells an interrupted run's own files from those that were there before. 120 bytes:
/// u8 version (1) ‖ u8 state ‖ u8 flags (bit 0: executable) ‖ u8 0 ‖ u32 number ‖ path key (16) ‖
/// staging key (16) ‖ root (32) ‖ u64 inode ‖ u64 size ‖ mtime (12) ‖ ctime (12) ‖ u32 0 ‖ u32
/// CRC-32C of the 116 bytes before.
public struct PlacedFileRecord: Hashable, Sendable {
    /// Bytes of an encoded record.
    public static let byteCount = 120

    private static let version: UInt8 = 1
    private static let executable: UInt8 = 1

    /// How far the file was when the record was written.
    public enum State: UInt8, Sendable {
        /// Proven, and about to get its name; its ctime is not known yet.
        case placing = 1
        /// It has its name.
        case placed = 2
        /// It has its name, but the disk gave back something else than was written.
        case refuted = 3
    }

    /// How far the file was.
    public let state: State
    /// The path it was listed at.
    public let path: PathKey
    /// What the listing said of it.
    public let key: StagingKey
    /// Whether it was listed as executable.
    public let isExecutable: Bool
    /// The number in its name where `--on-conflict rename` gave it another; 0 for its own name.
    public let number: UInt32
    /// Its tree root; zero for an empty file.
    public let root: Hash256
    /// The file on disk. Its volume is the one the log is on; ``FileIdentity/device`` is 0 in what
    /// was read from a log.
    public let identity: FileIdentity

    /// Puts the parts together.
    public init(
        state: State, path: PathKey, key: StagingKey, isExecutable: Bool, number: UInt32,
        root: Hash256, identity: FileIdentity
    ) {
        self.state = state
        self.path = path
        self.key = key
        self.isExecutable = isExecutable
        self.number = number
        self.root = root
        self.identity = identity
    }

    /// The same file in another state, as it is on disk now.
    public func with(_ state: State, identity: FileIdentity) -> PlacedFileRecord {
        PlacedFileRecord(
            state: state, path: path, key: key, isExecutable: isExecutable, number: number,
            root: root, identity: identity)
    }

    /// How a file found on disk compares with the one recorded.
    public enum Match: Sendable {
        /// It is the file that was placed, and nobody touched it since.
        case untouched
        /// It may hold what was placed; its content has to be read to tell.
        case plausible
        /// It is something else.
        case other
    }

    /// Compares the file at the recorded name with the record.
    ///
    /// Any write changes the ctime, which no program can set back. A copy of the whole folder to
    /// another disk changes inode and ctime, and a power cut may lose the record with the ctime:
    /// content of the same size and mtime is read again then.
    public func match(_ found: FileIdentity) -> Match {
        guard found.size == identity.size, found.modificationTime == identity.modificationTime
        else { return .other }
        let isSame =
            state != .placing && found.inode == identity.inode
            && found.changeTime == identity.changeTime
        return isSame ? .untouched : .plausible
    }

    /// The 120 bytes.
    public var encoded: [UInt8] {
        var writer = ByteWriter(capacity: Self.byteCount)
        writer.write(Self.version)
        writer.write(state.rawValue)
        writer.write(isExecutable ? Self.executable : 0)
        writer.writeZeros(1)
        writer.write(number)
        path.write(to: &writer)
        writer.write(key.bytes)
        writer.write(root)
        writer.write(identity.inode)
        writer.write(identity.size)
        identity.modificationTime.write(to: &writer)
        identity.changeTime.write(to: &writer)
        writer.writeZeros(4)
        writer.write(CyclicRedundancyCheck.value(of: writer.bytes))
        return writer.bytes
    }

    /// Reads a record from the front of `bytes`; nil where there is none, or it is cut short, torn,
    /// or of another version: nothing of it counts then.
    public init?(decoding bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= Self.byteCount else { return nil }
        let record = UnsafeRawBufferPointer(rebasing: bytes[..<Self.byteCount])
        do throws(ByteReader.Failure) {
            var reader = ByteReader(record)
            let version = try reader.readUInt8()
            let state = try reader.readUInt8()
            let flags = try reader.readUInt8()
            _ = try reader.readUInt8()
            number = try reader.readUInt32()
            path = try PathKey(&reader)
            let key = try reader.readBytes(count: StagingKey.byteCount)
            root = try reader.readHash()
            let inode = try reader.readUInt64()
            let size = try reader.readUInt64()
            let modified = try ModificationTime(&reader)
            let changed = try ModificationTime(&reader)
            _ = try reader.readUInt32()
            let check = try reader.readUInt32()
            guard version == Self.version, let state = State(rawValue: state),
                let key = StagingKey(bytes: key),
                check == CyclicRedundancyCheck.value(of: record[..<(Self.byteCount - 4)])
            else { return nil }
            self.state = state
            self.key = key
            isExecutable = flags & Self.executable != 0
            identity = FileIdentity(
                device: 0, inode: inode, size: size, modificationTime: modified,
                changeTime: changed)
        } catch {
            return nil
        }
    }
}

import SealiftBase

/// What a journal says of itself: which file it is for, and how far its data is surely on disk.
///
/// 72 bytes: `"SLJ1"` ‖ u8 version (2) ‖ 3 zero bytes ‖ staging key (16) ‖ boot identity (16) ‖
/// u64 inode of the data ‖ u64 length ‖ u64 revision ‖ u32 synced epoch ‖ u32 CRC-32C of the 68
/// bytes before. Version 1 had no inode.
public struct PieceJournalHeader: Hashable, Sendable {
    /// Bytes of an encoded header.
    public static let byteCount = 72

    private static let magic = Array("SLJ1".utf8)
    private static let version: UInt8 = 2

    /// The file's staging key.
    public let key: StagingKey
    /// The inode of the data file that the records tell of: where another file took its name, they
    /// tell nothing.
    public let dataInode: UInt64
    /// The file's length in bytes.
    public let length: UInt64
    /// The run of the machine in which every record with a later epoch than ``syncedEpoch`` was
    /// written.
    public let boot: BootIdentity
    /// How often the header was written: the higher of two whole slots counts, and its parity says
    /// which slot it stands in.
    public let revision: UInt64
    /// The last epoch whose data was synced; 0 for none.
    public let syncedEpoch: UInt32

    /// Puts the parts together.
    public init(
        key: StagingKey, dataInode: UInt64, length: UInt64, boot: BootIdentity, revision: UInt64,
        syncedEpoch: UInt32
    ) {
        self.key = key
        self.dataInode = dataInode
        self.length = length
        self.boot = boot
        self.revision = revision
        self.syncedEpoch = syncedEpoch
    }

    /// Where this revision of the header is written: the slot that the one before is not in.
    public var offset: UInt64 { (revision & 1) * PieceJournalFormat.slotByteCount }

    /// The 72 bytes.
    public var encoded: [UInt8] {
        var writer = ByteWriter(capacity: Self.byteCount)
        writer.write(Self.magic)
        writer.write(Self.version)
        writer.writeZeros(3)
        writer.write(key.bytes)
        writer.write(boot.bytes)
        writer.write(dataInode)
        writer.write(length)
        writer.write(revision)
        writer.write(syncedEpoch)
        writer.write(CyclicRedundancyCheck.value(of: writer.bytes))
        return writer.bytes
    }

    /// Reads a header from the front of `bytes`.
    /// - Throws: ``RecordViolation``.
    public init(decoding bytes: UnsafeRawBufferPointer) throws(RecordViolation) {
        guard bytes.count >= Self.byteCount, bytes.starts(with: Self.magic) else { throw .damaged }
        let covered = bytes[..<(Self.byteCount - 4)]
        let version = bytes[Self.magic.count]
        let isPadded: Bool
        do throws(ByteReader.Failure) {
            var reader = ByteReader(UnsafeRawBufferPointer(rebasing: bytes[..<Self.byteCount]))
            _ = try reader.readBytes(count: Self.magic.count + 1)
            isPadded = try reader.readBytes(count: 3).allSatisfy { $0 == 0 }
            let key = StagingKey(bytes: try reader.readBytes(count: StagingKey.byteCount))
            let boot = BootIdentity(bytes: try reader.readBytes(count: BootIdentity.byteCount))
            dataInode = try reader.readUInt64()
            length = try reader.readUInt64()
            revision = try reader.readUInt64()
            syncedEpoch = try reader.readUInt32()
            let check = try reader.readUInt32()
            guard check == CyclicRedundancyCheck.value(of: covered), let key, let boot else {
                throw ByteReader.Failure.outOfBounds
            }
            self.key = key
            self.boot = boot
        } catch {
            throw .damaged
        }
        guard version == Self.version else { throw .newerVersion(version) }
        guard isPadded else { throw .damaged }
    }

    /// The newest whole header among the two slots at the start of a journal; nil when neither is
    /// whole: then nothing is known of the file's pieces.
    /// - Parameter area: the journal's first 8,192 bytes, or what there is of them.
    public static func newest(in area: UnsafeRawBufferPointer) -> PieceJournalHeader? {
        let slot = Int(PieceJournalFormat.slotByteCount)
        let candidates = [0, slot].compactMap { start -> PieceJournalHeader? in
            guard start < area.count else { return nil }
            return try? PieceJournalHeader(
                decoding: UnsafeRawBufferPointer(rebasing: area[start...]))
        }
        return candidates.max { $0.revision < $1.revision }
    }
}

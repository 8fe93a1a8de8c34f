public import SealiftBase

/// The front of a cache record: which file it is for, and its root (PROTOCOL §9.6).
///
/// 92 bytes: `"SLC1"` ‖ u8 version (1) ‖ 3 zero bytes ‖ u64 device ‖ u64 inode ‖ u64 size ‖ mtime
/// (u64 seconds ‖ u32 nanoseconds) ‖ ctime (the same) ‖ root (32) ‖ u32 CRC-32C of all bytes before.
/// The table of piece hashes follows, 32 bytes each, 32 zero bytes standing for a full piece of
/// zeros; its number of pieces follows from the size, so records may stand one behind another.
public struct PieceHashCacheHeader: Hashable, Sendable {
    /// Bytes of an encoded header.
    public static let byteCount = 92

    private static let magic = Array("SLC1".utf8)
    private static let version: UInt8 = 1

    /// The file as it was when it was hashed.
    public let identity: FileIdentity
    /// Its root.
    public let root: Hash256

    /// Puts the two parts together.
    public init(identity: FileIdentity, root: Hash256) {
        self.identity = identity
        self.root = root
    }

    /// The file's content.
    public var content: ContentID { ContentID(length: identity.size, root: root) }

    /// Where the hash of `piece` stands in the record; nil behind the file's last piece.
    public func offset(of piece: PieceIndex) -> UInt64? {
        guard piece.rawValue < PieceGeometry.pieceCount(of: identity.size) else { return nil }
        return UInt64(Self.byteCount) + piece.rawValue * UInt64(Hash256.byteCount)
    }

    /// The 92 bytes.
    public var encoded: [UInt8] {
        var writer = ByteWriter(capacity: Self.byteCount)
        writer.write(Self.magic)
        writer.write(Self.version)
        writer.writeZeros(3)
        writer.write(identity.device)
        writer.write(identity.inode)
        writer.write(identity.size)
        for time in [identity.modificationTime, identity.changeTime] {
            time.write(to: &writer)
        }
        writer.write(root)
        writer.write(CyclicRedundancyCheck.value(of: writer.bytes))
        return writer.bytes
    }

    /// Reads a header from the front of `bytes`.
    /// - Throws: ``RecordViolation``.
    public init(decoding bytes: UnsafeRawBufferPointer) throws(RecordViolation) {
        guard bytes.count >= Self.byteCount, bytes.starts(with: Self.magic) else { throw .damaged }
        let check = CyclicRedundancyCheck.value(of: bytes[..<(Self.byteCount - 4)])
        let version = bytes[Self.magic.count]
        let isPadded: Bool
        do throws(ByteReader.Failure) {
            var reader = ByteReader(UnsafeRawBufferPointer(rebasing: bytes[..<Self.byteCount]))
            _ = try reader.readBytes(count: Self.magic.count + 1)
            isPadded = try reader.readBytes(count: 3).allSatisfy { $0 == 0 }
            let device = try reader.readUInt64()
            let inode = try reader.readUInt64()
            let size = try reader.readUInt64()
            let modificationTime = try ModificationTime(&reader)
            let changeTime = try ModificationTime(&reader)
            root = try reader.readHash()
            guard try reader.readUInt32() == check else { throw ByteReader.Failure.outOfBounds }
            identity = FileIdentity(
                device: device, inode: inode, size: size, modificationTime: modificationTime,
                changeTime: changeTime)
        } catch {
            throw .damaged
        }
        guard version == Self.version else { throw .newerVersion(version) }
        guard isPadded else { throw .damaged }
    }
}

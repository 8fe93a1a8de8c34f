public import SealiftBase
public import SealiftCrypto

/// What a backup says before the database that it holds (`docs/PROTOCOL.md` §11.12): whose it is, which
/// device made it and signed the log in it, and where that log stood at least.
///
///     u8 version (1) ‖ time ‖ identity 32 ‖ X25519 key 32 ‖ Ed25519 key 32
///     ‖ checkpoint 132 (zeros where the home had none) ‖ u64 length of the database
public struct BackupPreface: Hashable, Sendable {
    /// The version that this build writes and reads.
    static let version: UInt8 = 1
    /// The size: 245 bytes.
    public static let byteCount = 1 + 8 + 32 + 2 * 32 + LogCheckpoint.byteCount + 8
    /// The longest database: 2^40 bytes.
    public static let maximumDatabaseLength: UInt64 = 1 << 40

    /// When it was made, on the clock of who made it.
    public let time: WallTime
    /// Whose state it is.
    public let identity: IdentityID
    /// The device that made it.
    public let device: DevicePublicKeys
    /// The head that lay beside the database; nil where none did.
    public let head: LogCheckpoint?
    /// How many bytes of database follow.
    public let databaseLength: UInt64

    /// Puts the parts together; nil for a database of impossible length.
    public init?(
        time: WallTime, identity: IdentityID, device: DevicePublicKeys, head: LogCheckpoint?,
        databaseLength: UInt64
    ) {
        guard (1...Self.maximumDatabaseLength).contains(databaseLength) else { return nil }
        self.time = time
        self.identity = identity
        self.device = device
        self.head = head
        self.databaseLength = databaseLength
    }

    /// The bytes of the table above.
    public var encoded: [UInt8] {
        var writer = ByteWriter(capacity: Self.byteCount)
        writer.write(Self.version)
        writer.write(UInt64(bitPattern: time.secondsSince1970))
        writer.write(identity.value)
        writer.write(device.agreement + device.signing)
        writer.write(head?.encoded ?? [UInt8](repeating: 0, count: LogCheckpoint.byteCount))
        writer.write(databaseLength)
        return writer.bytes
    }

    /// Reads ``encoded``.
    /// - Throws: ``BackupError``.
    public init(decoding bytes: [UInt8]) throws(BackupError) {
        guard let version = bytes.first else { throw .damaged }
        guard version == Self.version else { throw .newerVersion }
        guard bytes.count == Self.byteCount, let preface = bytes.withUnsafeBytes(Self.read) else {
            throw .damaged
        }
        self = preface
    }

    private static func read(_ bytes: UnsafeRawBufferPointer) -> BackupPreface? {
        var reader = ByteReader(bytes)
        guard (try? reader.readUInt8()) == version,
            let seconds = try? reader.readUInt64(), let identity = try? reader.readHash(),
            let agreement = try? reader.readArray(count: 32),
            let signing = try? reader.readArray(count: 32),
            let device = DevicePublicKeys(agreement: agreement, signing: signing),
            let checkpoint = try? reader.readArray(count: LogCheckpoint.byteCount),
            let length = try? reader.readUInt64()
        else { return nil }
        let head = LogCheckpoint(encoded: checkpoint)
        guard head != nil || checkpoint.allSatisfy({ $0 == 0 }) else { return nil }
        return BackupPreface(
            time: WallTime(secondsSince1970: Int64(bitPattern: seconds)),
            identity: IdentityID(identity), device: device, head: head, databaseLength: length)
    }
}

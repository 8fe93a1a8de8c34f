internal import SealiftBase
public import SealiftCrypto

/// The content of a backup file in segments, each sealed on its own (`docs/PROTOCOL.md` §11.12), so that
/// memory holds one of them however long the file is.
///
/// A segment is a secret box whose purpose says its number and whether it is the last: none can be left
/// out, repeated, moved or taken from another file, and a file that was cut has no last one.
public enum BackupSegments {
    /// The content of a segment; the last may have less, and has at least one byte.
    public static let contentByteCount = 262_144
    /// What sealing adds: salt, commitment, tag.
    public static let overhead = 80
    /// A full segment in the file.
    public static let sealedByteCount = contentByteCount + overhead

    /// How much content lies in `byteCount` bytes of segments; nil for a length that none have.
    public static func contentLength(of byteCount: UInt64) -> UInt64? {
        let full = byteCount / UInt64(sealedByteCount)
        let rest = byteCount % UInt64(sealedByteCount)
        guard rest == 0 || rest > UInt64(overhead), byteCount > 0 else { return nil }
        return full * UInt64(contentByteCount) + (rest == 0 ? 0 : rest - UInt64(overhead))
    }

    fileprivate static func purpose(_ number: UInt64, isLast: Bool) -> [UInt8] {
        var writer = ByteWriter(capacity: 40)
        writer.write(Array("sealift/1 backup segment".utf8))
        writer.write(number)
        writer.write(UInt8(isLast ? 1 : 0))
        return writer.bytes
    }
}

/// Seals the segments of one backup, in order.
public struct BackupSealer {
    private let key: SecretBytes
    private var number: UInt64 = 0

    /// Begins under the key of a ``BackupHeader``.
    public init(key: SecretBytes) {
        self.key = key
    }

    /// The next segment, sealed; nil for a size that it must not have, or if the library fails.
    public mutating func seal(
        _ content: [UInt8], isLast: Bool, entropy: inout some EntropySource
    ) -> [UInt8]? {
        guard !content.isEmpty, content.count <= BackupSegments.contentByteCount,
            isLast || content.count == BackupSegments.contentByteCount
        else { return nil }
        defer { number += 1 }
        return SecretBox.seal(
            SecretBytes(copying: content), key: key,
            purpose: BackupSegments.purpose(number, isLast: isLast), entropy: &entropy)
    }
}

/// Opens the segments of one backup, in order.
public struct BackupOpener {
    private let key: SecretBytes
    private var number: UInt64 = 0

    /// Begins under the key of a ``BackupHeader``.
    public init(key: SecretBytes) {
        self.key = key
    }

    /// The content of the next segment.
    /// - Parameter isLast: whether the file ends behind it.
    /// - Throws: ``BackupError/damaged``.
    public mutating func open(_ sealed: [UInt8], isLast: Bool) throws(BackupError) -> [UInt8] {
        guard sealed.count > BackupSegments.overhead,
            sealed.count <= BackupSegments.sealedByteCount,
            isLast || sealed.count == BackupSegments.sealedByteCount,
            let content = SecretBox.open(
                sealed, key: key, purpose: BackupSegments.purpose(number, isLast: isLast))
        else { throw .damaged }
        number += 1
        return content.withUnsafeBytes { Array($0) }
    }
}

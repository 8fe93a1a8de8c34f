import SealiftBase
import SealiftCrypto

// The bytes of an entry, and back (PROTOCOL §12.1).
//
//     u8 version (1) ‖ u8 event ‖ u8 direction ‖ u8 decision ‖ u8 result ‖ u8 present ‖ u64 time
//     ‖ [transfer (16)] ‖ [peer (32)] ‖ [u64 length ‖ root (32)] ‖ [u64 bytes]
//     ‖ varint ‖ subject ‖ varint ‖ reason
extension AuditEntry {
    /// Why bytes are no entry.
    public enum DecodingError: Error, Equatable, Sendable {
        /// Made by a newer sealift. Its hash still counts.
        case newerVersion(UInt8)
        /// Not the bytes of an entry.
        case malformed
    }

    private static let version: UInt8 = 1

    private enum Present {
        static let transfer: UInt8 = 1
        static let peer: UInt8 = 2
        static let content: UInt8 = 4
        static let bytes: UInt8 = 8
        static let all: UInt8 = 15
    }

    /// The entry's bytes: what the log's leaf is the hash of.
    public var encoded: [UInt8] {
        var writer = ByteWriter(capacity: 128 + subject.count)
        for byte in [
            Self.version, event.rawValue, direction.rawValue, decision.rawValue, result.rawValue,
        ] {
            writer.write(byte)
        }
        writer.write(
            (transfer == nil ? 0 : Present.transfer) | (peer == nil ? 0 : Present.peer)
                | (content == nil ? 0 : Present.content) | (bytes == nil ? 0 : Present.bytes))
        writer.write(UInt64(bitPattern: time.secondsSince1970))
        if let transfer { writer.write(transfer.bytes) }
        if let peer { writer.write(peer.value) }
        if let content {
            writer.write(content.length)
            writer.write(content.root)
        }
        if let bytes { writer.write(bytes) }
        writer.writeLengthPrefixed(subject)
        writer.writeLengthPrefixed(Array(reason.utf8))
        return writer.bytes
    }

    /// Reads an entry; exactly one encoding stands for each.
    /// - Throws: ``DecodingError``.
    public init(encoded: [UInt8]) throws(DecodingError) {
        guard let version = encoded.first else { throw .malformed }
        guard version == Self.version else { throw .newerVersion(version) }
        let entry = encoded.withUnsafeBytes { bytes -> AuditEntry? in
            var reader = ByteReader(bytes)
            return (try? Self.read(&reader)) ?? nil
        }
        // What a second encoding would give again: no byte may be there that nothing stands for.
        guard let entry, entry.encoded == encoded else { throw .malformed }
        self = entry
    }

    private static func read(_ reader: inout ByteReader) throws(ByteReader.Failure) -> AuditEntry? {
        _ = try reader.readUInt8()
        guard let event = Event(rawValue: try reader.readUInt8()),
            let direction = Direction(rawValue: try reader.readUInt8()),
            let decision = Decision(rawValue: try reader.readUInt8()),
            let result = Result(rawValue: try reader.readUInt8())
        else { return nil }
        let present = try reader.readUInt8()
        guard present & ~Present.all == 0 else { return nil }
        let time = WallTime(secondsSince1970: Int64(bitPattern: try reader.readUInt64()))
        var entry = AuditEntry(
            event, at: time, direction: direction, decision: decision, result: result)
        if present & Present.transfer != 0 {
            entry.transfer = TransferID(try reader.readBytes(count: TransferID.byteCount))
        }
        if present & Present.peer != 0 { entry.peer = DeviceID(try reader.readHash()) }
        if present & Present.content != 0 {
            entry.content = Content(
                length: try reader.readUInt64(), root: try reader.readHash())
        }
        if present & Present.bytes != 0 { entry.bytes = try reader.readUInt64() }
        let subject = try reader.readLengthPrefixedBytes(atMost: maximumSubjectLength)
        let reason = try reader.readLengthPrefixedBytes(atMost: maximumReasonLength)
        guard reader.isAtEnd else { return nil }
        return AuditEntry(
            event, at: time, direction: direction, transfer: entry.transfer, peer: entry.peer,
            content: entry.content, bytes: entry.bytes, decision: decision, result: result,
            subject: Array(subject), reason: String(decoding: reason, as: UTF8.self))
    }
}

internal import SealiftBase
internal import SealiftCrypto

/// A run of chain entries as it is sent and stored (`docs/PROTOCOL.md` §11.3): the whole of a
/// generation, or its newest part for somebody who has the rest. Not verified: see ``ChainView``.
///
///     u32 count (1 to 4,096) ‖ entries
public struct DeviceChain: Hashable, Sendable {
    /// The most entries of a generation; a recovery begins a new one.
    public static let maximumEntryCount = 4_096
    /// The most devices an identity has at a time.
    public static let maximumDeviceCount = 64
    /// The size of the longest encoding, 14,825,380 bytes: the first entry is the long one.
    public static let maximumByteCount =
        4 + ChainEntry.maximumByteCount + (maximumEntryCount - 1) * longestFurtherEntry
    /// A rotation: header, device id, certificate, signature.
    private static let longestFurtherEntry =
        ChainEntryBody.headerByteCount + 32 + DeviceCertificate.byteCount
        + HybridSignature.byteCount

    /// The entries in order; at least one.
    public let entries: [ChainEntry]

    /// The run of `entries`; nil for none or more than ``maximumEntryCount``.
    public init?(_ entries: [ChainEntry]) {
        guard (1...Self.maximumEntryCount).contains(entries.count) else { return nil }
        self.entries = entries
    }

    /// The bytes of the table above.
    public var encoded: [UInt8] {
        var writer = ByteWriter()
        writer.write(UInt32(entries.count))
        for entry in entries { writer.write(entry.encoded) }
        return writer.bytes
    }

    /// Reads ``encoded``; nil where a bound is broken, or bytes are missing or left over.
    public init?(decoding bytes: UnsafeRawBufferPointer) {
        guard bytes.count <= Self.maximumByteCount else { return nil }
        var reader = ByteReader(bytes)
        guard let count = try? reader.readUInt32(),
            (1...Self.maximumEntryCount).contains(Int(count))
        else { return nil }
        var entries: [ChainEntry] = []
        for _ in 0..<count {
            guard let entry = try? ChainEntry(from: &reader) else { return nil }
            entries.append(entry)
        }
        guard reader.isAtEnd else { return nil }
        self.entries = entries
    }

    /// What somebody lacks who has seen `head`: the entries behind it. Nil where there are none, or
    /// where this run does not reach back to it; the whole run where `head` is of a lower generation.
    public func newer(than head: ChainHead) -> DeviceChain? {
        DeviceChain(entries.filter { $0.position > head.position })
    }
}

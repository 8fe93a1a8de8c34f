import SealiftBase

/// The name of a mailbox: 16 bytes that look random to everybody but the two devices that compute them.
public struct MailboxID: Hashable, Comparable, Sendable {
    /// The size on the wire.
    public static let byteCount = 16

    private let high: UInt64
    private let low: UInt64

    /// Takes 16 bytes; nil for another number.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        high = bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
        low = bytes.dropFirst(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// The 16 bytes.
    public var bytes: [UInt8] {
        var writer = ByteWriter(capacity: Self.byteCount)
        writer.write(high)
        writer.write(low)
        return writer.bytes
    }

    /// The order of the bytes.
    public static func < (left: MailboxID, right: MailboxID) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }

    static func read(from reader: inout ByteReader) -> MailboxID? {
        (try? reader.readBytes(count: byteCount)).flatMap { MailboxID($0) }
    }
}

/// What a server passes on: always 4,096 bytes, which it cannot read.
public struct RendezvousBox: Hashable, Sendable {
    /// The size of every box.
    public static let byteCount = 4_096

    /// The 4,096 bytes.
    public let bytes: [UInt8]

    /// Takes 4,096 bytes; nil for another number.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = Array(bytes)
    }

    /// A box of `content` and zeros, for what is public by itself.
    /// - Precondition: `content` fits.
    init(padding content: [UInt8]) {
        precondition(content.count <= Self.byteCount)
        bytes = content + [UInt8](repeating: 0, count: Self.byteCount - content.count)
    }

    static func read(from reader: inout ByteReader) -> RendezvousBox? {
        (try? reader.readBytes(count: byteCount)).flatMap { RendezvousBox($0) }
    }
}

extension RendezvousBox: CustomStringConvertible {
    /// The first bytes only.
    public var description: String { "<box \(Hexadecimal.encode(bytes.prefix(8)))…>" }
}

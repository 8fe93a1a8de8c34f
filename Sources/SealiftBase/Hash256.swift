/// A SHA-256 value, or another value of exactly 32 bytes that is compared and stored like one.
///
/// Kept as four words so that comparing and copying cost no allocation. Not for secrets: comparison
/// ends at the first difference.
public struct Hash256: Hashable, Comparable, Sendable {
    /// The size of the value: 32 bytes.
    public static let byteCount = 32

    /// 32 zero bytes: a missing leaf of the hash tree, and the root field of an empty file.
    public static let zero = Hash256(words: (0, 0, 0, 0))

    // Big-endian words, so that their order is the order of the bytes.
    private var word0: UInt64
    private var word1: UInt64
    private var word2: UInt64
    private var word3: UInt64

    private init(words: (UInt64, UInt64, UInt64, UInt64)) {
        (word0, word1, word2, word3) = words
    }

    /// Copies 32 bytes, or gives nil for any other number.
    public init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count == Self.byteCount else { return nil }
        func word(_ index: Int) -> UInt64 {
            UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self))
        }
        self.init(words: (word(0), word(1), word(2), word(3)))
    }

    /// Copies 32 bytes, or gives nil for any other number.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        let array = Array(bytes)
        guard let value = array.withUnsafeBytes({ Hash256($0) }) else { return nil }
        self = value
    }

    /// Reads 64 hexadecimal digits; nil for anything else.
    public init?(hexadecimal text: some StringProtocol) {
        guard let bytes = Hexadecimal.decode(text) else { return nil }
        self.init(bytes)
    }

    /// The 32 bytes.
    public var bytes: [UInt8] {
        var writer = ByteWriter(capacity: Self.byteCount)
        for word in [word0, word1, word2, word3] { writer.write(word) }
        return writer.bytes
    }

    /// Writes the 32 bytes to the start of `buffer`.
    /// - Precondition: `buffer` has at least 32 bytes.
    public func copyBytes(to buffer: UnsafeMutableRawBufferPointer) {
        precondition(buffer.count >= Self.byteCount)
        buffer.storeBytes(of: word0.bigEndian, toByteOffset: 0, as: UInt64.self)
        buffer.storeBytes(of: word1.bigEndian, toByteOffset: 8, as: UInt64.self)
        buffer.storeBytes(of: word2.bigEndian, toByteOffset: 16, as: UInt64.self)
        buffer.storeBytes(of: word3.bigEndian, toByteOffset: 24, as: UInt64.self)
    }

    /// 64 lower-case hexadecimal digits.
    public var hexadecimal: String { Hexadecimal.encode(bytes) }

    /// The order of the bytes, first byte first.
    public static func < (left: Hash256, right: Hash256) -> Bool {
        (left.word0, left.word1, left.word2, left.word3)
            < (right.word0, right.word1, right.word2, right.word3)
    }
}

extension Hash256: CustomStringConvertible {
    /// As ``hexadecimal``.
    public var description: String { hexadecimal }
}

extension ByteReader {
    /// Reads 32 bytes.
    /// - Throws: ``ByteReader/Failure/truncated``.
    public mutating func readHash() throws(Failure) -> Hash256 {
        guard let hash = Hash256(try readBytes(count: Hash256.byteCount)) else { throw .truncated }
        return hash
    }
}

extension ByteWriter {
    /// Appends the 32 bytes of `hash`.
    public mutating func write(_ hash: Hash256) {
        write(hash.bytes)
    }
}

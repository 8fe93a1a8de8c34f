import SealiftBase

/// A fuzzer's bytes read as choices: numbers, runs, and at the end zeros without end, so that every
/// input means something and a small change of it stays a small change.
struct FuzzInput {
    private var reader: ByteReader

    init(_ bytes: UnsafeRawBufferPointer) {
        reader = ByteReader(bytes)
    }

    /// Whether every byte was used.
    var isAtEnd: Bool { reader.isAtEnd }

    /// The next byte; 0 at the end.
    mutating func byte() -> UInt8 { (try? reader.readUInt8()) ?? 0 }

    /// The next two bytes as a number.
    mutating func short() -> Int { Int(byte()) << 8 | Int(byte()) }

    /// The next eight bytes as a number.
    mutating func word() -> UInt64 { (0..<8).reduce(0) { word, _ in word << 8 | UInt64(byte()) } }

    /// A number from one byte, below `bound` (1 to 256).
    mutating func choice(_ bound: Int) -> Int { Int(byte()) % bound }

    /// A run of at most `limit` bytes, its length in two bytes before it.
    mutating func run(atMost limit: Int = .max) -> [UInt8] {
        let count = min(short(), limit, reader.remaining)
        return (try? reader.readArray(count: count)) ?? []
    }

    /// A run of exactly `count` bytes, with zeros where the input ended.
    mutating func filled(_ count: Int) -> [UInt8] {
        let found = (try? reader.readArray(count: min(count, reader.remaining))) ?? []
        return found + [UInt8](repeating: 0, count: count - found.count)
    }

    /// Everything that is left.
    mutating func rest() -> [UInt8] { Array(reader.readRemaining()) }
}

extension ByteWriter {
    /// Writes what ``FuzzInput/run(atMost:)`` reads.
    mutating func writeRun(_ bytes: some Collection<UInt8>) {
        write(UInt16(bytes.count))
        write(bytes)
    }
}

/// The bytes that `body` writes: for seeds.
func seed(_ body: (inout ByteWriter) -> Void) -> [UInt8] {
    var writer = ByteWriter()
    body(&writer)
    return writer.bytes
}

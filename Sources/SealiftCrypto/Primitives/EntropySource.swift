import SealiftBase

/// Where keys and handshake ids get their random bytes: the operating system in the product, a seed
/// in tests and in the simulator. Machines take it as an argument, so that they own no randomness.
public protocol EntropySource: Sendable {
    /// Fills `buffer` with random bytes.
    mutating func fill(_ buffer: UnsafeMutableRawBufferPointer)
}

extension EntropySource {
    /// `count` random bytes that are no secret (ids, choices).
    public mutating func bytes(_ count: Int) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: count)
        result.withUnsafeMutableBytes { fill($0) }
        return result
    }
}

/// The operating system's generator (`getrandom` on Linux): the only one for real keys.
public struct SystemEntropy: EntropySource {
    private var generator = SystemRandomNumberGenerator()

    /// Makes the source; all instances draw from the same generator of the system.
    public init() {}

    /// Fills `buffer` with the next bytes.
    public mutating func fill(_ buffer: UnsafeMutableRawBufferPointer) {
        fillFromWords(buffer) { generator.next() }
    }
}

/// Bytes that follow from a seed. They are predictable: for tests and the simulator, never for keys
/// that protect anything.
public struct SeededEntropy: EntropySource {
    private var generator: SeededGenerator

    /// Makes the source of `seed`.
    public init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
    }

    /// Fills `buffer` with the next bytes.
    public mutating func fill(_ buffer: UnsafeMutableRawBufferPointer) {
        fillFromWords(buffer) { generator.next() }
    }
}

private func fillFromWords(_ buffer: UnsafeMutableRawBufferPointer, next: () -> UInt64) {
    var offset = 0
    while offset < buffer.count {
        withUnsafeBytes(of: next().littleEndian) { word in
            let count = min(word.count, buffer.count - offset)
            UnsafeMutableRawBufferPointer(rebasing: buffer[offset..<(offset + count)])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: word[..<count]))
            offset += count
        }
    }
}

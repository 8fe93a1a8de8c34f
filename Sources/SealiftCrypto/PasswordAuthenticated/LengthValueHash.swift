import Crypto

/// SHA-512 over a sequence of parts, each preceded by its length: `H(lv_cat(…))` of
/// draft-irtf-cfrg-cpace §6.3, without putting secrets together in memory first.
struct LengthValueHash {
    /// The block size of SHA-512, s_in_bytes of the draft.
    static let blockSize = 128
    /// The size of the result: 64 bytes.
    static let byteCount = 64

    private var state = SHA512()

    /// Adds the length of `part` (LEB128), then `part`.
    mutating func add(_ part: UnsafeRawBufferPointer) {
        addPlain(Self.lengthPrefix(part.count))
        state.update(bufferPointer: part)
    }

    /// Adds the length of `part` (LEB128), then `part`.
    mutating func add(_ part: [UInt8]) {
        part.withUnsafeBytes { add($0) }
    }

    /// Adds the length of `part` (LEB128), then `part`.
    mutating func add(_ part: SecretBytes) {
        part.withUnsafeBytes { add($0) }
    }

    /// Adds `bytes` without a length.
    mutating func addPlain(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { state.update(bufferPointer: $0) }
    }

    /// Adds `bytes` without a length.
    mutating func addPlain(_ bytes: SecretBytes) {
        bytes.withUnsafeBytes { state.update(bufferPointer: $0) }
    }

    /// The hash of everything added.
    consuming func finalize() -> SecretBytes {
        state.finalize().withUnsafeBytes { SecretBytes(copying: $0) }
    }

    /// `count` as LEB128: seven bits a byte, the lowest first, the top bit set while more follow.
    static func lengthPrefix(_ count: Int) -> [UInt8] {
        var rest = UInt(count)
        var bytes: [UInt8] = []
        repeat {
            let low = UInt8(rest & 0x7F)
            rest >>= 7
            bytes.append(rest == 0 ? low : low | 0x80)
        } while rest != 0
        return bytes
    }
}

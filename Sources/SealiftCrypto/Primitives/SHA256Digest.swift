import Crypto
public import SealiftBase

/// SHA-256 (FIPS 180-4) over memory that is already there.
public enum SHA256Digest {
    /// The hash of `bytes`.
    public static func hash(_ bytes: UnsafeRawBufferPointer) -> Hash256 {
        var hasher = IncrementalSHA256()
        hasher.update(bytes)
        return hasher.finalize()
    }

    /// The hash of `bytes`.
    public static func hash(_ bytes: some Collection<UInt8>) -> Hash256 {
        if let value = bytes.withContiguousStorageIfAvailable({ hash(UnsafeRawBufferPointer($0)) })
        {
            return value
        }
        return Array(bytes).withUnsafeBytes { hash($0) }
    }

    /// The hash of `left` followed by `right`: an inner node of a hash tree (BEP 52).
    public static func hash(_ left: Hash256, _ right: Hash256) -> Hash256 {
        withUnsafeTemporaryAllocation(byteCount: 2 * Hash256.byteCount, alignment: 8) { pair in
            left.copyBytes(to: UnsafeMutableRawBufferPointer(rebasing: pair[..<Hash256.byteCount]))
            right.copyBytes(to: UnsafeMutableRawBufferPointer(rebasing: pair[Hash256.byteCount...]))
            return hash(UnsafeRawBufferPointer(pair))
        }
    }

    /// The hashes of the consecutive blocks of `bytes`, each `blockSize` long; the last may be short.
    ///
    /// This is the bulk entry, the leaves of a piece: a backend may hash the blocks side by side.
    /// - Precondition: `blockSize` is above 0 and `out` has a place for every block,
    ///   `bytes.count / blockSize` rounded up; places beyond are left alone.
    public static func hashBlocks(
        of bytes: UnsafeRawBufferPointer, blockSize: Int,
        into out: UnsafeMutableBufferPointer<Hash256>
    ) {
        precondition(blockSize > 0 && out.count >= (bytes.count + blockSize - 1) / blockSize)
        #if canImport(CIPSecMB) && arch(x86_64)
            if MultiBufferHasher.hashBlocks(of: bytes, blockSize: blockSize, into: out) { return }
        #endif
        hashBlocksOneByOne(of: bytes, blockSize: blockSize, into: out)
    }

    /// ``hashBlocks(of:blockSize:into:)`` without a backend.
    static func hashBlocksOneByOne(
        of bytes: UnsafeRawBufferPointer, blockSize: Int,
        into out: UnsafeMutableBufferPointer<Hash256>
    ) {
        var offset = 0
        var index = 0
        while offset < bytes.count {
            let end = min(offset + blockSize, bytes.count)
            out[index] = hash(UnsafeRawBufferPointer(rebasing: bytes[offset..<end]))
            offset = end
            index += 1
        }
    }
}

/// SHA-256 of a run that arrives in parts: for whole files (`sealift hash --sha256`).
public struct IncrementalSHA256: Sendable {
    private var state = SHA256()

    /// Makes the hash of nothing yet.
    public init() {}

    /// Adds the next part.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        state.update(bufferPointer: bytes)
    }

    /// Adds the next part.
    mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { update($0) }
    }

    /// The hash of all parts so far. More may be added afterwards.
    public func finalize() -> Hash256 {
        // A SHA-256 digest always has the size of a `Hash256`.
        state.finalize().withUnsafeBytes { Hash256($0) } ?? .zero
    }
}

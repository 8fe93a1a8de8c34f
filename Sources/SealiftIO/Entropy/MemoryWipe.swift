import CSealiftSys

/// Erases secrets from memory in a way the compiler may not leave out.
public enum MemoryWipe {
    /// Overwrites `buffer` with zeros.
    public static func wipe(_ buffer: UnsafeMutableRawBufferPointer) {
        guard let base = buffer.baseAddress else { return }
        sealift_memory_wipe(base, buffer.count)
    }

    /// Overwrites the elements of `bytes` with zeros.
    ///
    /// Erases this array's own storage; a copy that somebody else still holds is not touched,
    /// because Swift gives this array a storage of its own first.
    public static func wipe(_ bytes: inout [UInt8]) {
        bytes.withUnsafeMutableBytes { wipe($0) }
    }
}

import CSealiftSys

/// Random bytes from the kernel (getrandom), fit for keys.
public enum SystemEntropy {
    /// Fills `buffer` with random bytes.
    /// - Throws: the kernel's error; on a running Linux it does not happen.
    public static func fill(_ buffer: UnsafeMutableRawBufferPointer) throws(SystemError) {
        var filled = 0
        while filled < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
            // Up to 256 bytes come without interruption (getrandom(2)); more may come short.
            filled += Int(
                try checked(
                    retryingInterrupts { sealift_random(rest.baseAddress, rest.count) },
                    "getrandom"))
        }
    }

    /// `count` random bytes.
    public static func bytes(_ count: Int) throws(SystemError) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: count)
        var failure: SystemError?
        result.withUnsafeMutableBytes { buffer in
            do throws(SystemError) { try fill(buffer) } catch { failure = error }
        }
        if let failure { throw failure }
        return result
    }

    /// A random number, for seeds and choices.
    public static func number() throws(SystemError) -> UInt64 {
        try bytes(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}

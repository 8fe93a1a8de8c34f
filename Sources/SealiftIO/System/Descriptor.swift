import CSealiftSys

/// A file descriptor that is closed exactly once: when asked, with the error told, or else when the
/// last reference goes.
final class Descriptor: @unchecked Sendable {
    // @unchecked Sendable: `number` changes only in `close()`, which its owners call when they
    // hand the file over to nobody any more; every other access is a read.

    /// The kernel's number; -1 after ``close()``.
    private(set) var number: Int32

    /// Takes over `number`.
    init(_ number: Int32) {
        self.number = number
    }

    deinit {
        if number >= 0 { _ = sealift_file_close(number) }
    }

    /// Closes the descriptor, and reports what the file system only tells now (NFS, quotas).
    func close() throws(SystemError) {
        guard number >= 0 else { return }
        let closing = number
        number = -1
        // The number is gone whatever the kernel answers: it is never closed twice (close(2)).
        try checked(sealift_file_close(closing), "close")
    }
}

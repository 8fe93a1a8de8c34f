import CSealiftSys
import Glibc
import SealiftBase

/// A regular file that is open.
///
/// Reads and writes name their place, so several threads may use one file. Anchored calls of
/// ``DirectoryHandle`` are the only way to get one.
public final class OpenFile: Sendable {
    let descriptor: Descriptor
    private let faults: FaultInjector?

    init(_ descriptor: Descriptor, faults: FaultInjector?) {
        self.descriptor = descriptor
        self.faults = faults
    }

    /// The file's status now, whatever its name has become.
    public func status() throws(SystemError) -> FileStatus {
        var status = sealift_status()
        try checked(sealift_descriptor_status(descriptor.number, &status), "fstat")
        return FileStatus(status)
    }

    // MARK: Content

    /// Fills `buffer` from `offset` on.
    /// - Returns: the bytes read; fewer than the buffer holds only at the end of the file.
    /// - Throws: `EIO` and its like.
    public func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64
    ) throws(SystemError) -> Int {
        try faults?.check(.read, cost: buffer.count)
        let start = try position(offset, adding: buffer.count, "read")
        var done = 0
        while done < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let number = descriptor.number
            let count = try checked(
                retryingInterrupts {
                    sealift_file_read(number, rest.baseAddress, rest.count, start + Int64(done))
                }, "read")
            if count == 0 { break }
            done += Int(count)
        }
        return done
    }

    /// Reads up to `limit` bytes from `offset` on; fewer only at the end of the file.
    public func readArray(atMost limit: Int, at offset: UInt64) throws(SystemError) -> [UInt8] {
        var content = [UInt8](repeating: 0, count: limit)
        var outcome: Result<Int, SystemError> = .success(0)
        content.withUnsafeMutableBytes { buffer in
            do throws(SystemError) {
                outcome = .success(try read(into: buffer, at: offset))
            } catch {
                outcome = .failure(error)
            }
        }
        content.removeLast(limit - (try outcome.get()))
        return content
    }

    /// Reads the whole file.
    /// - Throws: `EFBIG` where it has more than `limit` bytes.
    public func readAll(atMost limit: Int) throws(SystemError) -> [UInt8] {
        // One byte more than allowed tells a file that is too long. Files of /proc have no size.
        let size = Int(clamping: try status().size)
        var content = [UInt8](repeating: 0, count: size == 0 ? limit + 1 : min(size, limit) + 1)
        var outcome: Result<Int, SystemError> = .success(0)
        content.withUnsafeMutableBytes { buffer in
            do throws(SystemError) {
                outcome = .success(try read(into: buffer, at: 0))
            } catch {
                outcome = .failure(error)
            }
        }
        let count = try outcome.get()
        guard count <= limit else { throw SystemError(code: EFBIG, operation: "read") }
        // It grew since it was measured: measure again.
        guard count < content.count else { return try readAll(atMost: limit) }
        content.removeLast(content.count - count)
        return content
    }

    /// Writes all of `buffer` at `offset`.
    /// - Throws: `ENOSPC`, `EDQUOT`, `EIO`, `EFBIG`; a part may have been written then.
    public func write(
        from buffer: UnsafeRawBufferPointer, at offset: UInt64
    ) throws(SystemError) {
        try faults?.check(.write, cost: buffer.count)
        let start = try position(offset, adding: buffer.count, "write")
        var done = 0
        while done < buffer.count {
            let rest = UnsafeRawBufferPointer(rebasing: buffer[done...])
            let number = descriptor.number
            let count = try checked(
                retryingInterrupts {
                    sealift_file_write(number, rest.baseAddress, rest.count, start + Int64(done))
                }, "write")
            // A device that takes nothing and tells no reason would hold us here for ever.
            guard count > 0 else { throw SystemError(code: EIO, operation: "write") }
            done += Int(count)
        }
        try record { .write(inode: $0, offset: offset, bytes: Array(buffer)) }
    }

    /// Notes a change where a test records them.
    private func record(
        _ operation: (UInt64) -> OperationTape.Operation
    ) throws(SystemError) {
        guard let tape = faults?.tape else { return }
        tape.note(operation(try status().inode))
    }

    /// Writes `bytes` at `offset`.
    public func write(_ bytes: [UInt8], at offset: UInt64) throws(SystemError) {
        var failure: SystemError?
        bytes.withUnsafeBytes { buffer in
            do throws(SystemError) { try write(from: buffer, at: offset) } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    /// Cuts or extends the file to `size` bytes; what is new reads as zeros and takes no room.
    public func setSize(_ size: UInt64) throws(SystemError) {
        try faults?.check(.setSize)
        let length = try position(size, adding: 0, "set size")
        let number = descriptor.number
        try checked(retryingInterrupts { sealift_file_set_size(number, length) }, "set size")
        try record { .setSize(inode: $0, size: size) }
    }

    /// Reserves room for `range` without changing the file's size.
    /// - Returns: false where the file system cannot reserve, which is no error.
    /// - Throws: `ENOSPC`, `EDQUOT`.
    public func reserve(_ range: Range<UInt64>) throws(SystemError) -> Bool {
        guard !range.isEmpty else { return true }
        try faults?.check(.reserve, cost: Int(clamping: range.upperBound - range.lowerBound))
        let start = try position(range.lowerBound, adding: 0, "reserve")
        let end = try position(range.upperBound, adding: 0, "reserve")
        let number = descriptor.number
        let result = retryingInterrupts { sealift_file_reserve(number, start, end - start) }
        if result == -EOPNOTSUPP || result == -ENOSYS { return false }
        try checked(result, "reserve")
        return true
    }

    private func position(
        _ offset: UInt64, adding count: Int, _ operation: StaticString
    ) throws(SystemError) -> Int64 {
        guard let position = Int64(exactly: offset),
            !position.addingReportingOverflow(Int64(count)).overflow
        else { throw SystemError(code: EFBIG, operation: "\(operation)") }
        return position
    }

    // MARK: What lasts

    /// Writes the content to the disk, and what is needed to find it (fdatasync).
    public func sync() throws(SystemError) {
        try faults?.check(.sync)
        let number = descriptor.number
        try checked(retryingInterrupts { sealift_file_sync_data(number) }, "sync")
        try record { .syncFile(inode: $0) }
    }

    /// Sets when the content was last changed.
    public func setModified(_ time: FileTime) throws(SystemError) {
        try checked(
            sealift_file_set_modified(
                descriptor.number, time.seconds, min(time.nanoseconds, 999_999_999)),
            "set times")
        try record { .setModified(inode: $0, time) }
    }

    /// Sets the permission bits, 0 to 0o777; set-user-id and its like are never set.
    public func setMode(_ mode: UInt32) throws(SystemError) {
        try checked(sealift_file_set_mode(descriptor.number, mode & 0o777), "set mode")
    }

    /// Takes the file's lock, which lasts until the file is closed or the process ends (flock).
    /// - Returns: false where another process, or another open file of this one, holds it.
    public func tryLock() throws(SystemError) -> Bool {
        let number = descriptor.number
        let result = retryingInterrupts { sealift_file_lock(number) }
        if result == -EWOULDBLOCK { return false }
        try checked(result, "lock")
        return true
    }

    /// Takes the file's lock, trying for `patience`: a process that was killed a moment ago holds its
    /// locks until the kernel has let go of it.
    /// - Returns: false where another holds it all that time.
    public func tryLock(for patience: Duration) throws(SystemError) -> Bool {
        let end = MonotonicClock.now() + patience
        while try !tryLock() {
            guard MonotonicClock.now() < end else { return false }
            usleep(10_000)
        }
        return true
    }

    /// Takes the exclusive lock of the file, and waits where another holds it.
    public func lock() throws(SystemError) {
        let number = descriptor.number
        try checked(retryingInterrupts { sealift_file_lock_waiting(number) }, "lock")
    }

    /// What a read lease tells of writers.
    public enum ReadLease: Equatable, Sendable {
        /// Nobody has the file open for writing, and whoever wants to waits until the lease is given up or
        /// the file is closed; the kernel takes it away after 45 seconds (proc(5), lease-break-time).
        case held
        /// Somebody has it open for writing.
        case refused
        /// It is not known: a network file system, another user's file.
        case unsupported
    }

    /// Takes a read lease of the file, which was opened for ``DirectoryHandle/FileAccess/reading``.
    public func takeReadLease() -> ReadLease {
        switch sealift_file_take_read_lease(descriptor.number) {
        case 0: .held
        case 1: .refused
        default: .unsupported
        }
    }

    /// Gives the lease up, where there is one.
    public func giveLeaseUp() { _ = sealift_file_give_lease_up(descriptor.number) }

    /// Closes the file and tells what the file system only finds out now. Without it the file is
    /// closed with the last reference, in silence.
    public func close() throws(SystemError) {
        try descriptor.close()
    }

    // MARK: Advice

    /// What the page cache should expect; advice never fails.
    public enum Advice: Sendable {
        /// Reads go from start to end.
        case readInOrder
        /// These bytes are wanted soon.
        case willNeed(Range<UInt64>)
        /// These bytes were used, and are on disk: make room for others.
        case willNotNeed(Range<UInt64>)
    }

    /// Tells the kernel how the file is used (posix_fadvise).
    public func advise(_ advice: Advice) {
        let number = descriptor.number
        switch advice {
        case .readInOrder:
            _ = sealift_file_will_read_in_order(number)
        case .willNeed(let range):
            _ = sealift_file_will_need(
                number, Int64(clamping: range.lowerBound),
                Int64(clamping: range.upperBound - range.lowerBound))
        case .willNotNeed(let range):
            _ = sealift_file_will_not_need(
                number, Int64(clamping: range.lowerBound),
                Int64(clamping: range.upperBound - range.lowerBound))
        }
    }
}

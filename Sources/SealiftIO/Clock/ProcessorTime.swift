internal import Glibc

/// The processor time that this process has used, all threads, in user space and in the kernel.
public enum ProcessorTime {
    /// In microseconds.
    public static func ofProcess() -> UInt64 {
        var usage = rusage()
        guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
        return microseconds(usage.ru_utime) &+ microseconds(usage.ru_stime)
    }

    private static func microseconds(_ time: timeval) -> UInt64 {
        UInt64(clamping: time.tv_sec) &* 1_000_000 &+ UInt64(clamping: time.tv_usec)
    }
}

import CSealiftSys
public import SealiftBase

/// The clock that drives every protocol machine: CLOCK_MONOTONIC, which never jumps.
///
/// It stands still while the machine sleeps, so that a laptop that wakes up does not find all its
/// timers long past.
public enum MonotonicClock {
    /// The instant now.
    public static func now() -> Instant {
        Instant(nanoseconds: sealift_clock_monotonic())
    }
}

/// Time since the machine started, sleep included: CLOCK_BOOTTIME. For waits that a user counts in
/// real minutes. Its instants do not compare with those of ``MonotonicClock``.
public enum BootClock {
    /// The instant now.
    public static func now() -> Instant {
        Instant(nanoseconds: sealift_clock_boottime())
    }
}

/// The machine's wall clock, which may be wrong and may jump.
public enum SystemWallClock {
    /// The wall time now, in whole seconds.
    public static func now() -> WallTime {
        WallTime(secondsSince1970: sealift_clock_wall_seconds())
    }
}

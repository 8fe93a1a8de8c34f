import CSealiftSys

/// What the allocator does with memory that was freed.
public enum HeapMemory {
    /// Keeps up to 256 MiB of freed memory for the next allocation instead of giving it back to the
    /// kernel, for the whole process.
    ///
    /// A transfer allocates and frees a buffer of 256 KiB for each piece. Left to itself the allocator
    /// returns it each time, and the kernel clears 64 fresh pages for the next: a fifth of the
    /// CPU time of a receiver when it was measured. What is kept is bounded by what was in use at
    /// once. Called once, early, by the program: a library should not decide this.
    public static func keepFreed() {
        // Where the allocator refuses, the transfer is slower and nothing else.
        _ = sealift_memory_keep_freed(4 << 20, 256 << 20)
    }
}

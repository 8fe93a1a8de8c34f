import CSealiftSys

/// The permission bits that this process takes away from every file it makes (umask).
public enum FileCreationMask {
    /// The mask as it was when it was first asked for. Reading it sets it for a moment, so it is read
    /// once, early.
    public static let current = sealift_file_creation_mask()
}

/// What tells that a file on the sender's disk is the one hashed before, unchanged: any write to it
/// changes its ctime.
public struct FileIdentity: Hashable, Sendable {
    /// The device its file system is on.
    public let device: UInt64
    /// Its inode.
    public let inode: UInt64
    /// Its size in bytes.
    public let size: UInt64
    /// When its content was last changed.
    public let modificationTime: ModificationTime
    /// When its content or status was last changed; no program can set it back.
    public let changeTime: ModificationTime

    /// Puts the parts together.
    public init(
        device: UInt64, inode: UInt64, size: UInt64, modificationTime: ModificationTime,
        changeTime: ModificationTime
    ) {
        self.device = device
        self.inode = inode
        self.size = size
        self.modificationTime = modificationTime
        self.changeTime = changeTime
    }
}

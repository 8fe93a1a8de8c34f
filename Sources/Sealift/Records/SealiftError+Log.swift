import SealiftIO
import SealiftStore
import SealiftTransfer

extension SealiftError {
    private static let newLog =
        "`sealift log verify` says what is known. To begin a new log, move sealift.db (with its -wal "
        + "and -shm) and log.head out of SEALIFT_HOME, and keep them."

    /// The audit log failed: nothing goes on unlogged.
    init(log failure: StoreFailure) {
        switch failure {
        case .full:
            self.init(
                .diskFull, "the log cannot be written: the disk of SEALIFT_HOME is full",
                advice: "Make room there and run the same command again; nothing moves unlogged.")
        case .system(let error) where error.isOutOfSpace:
            self.init(log: .full)
        case .system(let error):
            self.init(
                .homeUnusable, "the log cannot be written", advice: Self.ownFolder,
                cause: "\(error)")
        case .denied(let words):
            self.init(
                .homeUnusable, "the log cannot be written", advice: Self.ownFolder, cause: words)
        case .busy:
            self.init(
                .storageFailed, "another program held the log for too long",
                advice: "Close what has sealift.db open, then run the same command again.")
        case .newerVersion:
            self.init(
                .homeUnusable, "a newer sealift wrote the database in SEALIFT_HOME",
                advice: "Use that sealift, or another SEALIFT_HOME.")
        case .damaged(let what):
            self.init(.logDamaged, "the log is damaged", advice: Self.newLog, cause: what)
        case .rolledBack(let expected, let found):
            self.init(
                .logDamaged,
                "the log was cut short or put back: it has \(found) of at least \(expected) entries",
                advice: "Put the newest sealift.db back. " + Self.newLog)
        case .headMissing:
            self.init(
                .logDamaged,
                "log.head, which says where the log stood, is missing or another log's",
                advice: "Put it back. " + Self.newLog)
        case .otherDevice:
            self.init(
                .logDamaged, "the log in SEALIFT_HOME is another device's", advice: Self.newLog)
        case .failed(let words):
            self.init(
                .storageFailed, "the log cannot be written",
                advice: "Look at the cause; nothing moves unlogged.", cause: words)
        }
    }

    private static let ownFolder =
        "Set SEALIFT_HOME to a folder of your own that only you can write to."
}

import SealiftIO
public import SealiftPeople
import SealiftTransfer

/// Recovery words in a new file (0600), for who sets up a machine that has no terminal.
public struct RecoveryWordsFile: Sendable {
    private let path: [UInt8]

    /// Writes the words, to the disk. What exists is left alone.
    public init(_ words: RecoveryWords, at path: [UInt8]) throws(SealiftError) {
        self.path = path
        do throws(SystemError) {
            try TicketFile.create(path, words.words.joined(separator: " ") + "\n")
        } catch {
            throw SealiftError(StorageFailure(error), doing: .send)
        }
    }

    /// Takes the file back: the words belong to nothing.
    public func remove() {
        guard let (directory, name) = try? TicketFile.place(of: path) else { return }
        try? directory.unlink(name)
    }
}

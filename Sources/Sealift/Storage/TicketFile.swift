import SealiftIO

/// The file that `--ticket-file` names: read where it exists, made (0600) where it does not, never
/// overwritten.
enum TicketFile {
    /// More than any ticket has.
    private static let maximumByteCount = 65_536

    /// The file's content; nil where there is none.
    static func read(_ path: [UInt8]) throws(SystemError) -> [UInt8]? {
        let (directory, name) = try place(of: path)
        do throws(SystemError) {
            return try directory.openFile(name, for: .reading)
                .readAll(atMost: maximumByteCount)
        } catch  where error.isMissing {
            return nil
        }
    }

    /// Makes the file; what exists is left alone.
    static func create(_ path: [UInt8], _ text: String) throws(SystemError) {
        let (directory, name) = try place(of: path)
        let file = try directory.openFile(name, for: .creatingExclusively(mode: 0o600))
        do throws(SystemError) {
            try file.write(Array(text.utf8), at: 0)
            try file.sync()
            try file.close()
        } catch {
            try? directory.unlink(name)
            throw error
        }
    }

    static func place(
        of path: [UInt8]
    ) throws(SystemError) -> (DirectoryHandle, [UInt8]) {
        let separator = UInt8(ascii: "/")
        guard let slash = path.lastIndex(of: separator) else {
            return (try DirectoryHandle.open(path: [UInt8(ascii: ".")]), path)
        }
        let parent = slash == 0 ? [separator] : Array(path[..<slash])
        return (try DirectoryHandle.open(path: parent), Array(path[(slash + 1)...]))
    }
}

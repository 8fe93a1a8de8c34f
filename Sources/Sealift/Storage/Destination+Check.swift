import SealiftIO

extension Destination {
    /// Refuses an OUTPUT that can be no folder, before anybody is dialed: what else is wrong with it is
    /// told when it is used.
    static func check(_ path: [UInt8]) throws(SealiftError) {
        var path = path
        while path.count > 1, path.last == UInt8(ascii: "/") { path.removeLast() }
        do throws(SystemError) {
            _ = try DirectoryHandle.open(path: path)
        } catch {
            guard error.isObstructedPath else { return }
            let isItself = (try? TicketFile.place(of: path)) != nil
            throw SealiftError(
                .storageFailed,
                isItself
                    ? "the --output is a file, not a folder" : "the --output leads through a file",
                advice: "Name a folder; it is made where there is none.", cause: "\(error)")
        }
    }
}

import SealiftBase
import SealiftIO

/// The files and folders that the user named, found on disk.
struct SendArguments {
    /// Held by descriptor, in listing order.
    let tree: SourceTree
    /// Absolute paths without links, in the order of the command line: what a ticket record
    /// remembers.
    let canonicalPaths: [[UInt8]]

    /// Finds what `paths` name.
    /// - Parameter name: what a folder is called at the receiver; nil for its own name.
    /// - Throws: a clear error for the first that cannot be sent.
    init(_ paths: [[UInt8]], landingAs name: [UInt8]? = nil) throws(SealiftError) {
        var roots: [ScanRoot] = []
        var canonical: [[UInt8]] = []
        for path in paths {
            do throws(SystemError) {
                roots.append(try ScanRoot(argument: path, folderLandingAs: name))
                canonical.append(try ScanRoot.canonicalPath(of: path))
            } catch {
                throw SealiftError(argument: path, error)
            }
        }
        canonicalPaths = canonical
        do throws(SourceTree.DuplicateName) {
            tree = try SourceTree(roots: roots)
        } catch {
            let names = error.arguments.map { PrintableText.escape($0) }
            throw SealiftError(
                .usage, "\(names.joined(separator: " and ")) would land under one name",
                advice: "Send them one after the other, or put them into one folder first.")
        }
    }
}

extension SealiftError {
    /// An argument of the user's that cannot be sent.
    init(argument: [UInt8], _ error: SystemError) {
        let name = PrintableText.escape(argument)
        if error.isMissing {
            self.init(
                .sourceNotFound, "\(name) does not exist",
                advice: "Check the name; nothing was sent.")
        } else if error.isInvalidArgument {
            self.init(
                .usage, "\(name) has no name to be received under",
                advice: "Name a file, or a folder below it.")
        } else {
            self.init(
                .sourceUnreadable, "\(name) cannot be read",
                advice: "Check its permissions; nothing was sent.", cause: error.reason)
        }
    }
}

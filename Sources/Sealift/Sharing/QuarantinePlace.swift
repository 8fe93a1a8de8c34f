import Glibc
import SealiftBase
import SealiftIO
import SealiftPeople

/// Where an offer lies that a rule took into quarantine (`docs/PROTOCOL.md` §9.10): on the file system of the
/// folder that it may go to, and out of everybody's sight.
///
/// ```
/// FOLDER/.sealift/quarantine/<offer's id>/…          content, nothing executable
/// FOLDER/.sealift/quarantine/<offer's id>.manifest   what was received, and what of it was executable
/// ```
///
/// Nothing lists `.sealift`: no scan, no share, no watch. Everything is reached from descriptors, and no link
/// is followed on the way.
struct QuarantinePlace: Sendable {
    private static let privateName = Array(".sealift".utf8)
    private static let folderName = Array("quarantine".utf8)
    private static let ending = Array(".manifest".utf8)

    /// `FOLDER` itself.
    let root: DirectoryHandle
    /// `FOLDER/.sealift/quarantine`.
    let folder: DirectoryHandle
    /// The offer's own folder in it.
    let content: DirectoryHandle
    let id: OfferID

    /// The absolute path of the offer's folder, to show.
    static func path(of id: OfferID, in root: [UInt8]) -> [UInt8] {
        let parts = [privateName, folderName, name(of: id)]
        return parts.reduce(root.last == UInt8(ascii: "/") ? Array(root.dropLast()) : root) {
            $0 + [UInt8(ascii: "/")] + $1
        }
    }

    private static func name(of id: OfferID) -> [UInt8] { Array(id.description.utf8) }

    private var manifestName: [UInt8] { Self.name(of: id) + Self.ending }

    /// Makes the place in the folder at `path`, or finds it there.
    /// - Throws: `EPERM` where one of its folders is another user's; as ``DirectoryHandle/openDirectory(_:)``
    ///   where one is a link or no folder.
    static func make(for id: OfferID, in path: [UInt8]) throws(SystemError) -> QuarantinePlace {
        let root = try DirectoryHandle.open(path: path)
        let hidden = try root.openPrivateDirectory(privateName)
        let folder = try hidden.openPrivateDirectory(folderName)
        return QuarantinePlace(
            root: root, folder: folder, content: try folder.openPrivateDirectory(name(of: id)),
            id: id)
    }

    /// Finds the place in the folder at `path`.
    /// - Returns: nil where it is not there.
    /// - Throws: `EPERM` where one of its folders is another user's, who could have put anything into it.
    static func find(_ id: OfferID, in path: [UInt8]) throws(SystemError) -> QuarantinePlace? {
        do throws(SystemError) {
            let root = try DirectoryHandle.open(path: path)
            let folder = try own(folderName, in: try own(privateName, in: root))
            return QuarantinePlace(
                root: root, folder: folder, content: try own(name(of: id), in: folder), id: id)
        } catch  where error.isMissing {
            return nil
        }
    }

    private static func own(
        _ name: [UInt8], in parent: DirectoryHandle
    ) throws(SystemError) -> DirectoryHandle {
        let folder = try parent.openDirectory(name)
        let owner = try folder.status().owner
        guard owner == geteuid() || owner == 0 else {
            throw SystemError(code: EPERM, operation: "use another user's directory", path: name)
        }
        return folder
    }

    /// A path of the manifest that holds as long as this place does.
    var manifestPath: [UInt8] {
        Array(folder.pathThroughDescriptor(of: "\(id).manifest").utf8)
    }

    /// The manifest; nil where there is none.
    func openManifest() throws(SystemError) -> OpenFile? {
        do throws(SystemError) {
            return try folder.openFile(manifestName, for: .reading)
        } catch  where error.isMissing {
            return nil
        }
    }

    /// What is left of an offer.
    enum Remainder {
        /// All of it is to go.
        case anything
        /// It was moved away: what somebody put there meanwhile stays.
        case nothing
    }

    /// Deletes what is left of the offer in the folder at `path`, and the folders above it that are empty then.
    /// A link that stands in its place is deleted itself.
    /// - Throws: `ENOENT` where the folder at `path` itself is not there; `ENOTEMPTY` where nothing was to be
    ///   left, and something is.
    static func remove(
        _ id: OfferID, in path: [UInt8], leaving remainder: Remainder = .anything
    ) throws(SystemError) {
        let root = try DirectoryHandle.open(path: path)
        let hidden: DirectoryHandle
        let folder: DirectoryHandle
        do throws(SystemError) {
            hidden = try root.openDirectory(privateName)
            folder = try hidden.openDirectory(folderName)
        } catch  where error.isMissing {
            return
        }
        let name = name(of: id)
        switch remainder {
        case .anything: try folder.removeTree(name)
        case .nothing:
            try folder.openDirectory(name).removeTree(privateName)
            try folder.removeDirectory(name)
        }
        // The manifest, and what a run that was killed began to write of it.
        for other in try folder.entries() where other.starts(with: name + ending) {
            try folder.removeTree(other)
        }
        try folder.sync()
        // Both fail where something else is in them, and are to.
        try? hidden.removeDirectory(folderName)
        try? root.removeDirectory(privateName)
    }
}

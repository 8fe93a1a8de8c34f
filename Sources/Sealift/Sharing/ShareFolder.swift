import SealiftBase
import SealiftContent
import SealiftIO
import SealiftPeople

/// Looks into a folder of a share, for a member: no further than the grant, and through no link.
enum ShareFolder {
    /// The most items of one folder that are shown.
    static let maximumItemCount = 16_384

    /// Opens the folder of the share at `root` that an upload goes into, and makes what is missing of `path`,
    /// each folder in the one before and through no link.
    /// - Returns: nil where the share is no folder, or something else stands in the way.
    static func destination(
        at path: GrantedPath?, in root: [UInt8]
    ) throws(SystemError) -> DirectoryHandle? {
        if let path, !isListable(path) { return nil }
        let (parentPath, name) = split(root)
        let parent = try DirectoryHandle.open(path: parentPath)
        guard try parent.statusIfPresent(of: name)?.kind == .directory else { return nil }
        do throws(SystemError) {
            var folder = try parent.openDirectory(name)
            for component in path.map(components(of:)) ?? [] {
                if try folder.statusIfPresent(of: component) == nil {
                    do throws(SystemError) { try folder.createDirectory(component) } catch
                        where error.isAlreadyThere
                    {
                        // Somebody else made it meanwhile: opened like any other.
                    }
                }
                folder = try folder.openDirectory(component)
            }
            return folder
        } catch  where error.isObstructedPath {
            return nil
        }
    }

    /// Whether a listing may name `path`. What is on its way, and what is held in quarantine, is nobody's to
    /// see or to write: a file system may take several spellings for the name of that folder.
    private static func isListable(_ path: GrantedPath) -> Bool {
        (try? EntryPath(path.bytes)) != nil
    }

    private static func components(of path: GrantedPath) -> [[UInt8]] {
        path.bytes.split(separator: UInt8(ascii: "/")).map { Array($0) }
    }

    /// What lies at `path` in the share at `root`; nil where the grant shows nothing there.
    static func items(
        at path: GrantedPath?, in root: [UInt8], granted: PathSubset
    ) throws(SystemError) -> [FolderItem]? {
        if let path, !isListable(path) { return nil }
        if let path, !granted.contains(path), !granted.leads(through: path) { return nil }
        let (parentPath, name) = split(root)
        let parent = try DirectoryHandle.open(path: parentPath)
        guard let status = try parent.statusIfPresent(of: name) else { return nil }
        guard status.kind == .directory else {
            // A share of one file is its own only item.
            guard path == nil, case .everything = granted, status.kind == .file else { return nil }
            return [item(name, .file, status)]
        }
        var folder = try parent.openDirectory(name)
        if let path {
            guard let inside = try folder.statusIfPresent(of: path.bytes),
                inside.kind == .directory
            else { return nil }
            folder = try folder.openDirectory(path.bytes)
        }
        return try list(folder, at: path, granted)
    }

    private static func list(
        _ folder: DirectoryHandle, at path: GrantedPath?, _ granted: PathSubset
    ) throws(SystemError) -> [FolderItem] {
        let names = try folder.entries()
        var items: [FolderItem] = []
        for index in 0..<names.count where items.count < maximumItemCount {
            let name = names[index]
            // Names that cannot be listed cannot be sent either.
            guard
                let inside = GrantedPath(
                    (path.map { $0.bytes + [UInt8(ascii: "/")] } ?? []) + name),
                isListable(inside),
                granted.contains(inside) || granted.leads(through: inside),
                let status = try folder.statusIfPresent(of: name)
            else { continue }
            switch status.kind {
            case .file where granted.contains(inside): items.append(item(name, .file, status))
            case .directory: items.append(item(name, .folder, status))
            case .file, .symbolicLink, .special: break
            }
        }
        return items
    }

    private static func item(
        _ name: [UInt8], _ kind: FolderItem.Kind, _ status: FileStatus
    ) -> FolderItem {
        FolderItem(
            kind: kind, size: kind == .file ? status.size : 0, modified: status.modified.seconds,
            name: name)
    }

    private static func split(_ path: [UInt8]) -> (parent: [UInt8], name: [UInt8]) {
        guard let slash = path.lastIndex(of: UInt8(ascii: "/")) else {
            return ([UInt8(ascii: ".")], path)
        }
        return (
            slash == 0 ? [UInt8(ascii: "/")] : Array(path[..<slash]), Array(path[(slash + 1)...])
        )
    }
}

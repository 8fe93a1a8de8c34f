import Foundation

/// The folder of large published test vectors that are not part of the repository: the one that the
/// environment variable `SEALIFT_VECTORS` names. Tests that need it are skipped without it:
/// `@Test("…", .enabled(if: VectorFolder.path != nil, "set SEALIFT_VECTORS"))`.
public enum VectorFolder {
    /// The folder's path; nil where the variable is unset, empty, or names no folder.
    public static var path: String? {
        guard let path = ProcessInfo.processInfo.environment["SEALIFT_VECTORS"], !path.isEmpty
        else { return nil }
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory),
            isDirectory.boolValue
        else { return nil }
        return path
    }

    /// The content of the file `name`, a path below the folder; nil where there is no folder or no
    /// such file.
    public static func bytes(of name: String) -> [UInt8]? {
        guard let path, let content = FileManager.default.contents(atPath: path + "/" + name)
        else { return nil }
        return [UInt8](content)
    }
}

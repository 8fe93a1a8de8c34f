public import Foundation

/// A folder of its own for one test, private to this user, removed with everything in it when the
/// test lets go of it.
public final class TemporaryFolder: Sendable {
    /// The absolute path, without a slash at the end.
    public let path: String

    /// The same as a URL.
    public var url: URL { URL(filePath: path, directoryHint: .isDirectory) }

    /// Makes a folder beneath `TMPDIR`.
    /// - Parameter inMemory: whether it should lie on a tmpfs where there is one: for tests that
    ///   rename a million times, and for those that want another file system.
    public init(inMemory: Bool = false) {
        let shared = "/dev/shm"
        let base =
            inMemory && FileManager.default.isWritableFile(atPath: shared)
            ? shared : FileManager.default.temporaryDirectory.path
        path = "\(base)/sealift-test-\(UUID().uuidString)"
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        } catch {
            preconditionFailure("no temporary folder: \(error)")
        }
    }

    deinit { remove() }

    /// Removes the folder now.
    public func remove() {
        try? FileManager.default.removeItem(atPath: path)
    }
}

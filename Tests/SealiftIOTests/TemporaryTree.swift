import Foundation
import Glibc

@testable import SealiftIO

/// A directory of its own for one test, removed with everything in it.
final class TemporaryTree: Sendable {
    let path: String

    /// - Parameter inMemory: whether it should lie on a tmpfs where there is one: for tests that
    ///   rename a million times.
    init(inMemory: Bool = false) {
        let shared = "/dev/shm"
        let base = inMemory && access(shared, W_OK) == 0 ? shared : "/tmp"
        var template = Array("\(base)/sealift-test-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { fatalError("no temporary directory") }
        path = String(cString: made)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    func directory() throws -> DirectoryHandle {
        try DirectoryHandle.open(path: Array(path.utf8))
    }

    func makeDirectory(_ name: String) {
        try? FileManager.default.createDirectory(
            atPath: "\(path)/\(name)", withIntermediateDirectories: true)
    }

    func makeFile(_ name: String, _ content: String = "") {
        _ = FileManager.default.createFile(atPath: "\(path)/\(name)", contents: Data(content.utf8))
    }

    func makeLink(_ name: String, to target: String) {
        symlink(target, "\(path)/\(name)")
    }

    func content(_ name: String) -> String? {
        FileManager.default.contents(atPath: "\(path)/\(name)")
            .map { String(decoding: $0, as: UTF8.self) }
    }

    func names(_ name: String = "") -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "\(path)/\(name)")) ?? []).sorted()
    }
}

extension String {
    /// The bytes, as the API takes names.
    var name: [UInt8] { Array(utf8) }
}

/// The error that `body` throws, or nil.
func failure(_ body: () throws -> Void) -> Int32? {
    do {
        try body()
        return nil
    } catch let error as SystemError {
        return error.code
    } catch {
        return -1
    }
}

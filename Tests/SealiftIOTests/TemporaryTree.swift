import Foundation
import Glibc
import SealiftTestSupport

@testable import SealiftIO

/// What a test of files needs in a directory of its own.
final class TemporaryTree: Sendable {
    private let folder: TemporaryFolder

    var path: String { folder.path }

    /// - Parameter inMemory: as for ``TemporaryFolder``.
    init(inMemory: Bool = false) {
        folder = TemporaryFolder(inMemory: inMemory)
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

import Foundation
import Glibc
import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftPeople
import SealiftStore
import SealiftTestSupport
import Testing

@testable import Sealift

@Suite("Deleting what is gone at its owner")
struct SyncPrunerTests {
    private struct Scene {
        let folder = TemporaryFolder()
        let log: AuditLog

        init() throws {
            var entropy = SeededEntropy(seed: 8)
            let home = try Home.open(path: Array((folder.path + "/home").utf8))
            log = try AuditLog(Store(in: home), of: DeviceKeyPair.generate(entropy: &entropy))
            try FileManager.default.createDirectory(
                atPath: folder.path + "/in/llm", withIntermediateDirectories: true)
            try Data("old".utf8).write(to: URL(fileURLWithPath: path))
        }

        var path: String { folder.path + "/in/llm/old" }

        func pruner(_ onLogged: @escaping () -> Void = {}) throws -> SyncPruner {
            let root = Array((folder.path + "/in").utf8)
            return SyncPruner(
                root: try DirectoryHandle.open(path: root), path: root, log: log,
                onLogged: onLogged)
        }

        func file() throws -> SyncLedger.GoneFile {
            let name = Array("llm/old".utf8)
            return SyncLedger.GoneFile(path: name, status: try pruner().root.status(of: name))
        }

        func reasons() throws -> [String] {
            var found: [String] = []
            try log.forEachEntry { _, entry in
                if case .success(let entry) = entry { found.append(entry.reason) }
                return true
            }
            return found
        }
    }

    @Test("logs it, then does it")
    func deletes() throws {
        let scene = try Scene()
        let path = scene.path
        var wasThere = false
        let outcome = try scene.pruner { wasThere = access(path, F_OK) == 0 }
            .delete(try scene.file())
        #expect(outcome == .deleted && wasThere)
        #expect(access(path, F_OK) != 0)
        #expect(try scene.reasons() == ["sync_gone"])
    }

    @Test("leaves what was changed meanwhile, or swapped for a link or a folder of links")
    func changed() throws {
        let changes: [(String) -> Void] = [
            { try? Data("new".utf8).write(to: URL(fileURLWithPath: $0)) },
            {
                rename($0, $0 + ".away")
                symlink($0 + ".away", $0)
            },
            {
                let folder = ($0 as NSString).deletingLastPathComponent
                rename(folder, folder + ".away")
                symlink(folder + ".away", folder)
            },
        ]
        for (number, change) in changes.enumerated() {
            let before = try Scene()
            let file = try before.file()
            change(before.path)
            #expect(try before.pruner().delete(file) == .changed)
            #expect(access(before.path, F_OK) == 0, "\(number)")
            #expect(try before.reasons() == [])

            let after = try Scene()
            let found = try after.file()
            let path = after.path
            #expect(try after.pruner { change(path) }.delete(found) == .changed)
            #expect(access(path, F_OK) == 0, "\(number)")
            #expect(try after.reasons() == ["sync_gone", "sync_kept"])
        }
    }
}

import Foundation
import Glibc
import SealiftBase
import SealiftContent
import SealiftCrypto
import SealiftIO
import SealiftPeople
import SealiftStore
import SealiftTestSupport
import SealiftTransfer
import Testing

@testable import Sealift

/// A checkpoint is deleted on the disk: exactly what was received, whatever happens at the last moment.
@Suite("Deleting a checkpoint")
struct CheckpointRemoverTests {
    /// A watched folder, a home beside it, and a receipt for everything.
    private struct Scene {
        let temporary = TemporaryFolder()
        let store: Store
        let log: AuditLog
        let proof: DeletionProof

        init() throws {
            var entropy = SeededEntropy(seed: 5)
            let device = DeviceKeyPair.generate(entropy: &entropy)
            let peer = DeviceKeyPair.generate(entropy: &entropy)
            let home = try Home.open(path: Array((temporary.url.path + "/home").utf8))
            store = try Store(in: home)
            log = try AuditLog(store, of: device)
            let head = try log.head()
            let statement = ReceiptStatement(
                transfer: TransferID(entropy: &entropy),
                content: AuditEntry.Content(length: 5, root: LogHash.leaf([1])), files: 1,
                verification: .memory, time: SystemWallClock.now(), sender: device.publicKeys,
                receiver: peer.publicKeys, senderLog: head, receiverLog: head)
            let given = try #require(
                Receipt.signature(of: statement, as: .sender, by: device))
            let taken = try #require(
                Receipt.signature(of: statement, as: .receiver, by: peer))
            let receipt = try #require(Receipt(statement, sender: given, receiver: taken))
            proof = try #require(DeletionProof([receipt], givenBy: device.publicKeys))
            try FileManager.default.createDirectory(
                atPath: path("run"), withIntermediateDirectories: true)
        }

        func path(_ name: String) -> String { temporary.url.path + "/" + name }

        func write(_ text: String, to name: String) throws {
            let url = URL(fileURLWithPath: path(name))
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: url)
        }

        func text(_ name: String) -> String? {
            (try? Data(contentsOf: URL(fileURLWithPath: path(name))))
                .map { String(decoding: $0, as: UTF8.self) }
        }

        func remover(
            _ onStep: @escaping (CheckpointRemover.Step) throws(SystemError) -> Void = { _ in }
        ) throws -> CheckpointRemover {
            let folder = Array(path("run").utf8)
            return CheckpointRemover(
                folder: try DirectoryHandle.open(path: folder), path: folder, log: log,
                store: store, onStep: onStep)
        }

        func version(_ name: String) throws -> CheckpointVersion {
            let folder = try DirectoryHandle.open(path: Array(path("run").utf8))
            let scan = CheckpointScan(
                of: Array(name.utf8), in: folder, listedAs: Array(name.utf8),
                asksForWriters: { _ in false })
            return try #require(scan).version
        }

        /// What the log says of deletions, in order.
        func entries() throws -> [String] {
            var reasons: [String] = []
            try log.forEachEntry { _, entry in
                if case .success(let entry) = entry, entry.event == .deleted {
                    reasons.append(entry.reason)
                }
                return true
            }
            return reasons
        }

        var left: [String] {
            (try? FileManager.default.contentsOfDirectory(atPath: path("run")))?.sorted() ?? []
        }
    }

    private static let name = Array("step".utf8)

    @Test("removes a file or a folder, and nothing beside it", arguments: [true, false])
    func removes(isFolder: Bool) throws {
        let scene = try Scene()
        if isFolder {
            try scene.write("a", to: "run/step/deep/a")
            try scene.write("b", to: "run/step/b")
        } else {
            try scene.write("a", to: "run/step")
        }
        try scene.write("other", to: "run/other")
        let version = try scene.version("step")
        let outcome = try scene.remover().remove(Self.name, version, scene.proof)
        #expect(outcome == .deleted)
        #expect(scene.left == ["other"])
        #expect(try scene.entries() == ["watch_received"])
        #expect(try scene.store.removals(in: Array(scene.path("run").utf8)).isEmpty)
    }

    @Test("leaves what was rewritten since it was sent, also with its old size and time")
    func rewritten() throws {
        let scene = try Scene()
        try scene.write("good", to: "run/step")
        let version = try scene.version("step")
        var status = stat()
        #expect(stat(scene.path("run/step"), &status) == 0)
        let file = open(scene.path("run/step"), O_WRONLY)
        #expect(Glibc.write(file, "evil", 4) == 4)
        var times = [status.st_atim, status.st_mtim]
        #expect(futimens(file, &times) == 0)
        close(file)
        let outcome = try scene.remover().remove(Self.name, version, scene.proof)
        #expect(outcome == .kept("it changed since it was sent"))
        #expect(scene.text("run/step") == "evil")
        #expect(try scene.entries() == [])
    }

    @Test(
        "leaves a link that is swapped in, and what it leads to, at whatever step",
        arguments: [CheckpointRemover.Step.judged, .logged, .moved])
    func swapped(step: CheckpointRemover.Step) throws {
        let scene = try Scene()
        try scene.write("precious", to: "precious/file")
        try scene.write("a", to: "run/step/a")
        let version = try scene.version("step")
        let (link, target) = (scene.path("run/step"), scene.path("precious"))
        let outcome = try scene.remover { reached throws(SystemError) in
            guard reached == step else { return }
            // Where it is moved away already, a new name stands where it was.
            rename(link, link + ".away")
            symlink(target, link)
        }.remove(Self.name, version, scene.proof)
        #expect(scene.text("precious/file") == "precious")
        var status = stat()
        #expect(lstat(link, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
        if step == .moved {
            #expect(outcome == .deleted)
        } else {
            #expect(outcome != .deleted)
            #expect(scene.text("run/step.away/a") == "a")
            #expect(try scene.entries() == ["watch_received", "watch_kept"])
        }
    }

    @Test("gives back what was put into the place it was moved to")
    func swappedInside() throws {
        let scene = try Scene()
        try scene.write("a", to: "run/step")
        let version = try scene.version("step")
        let run = scene.path("run")
        let outcome = try scene.remover { step throws(SystemError) in
            guard step == .moved,
                let place = try? FileManager.default.contentsOfDirectory(atPath: run + "/.sealift")
                    .first
            else { return }
            let path = run + "/.sealift/" + place
            unlink(path)
            try? Data("other".utf8).write(to: URL(fileURLWithPath: path))
        }.remove(Self.name, version, scene.proof)
        #expect(outcome == .kept("something else was put in its place"))
        #expect(scene.text("run/step") == "other")
        #expect(try scene.entries() == ["watch_received", "watch_kept"])
    }

    @Test("leaves what somebody has open for writing, where the file system tells")
    func written() throws {
        let scene = try Scene()
        try scene.write("a", to: "run/step")
        let version = try scene.version("step")
        let folder = try DirectoryHandle.open(path: Array(scene.path("run").utf8))
        let lease = try folder.openFile(Self.name, for: .reading).takeReadLease()
        let file = open(scene.path("run/step"), O_WRONLY)
        defer { close(file) }
        let outcome = try scene.remover().remove(Self.name, version, scene.proof)
        #expect(lease == .unsupported || outcome == .kept("somebody writes to it"))
    }

    @Test("leaves a folder with something in it that was not sent")
    func unsent() throws {
        let scene = try Scene()
        try scene.write("a", to: "run/step/a")
        symlink("a", scene.path("run/step/link"))
        let outcome = try scene.remover().remove(
            Self.name, try scene.version("step"), scene.proof)
        guard case .kept(let reason) = outcome else {
            Issue.record("it was deleted")
            return
        }
        #expect(reason.contains("link"))
        #expect(scene.text("run/step/a") == "a")
    }

    @Test(
        "that was ended at any step is finished by the next run", arguments: [true, false],
        [CheckpointRemover.Step.logged, .moved, .verified])
    func killed(isFolder: Bool, step: CheckpointRemover.Step) throws {
        let scene = try Scene()
        try scene.write("a", to: isFolder ? "run/step/a" : "run/step")
        _ = try scene.remover { reached throws(SystemError) in
            if reached == step { throw SystemError(code: EINTR, operation: "killed") }
        }.remove(Self.name, try scene.version("step"), scene.proof)
        #expect(scene.left == [step == .logged ? "step" : ".sealift"])
        let pending = try scene.store.removals(in: Array(scene.path("run").utf8))
        #expect(pending.count == 1)
        // A checkpoint of that name that came meanwhile is another one.
        if step != .logged { try scene.write("new", to: "run/step") }
        for removal in pending {
            #expect(try scene.remover().carryOut(removal, .interrupted) == .deleted)
        }
        #expect(scene.left == (step == .logged ? [] : ["step"]))
        #expect(try scene.entries() == ["watch_received"])
        #expect(try scene.store.removals(in: Array(scene.path("run").utf8)).isEmpty)
    }
}

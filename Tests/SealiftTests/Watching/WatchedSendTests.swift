import Foundation
import Glibc
import SealiftBase
import SealiftIO
import SealiftTestSupport
import SealiftTransfer
import Synchronization
import Testing

@testable import Sealift

@Suite("A checkpoint that is sent")
struct WatchedSendTests {
    private final class Events: TransferObserver {
        private let events = Mutex<[TransferEvent]>([])

        var all: [TransferEvent] { events.withLock { $0 } }

        func handle(_ event: TransferEvent) { events.withLock { $0.append(event) } }

        func decide(_ offer: OfferSummary) -> Decision { .accept }
    }

    private static func scan(_ run: String) throws -> CheckpointVersion {
        let name = Array("step".utf8)
        let folder = try DirectoryHandle.open(path: Array(run.utf8))
        let scan = CheckpointScan(
            of: name, in: folder, listedAs: name, asksForWriters: { _ in true })
        return try #require(scan).version
    }

    private static func send(_ folder: TemporaryFolder, _ events: Events) throws -> SendRun {
        let address = try #require(EndpointAddress("127.0.0.1:0"))
        let options = SendOptions(
            paths: [Array((folder.path + "/run/step").utf8)], listen: [address],
            home: Array((folder.path + "/home").utf8))
        return try SendRun(options, observer: events, cancellation: Cancellation())
    }

    @Test("is the version that was seen, file or folder", arguments: [true, false])
    func same(isFolder: Bool) throws {
        let folder = TemporaryFolder()
        let path = folder.path + "/run/step" + (isFolder ? "/deep/model" : "")
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(repeating: 7, count: 300_000).write(to: URL(fileURLWithPath: path))
        let seen = try Self.scan(folder.path + "/run")
        let run = try Self.send(folder, Events())
        #expect(run.catalog.checkpointVersion == seen)
        run.objection = { _ in .stoppedForTest }
        #expect(throws: SealiftError.stoppedForTest) { _ = try run.run() }
    }

    @Test("sends nothing that was swapped in after it was seen")
    func swapped() throws {
        let folder = TemporaryFolder()
        try FileManager.default.createDirectory(
            atPath: folder.path + "/run", withIntermediateDirectories: true)
        try Data("secret".utf8).write(to: URL(fileURLWithPath: folder.path + "/secret"))
        try Data("public".utf8).write(to: URL(fileURLWithPath: folder.path + "/run/step"))
        let seen = try Self.scan(folder.path + "/run")
        #expect(unlink(folder.path + "/run/step") == 0)
        #expect(symlink(folder.path + "/secret", folder.path + "/run/step") == 0)
        let events = Events()
        let run = try Self.send(folder, events)
        run.objection = { $0.checkpointVersion == seen ? nil : .stoppedForTest }
        #expect(throws: SealiftError.stoppedForTest) { _ = try run.run() }
        // Nobody could come: there is no ticket.
        #expect(events.all == [])
    }
}

extension SealiftError {
    fileprivate static let stoppedForTest = SealiftError(
        .sourceUnreadable, "stopped", advice: "")
}

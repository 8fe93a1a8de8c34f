import Foundation
import SealiftBase
import SealiftContent
import SealiftCrypto
import SealiftIO
import SealiftTestSupport
import SealiftTransport

@testable import Sealift
@testable import SealiftTransfer

/// A folder of its own for one test, with a state folder beside it.
final class StorageBench {
    private let folder = TemporaryFolder()

    var path: String { folder.path }

    init() throws {
        for name in ["out", "home"] {
            try FileManager.default.createDirectory(
                atPath: "\(path)/\(name)", withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        }
    }

    func store(
        tape: OperationTape? = nil, faults: FaultInjector? = nil, output: String = "out",
        boot: UInt8 = 1
    ) throws -> ReceiverFileStore {
        var folder = try DirectoryHandle.open(path: Array("\(path)/\(output)".utf8))
        if let tape { folder = try folder.injecting(FaultInjector(tape: tape)) }
        if let faults { folder = try folder.injecting(faults) }
        let home = try Home.open(path: Array("\(path)/home".utf8))
        guard let boot = BootIdentity(bytes: [UInt8](repeating: boot, count: 16)),
            let sender = DeviceFingerprint([UInt8](repeating: 9, count: 16))
        else { throw CocoaError(.coderInvalidValue) }
        return try ReceiverFileStore(
            Destination(folder), sender: sender, spool: ListingSpool(in: home), home: home,
            boot: boot)
    }

    func content(_ name: String) -> [UInt8]? {
        FileManager.default.contents(atPath: "\(path)/out/\(name)").map { Array($0) }
    }

    func write(_ name: String, _ content: [UInt8]) {
        _ = FileManager.default.createFile(
            atPath: "\(path)/out/\(name)", contents: Data(content))
    }

    func remove(_ name: String) throws {
        try FileManager.default.removeItem(atPath: "\(path)/out/\(name)")
    }

    /// Every name under the output folder.
    func names() throws -> Set<String> {
        Set(try FileManager.default.subpathsOfDirectory(atPath: "\(path)/out"))
    }
}

/// Both machines of a transfer joined without a network: a sender in memory, a receiver on a real
/// disk. Stops where it is told, as a killed process does.
struct DirectTransfer {
    var receiver = ReceiverSession()
    var sender: SenderSession
    var worker: ReceiverWorker<ReceiverFileStore>
    var reader: SenderWorker<MemorySource>
    private(set) var reports: [ReceiverSession.Report] = []
    private(set) var summary: ListingSummary?
    private(set) var steps = 0
    private(set) var isOver = false
    /// Objects between two flushes of the store.
    var flushInterval = 3
    /// Called before each step of finishing.
    var whileFinishing: () -> Void = {}

    init(
        _ source: MemorySource, into store: ReceiverFileStore,
        choices: ReceiverChoices = ReceiverChoices()
    ) {
        sender = SenderSession(offering: source.offer())
        reader = SenderWorker(source: source)
        worker = ReceiverWorker(store: store, choices: choices)
    }

    /// Runs to the end, or until so many objects were read.
    mutating func run(objects limit: Int = .max) {
        while !isOver {
            if let action = sender.pollAction() {
                perform(action)
            } else if let action = receiver.pollAction() {
                perform(action)
            } else {
                guard steps < limit else { return }
                guard case .output(let output) = nextOutput() else { return }
                steps += 1
                sender.receive(output)
                guard steps.isMultiple(of: flushInterval), worker.listing != nil else { continue }
                var outputs: [ReceiverOutput] = []
                try? worker.flush(&outputs)
                give(outputs)
            }
        }
    }

    private mutating func nextOutput() -> SenderWorker<MemorySource>.Step {
        while true {
            let step = reader.step()
            if case .working = step { continue }
            return step
        }
    }

    private mutating func perform(_ action: SenderSession.Action) {
        switch action {
        case .send(let message): receiver.receive(message)
        case .sendObject(let id, let buffer): receiver.receive(id, buffer)
        case .work(let command): reader.enqueue(command)
        case .decideClaim: sender.claimDecided(nil)
        case .report: break
        case .close, .closeWhenDelivered: isOver = true
        }
    }

    private mutating func perform(_ action: ReceiverSession.Action) {
        switch action {
        case .send(let message): sender.receive(message)
        case .work(let command):
            if case .finish = command { whileFinishing() }
            var outputs: [ReceiverOutput] = []
            worker.handle(command, into: &outputs)
            give(outputs)
        case .ask(let summary):
            self.summary = summary
            if summary.conflictCount == 0 { receiver.accept() } else { receiver.decline() }
        case .report(let report): reports.append(report)
        case .close: isOver = true
        case .expectObjects, .withdraw: break
        }
    }

    private mutating func give(_ outputs: [ReceiverOutput]) {
        for output in outputs {
            receiver.receive(output, now: .zero, roundTrip: .milliseconds(1))
        }
    }

    /// Whether both ends agreed on the whole.
    var isCompleted: Bool {
        reports.contains { if case .completed = $0 { true } else { false } }
    }

    /// How each file ended.
    var results: [String: FileResult] {
        var results: [String: FileResult] = [:]
        for case .fileDone(let path, _, let result) in reports {
            results[path.description] = result
        }
        return results
    }
}

/// Small trees for the tests of storage.
enum StorageTrees {
    static func file(
        _ path: String, _ content: [UInt8], seconds: Int64 = 1_700_000_000
    ) throws -> MemorySource.Item {
        MemorySource.Item(
            entry: ListingEntry(
                path: try EntryPath(Array(path.utf8)),
                kind: .file(
                    FileEntry(
                        size: UInt64(content.count),
                        modificationTime: ModificationTime(seconds: seconds, nanoseconds: 5)
                            ?? .epoch))),
            content: content)
    }

    static func directory(_ path: String) throws -> MemorySource.Item {
        MemorySource.Item(
            entry: ListingEntry(path: try EntryPath(Array(path.utf8)), kind: .directory),
            content: [])
    }

    /// Empty, small, one piece, several pieces, in two folders.
    static func mixed(seed: UInt64) throws -> [MemorySource.Item] {
        var generator = SeededGenerator(seed: seed)
        var items = [try directory("t"), try file("t/a-empty", [])]
        for number in 0..<5 {
            items.append(try file("t/b-\(number)", generator.bytes(10 + number)))
        }
        items.append(try file("t/c-large", generator.bytes(900_000)))
        items.append(try directory("t/d"))
        items.append(try file("t/d/piece", generator.bytes(262_144)))
        items.append(try file("t/e-large", generator.bytes(600_001)))
        return items
    }
}

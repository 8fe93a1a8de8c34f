import Foundation
import SealiftBase
import SealiftContent
import SealiftCrypto
import SealiftIO
import SealiftTestSupport
import SealiftTransfer
import SealiftTransport
import Testing

@testable import Sealift

/// A measurement, for `docs/PERFORMANCE.md`: `SEALIFT_MEASURE=1 swift test … --filter HugeResume`.
@Suite(
    "Resuming 500 GiB",
    .enabled(if: ProcessInfo.processInfo.environment["SEALIFT_MEASURE"] != nil))
struct HugeResumeTests {
    private static let provenPieces: UInt64 = 500 << 12

    /// Lays down what a run that was stopped after 500 GiB leaves: a data file of that size, without
    /// blocks, and a journal of two million records.
    private func stage(_ entry: ListingEntry, in bench: StorageBench) throws {
        let facts = try #require(entry.file)
        let key = StagingKey(path: entry.path, file: facts)
        var store = try bench.store()
        let staging = try store.stagingFolder()
        let data = try staging.openFile(
            StagedFile.dataName(key), for: .creatingOrUpdating(mode: 0o600))
        try data.setSize(Self.provenPieces * UInt64(PieceGeometry.pieceSize))
        let journal = try staging.openFile(
            StagedFile.journalName(key), for: .creatingOrUpdating(mode: 0o600))
        let boot = try #require(BootIdentity(bytes: [UInt8](repeating: 1, count: 16)))
        let writer = PieceJournalWriter(
            key: key, dataInode: try data.status().inode, length: facts.size, boot: boot)
        let header = writer.headerWrite
        try journal.write(header.bytes, at: header.offset)
        var generator = SeededGenerator(seed: 1)
        let hash = try #require(Hash256(generator.bytes(32)))
        var pending: [UInt8] = []
        var offset = PieceJournalFormat.offset(of: PieceIndex(0))
        for piece in 0..<Self.provenPieces {
            pending += writer.record(PieceIndex(piece), hash: hash).bytes
            guard pending.count > 1 << 20 else { continue }
            try journal.write(pending, at: offset)
            offset += UInt64(pending.count)
            pending.removeAll(keepingCapacity: true)
        }
        try journal.write(pending, at: offset)
    }

    @Test("asks for new pieces within two seconds of the offer")
    func asksSoon() throws {
        let size = (Self.provenPieces + 4_096) * UInt64(PieceGeometry.pieceSize)
        let entry = ListingEntry(
            path: try EntryPath(Array("huge".utf8)),
            kind: .file(FileEntry(size: size, modificationTime: .epoch)))
        let source = try MemorySource([MemorySource.Item(entry: entry, content: [])])
        let bench = try StorageBench()
        try stage(entry, in: bench)

        let start = MonotonicClock.now()
        var receiver = ReceiverSession()
        var worker = ReceiverWorker(store: try bench.store(), choices: ReceiverChoices())
        receiver.receive(.offer(source.offer(.yours)))
        var first: PieceIndex?
        while first == nil, let action = receiver.pollAction() {
            switch action {
            case .work(let command):
                var outputs: [ReceiverOutput] = []
                worker.handle(command, into: &outputs)
                for output in outputs {
                    receiver.receive(output, now: .zero, roundTrip: .milliseconds(1))
                }
            case .ask: receiver.accept()
            case .send(.claim): receiver.receive(.claimed)
            case .send(.request(let request)) where request.file == .listing:
                let buffer = ObjectBuffer(count: Hash256.byteCount + source.listingBytes.count)
                source.listing.root.copyBytes(to: buffer.bytes)
                UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[Hash256.byteCount...])
                    .copyBytes(from: source.listingBytes)
                receiver.receive(request.firstObject, buffer)
            case .send(.request(let request)): first = request.piece
            default: break
            }
        }
        let taken = MonotonicClock.now() - start
        print("500 GiB proven: the first new piece was asked for after \(taken)")
        #expect(first == PieceIndex(Self.provenPieces))
        #expect(taken < .seconds(2))
    }
}

import Foundation
import GRDB
import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftPeople
import Testing

@testable import SealiftStore

@Suite("The log in the store")
struct AuditLogTests {
    @Test("keeps what is appended, in order, across openings")
    func appends() throws {
        let store = try TemporaryStore()
        #expect(try store.log().head().root == LogHash.empty)
        var tree = LogTree()
        for number in 0..<20 {
            // Each time as a new process would.
            let head = try store.log().append(TemporaryStore.entry(number))
            tree.append(TemporaryStore.entry(number).encoded)
            #expect(head.size == UInt64(number + 1))
            #expect(head.root == tree.root)
        }
        var seen: [AuditEntry] = []
        let log = try store.log()
        try log.forEachEntry { position, entry in
            #expect(position == UInt64(seen.count))
            if let entry = try? entry.get() { seen.append(entry) }
            return true
        }
        #expect(seen == (0..<20).map(TemporaryStore.entry))
        let verdict = try log.verify()
        #expect(verdict.finding == nil)
        #expect(verdict.size == 20)
        #expect(verdict.root == tree.root)
    }

    @Test("shows a part of it: from a time on, of a peer, until enough was seen")
    func parts() throws {
        let store = try TemporaryStore()
        let log = try store.filledLog(6)
        try log.append(
            AuditEntry(.verified, at: WallTime(secondsSince1970: 0), subject: Array("x".utf8)))
        func positions(
            since: WallTime? = nil, peer: String = "", limit: Int = .max
        ) throws -> [UInt64] {
            var found: [UInt64] = []
            try log.forEachEntry(since: since, peer: peer) { position, _ in
                found.append(position)
                return found.count < limit
            }
            return found
        }
        let peer = TemporaryStore.device(2).publicKeys.id.fingerprint.description
        #expect(try positions() == [0, 1, 2, 3, 4, 5, 6])
        #expect(try positions(since: WallTime(secondsSince1970: 1_790_000_004)) == [4, 5])
        #expect(try positions(peer: String(peer.prefix(8))) == [0, 1, 2, 3, 4, 5])
        #expect(try positions(peer: "ffffffff0000") == [])
        #expect(try positions(limit: 2) == [0, 1])
    }

    @Test("is on the disk when an append returns: WAL, and every commit synced")
    func durability() throws {
        let store = try TemporaryStore()
        let queue = try Store(in: store.home).queue
        func pragma(_ name: String) throws -> String? {
            try queue.read { try String.fetchOne($0, sql: "PRAGMA \(name)") }
        }
        #expect(try pragma("journal_mode") == "wal")
        #expect(try pragma("synchronous") == "2")
        #expect(try pragma("secure_delete") == "1")
    }

    @Test("lies in files that nobody else may read")
    func modes() throws {
        let store = try TemporaryStore()
        let log = try store.filledLog(1)
        try withExtendedLifetime(log) {
            for name in try FileManager.default.contentsOfDirectory(atPath: store.path) {
                let attributes = try FileManager.default.attributesOfItem(
                    atPath: "\(store.path)/\(name)")
                #expect(attributes[.posixPermissions] as? Int == 0o600, "\(name)")
            }
        }
    }

    @Test("says so when the volume is full, and stands as it was")
    func full() throws {
        let store = try TemporaryStore()
        let opened = try Store(in: store.home)
        let log = try AuditLog(opened, of: TemporaryStore.device)
        try log.append(TemporaryStore.entry(0))
        try opened.queue.writeWithoutTransaction { database in
            let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
            try database.execute(sql: "PRAGMA max_page_count = \(pages)")
        }
        let large = AuditEntry(
            .deleted, at: WallTime(secondsSince1970: 1),
            subject: [UInt8](repeating: 65, count: 4_000))
        #expect(throws: StoreFailure.full) { for _ in 0..<50 { try log.append(large) } }
        #expect(try log.verify().finding == nil)
    }

    @Test("is not continued by another device")
    func otherDevice() throws {
        let store = try TemporaryStore()
        try store.filledLog(2)
        #expect(throws: StoreFailure.otherDevice) {
            try store.log(TemporaryStore.device(9))
        }
    }

    @Test("goes on where a process was killed between the database and the head beside it")
    func lateHead() throws {
        let store = try TemporaryStore()
        try store.filledLog(2)
        let before = try Data(contentsOf: URL(filePath: store.headPath))
        try store.filledLog(1)
        try before.write(to: URL(filePath: store.headPath))
        #expect(try store.finding() == nil)
        #expect(try store.log().append(TemporaryStore.entry(3)).size == 4)
        #expect(try store.finding() == nil)
    }

    @Test("can be copied while it grows; the copy is a log as it was at one moment")
    func backup() async throws {
        let store = try TemporaryStore()
        let target = try TemporaryStore()
        let opened = try Store(in: store.home)
        try store.filledLog(50)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try store.filledLog(50) }
            group.addTask {
                for number in 0..<5 {
                    try opened.backUp(to: target.home.directory, as: "copy-\(number)")
                }
            }
            try await group.waitForAll()
        }
        for number in 0..<5 {
            let copy = try TemporaryStore()
            try FileManager.default.moveItem(
                atPath: "\(target.path)/copy-\(number)", toPath: copy.databasePath)
            let verdict = try Store(in: copy.home).read {
                try LogVerifier(device: TemporaryStore.device.publicKeys, kept: nil, witnesses: [])
                    .run(on: $0)
            }
            // The head stays behind: a copy that is put to use as a log is found out.
            #expect(verdict.finding == .headMissing)
            #expect((50...100).contains(verdict.size))
        }
        #expect(try store.finding() == nil)
        #expect(throws: StoreFailure.self) {
            try opened.backUp(to: target.home.directory, as: "twice")
            try opened.backUp(to: target.home.directory, as: "twice")
        }
    }

    @Test("keeps receipts, whose other ends bear witness to it")
    func receipts() throws {
        let home = try TemporaryStore()
        let log = try home.filledLog(3)
        let store = try Store(in: home.home)
        let (own, peer) = (TemporaryStore.device, TemporaryStore.device(2))
        var entropy = SeededEntropy(seed: 3)
        let head = try log.head()
        let statement = ReceiptStatement(
            transfer: TransferID(entropy: &entropy),
            content: AuditEntry.Content(length: 5, root: LogHash.empty), files: 1,
            verification: .memory, time: WallTime(secondsSince1970: 5), sender: own.publicKeys,
            receiver: peer.publicKeys, senderLog: head,
            receiverLog: LogHead(log: LogID(entropy: &entropy), size: 1, root: LogHash.empty))
        let receipt = try #require(
            Receipt(
                statement,
                sender: Receipt.signature(of: statement, as: .sender, by: own) ?? [],
                receiver: Receipt.signature(of: statement, as: .receiver, by: peer) ?? []))
        try store.keep(receipt, of: own.publicKeys.id)
        try store.keep(receipt, of: own.publicKeys.id)
        #expect(try store.receipts() == [receipt])
        #expect(try store.witnessedHeads(of: own.publicKeys.id) == [head])
        #expect(try log.verify(witnesses: [head]).finding == nil)
    }
}

import Foundation
import GRDB
import Glibc
import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftPeople
import Testing

@testable import SealiftStore

@Suite("A database that is backed up and taken over", .serialized)
struct BackupStoreTests {
    private static let homeVariable = "SEALIFT_BACKUP_TEST_HOME"
    private static let backupVariable = "SEALIFT_BACKUP_TEST_FILE"
    private static let stepVariable = "SEALIFT_BACKUP_TEST_STEP"
    private static let time = WallTime(secondsSince1970: 1_795_000_000)
    /// The device of the machine that restores.
    private static let next = TemporaryStore.device(9)

    private static func root(_ byte: UInt8) throws -> HybridSigningKey {
        try #require(
            HybridSigningKey(seed: SecretBytes(copying: [UInt8](repeating: byte, count: 32))))
    }

    private static func secret(_ text: String) -> SecretBytes {
        SecretBytes(copying: Array(text.utf8))
    }

    /// A home with an identity, a contact with a key, and two entries more.
    private static func filled() throws -> TemporaryStore {
        let store = try TemporaryStore()
        let author = try ChainAuthor(
            beginning: try root(1), with: TemporaryStore.device, time: time)
        let log = try store.log()
        #expect(
            try log.begin(
                author.chain, of: author.view.identity, with: TemporaryStore.device, .fileMode))
        let bob = try ChainAuthor(
            beginning: try root(2), with: TemporaryStore.device(2), time: time)
        let vault = try SecretVault.open(in: Store(in: store.home), .fileMode)
        let key = try #require(PreSharedKey([UInt8](repeating: 0xB0, count: 32)))
        let pair = StoredPairKey(
            identity: bob.view.identity, device: TemporaryStore.device(2).publicKeys.id,
            key: PairKey(told: key))
        try log.changeContacts(chain: bob.chain, pair: (pair, vault)) { book in
            Result<AuditEntry, ContactBookError> { () throws(ContactBookError) in
                guard let name = try? ContactName("bob") else { throw .unknown }
                try book.add(
                    Contact(name: name, devices: bob.view, verification: .verified(.code)))
                return AuditEntry(.contactChanged, at: Self.time, reason: "added")
            }
        }.get()
        for number in 0..<2 { try log.append(TemporaryStore.entry(number)) }
        return store
    }

    /// The database of `store` without its secrets, as the file `name` of the home of `target`.
    private static func back(
        up store: TemporaryStore, into target: TemporaryStore
    ) throws -> (BackupCopy, BackupPreface) {
        let head = try #require(try Store(in: store.home).keptHead())
        let from = try Store(in: store.home).copyWithoutSecrets()
        let bytes = try from.open().readAll(atMost: 1 << 24)
        from.remove()
        let copy = try BackupCopy(in: target.home)
        try copy.create().write(bytes, at: 0)
        let preface = try #require(
            BackupPreface(
                time: time, identity: IdentityID(of: try root(1).publicKey),
                device: TemporaryStore.device.publicKeys, head: head,
                databaseLength: UInt64(bytes.count)))
        return (copy, preface)
    }

    private static func recovery(known: UInt64?) throws -> DeviceChain {
        try ChainAuthor(
            recovering: try root(1), with: next,
            generation: ChainAuthor.recoveryGeneration(time: time, known: known), time: time
        ).chain
    }

    /// Restores `source` into a new home.
    private static func restored(
        _ source: TemporaryStore
    ) throws -> TemporaryStore {
        let target = try TemporaryStore()
        let (copy, preface) = try back(up: source, into: target)
        defer { copy.remove() }
        let backup = try BackupDatabase(copy, preface)
        #expect(backup.contactCount == 1)
        let chain = try recovery(known: backup.identity.devices.head.position.generation)
        #expect(
            try target.log(next).recover(
                chain, of: preface.identity, with: next, .fileMode, from: backup))
        return target
    }

    @Test("holds no secret, and leaves nothing beside it")
    func secrets() throws {
        let store = try Self.filled()
        let copy = try Store(in: store.home).copyWithoutSecrets()
        let bytes = Data(try copy.open().readAll(atMost: 1 << 24))
        // The key of the vault lies in the home in clear: here too it must not.
        let keys = try #require(
            try Store(in: store.home).read {
                try Data.fetchOne($0, sql: "SELECT bytes FROM vault")
            })
        #expect(keys.count == 33 && bytes.range(of: keys.dropFirst()) == nil)
        let boxes = try Store(in: store.home).read {
            try Data.fetchAll($0, sql: "SELECT bytes FROM secret")
        }
        #expect(boxes.count == 2 && boxes.allSatisfy { bytes.range(of: $0) == nil })
        #expect(bytes.range(of: Data("bob".utf8)) != nil)
        copy.remove()
        let names = try FileManager.default.contentsOfDirectory(atPath: store.path)
        #expect(names.allSatisfy { !$0.hasPrefix(".backup-") }, "\(names)")
    }

    @Test("is made by one process at a time, and clears what a killed one left")
    func turns() throws {
        let store = try Self.filled()
        let left = store.path + "/.backup-0123"
        try Data("left".utf8).write(to: URL(filePath: left))
        do {
            let copy = try Store(in: store.home).copyWithoutSecrets()
            #expect(!FileManager.default.fileExists(atPath: left))
            #expect(throws: StoreFailure.busy) { try Store(in: store.home).copyWithoutSecrets() }
            copy.remove()
        }
        try Store(in: store.home).copyWithoutSecrets().remove()
    }

    @Test(
        "brings contacts, receipts and the former log, and no key; the new device has a log of its own"
    )
    func takenOver() throws {
        let source = try Self.filled()
        let target = try Self.restored(source)
        let store = try Store(in: target.home)
        let bob = try #require(try store.contacts().contact(named: "bob"))
        #expect(bob.verification == .verified(.code))
        #expect(try store.contactsWithKeys().isEmpty)
        #expect(try Store(in: source.home).contactsWithKeys() == [bob.identity])
        let identity = try #require(try store.identity())
        #expect(identity.devices.head.position.generation > 0)
        #expect(identity.devices.activeDevices.map(\.keys) == [Self.next.publicKeys])
        let vault = try SecretVault.open(in: store, .fileMode)
        #expect(try vault.device()?.publicKeys == Self.next.publicKeys)
        // Both logs are whole, each as its own device signed it.
        let log = try target.log(Self.next)
        #expect(try log.head().size == 1)
        #expect(try log.verify().finding == nil)
        let former = try #require(try store.formerLogs().first)
        #expect(former.device == TemporaryStore.device.publicKeys)
        let verdict = try store.verify(former)
        #expect(verdict.finding == nil && verdict.size == 4)
        var reasons: [String] = []
        try AuditLog.forEachEntry(in: store, of: former) { _, entry in
            reasons.append((try? entry.get())?.reason ?? "?")
            return true
        }
        #expect(reasons == ["identity_begun", "added", "", ""])
        // A peer that saw the first chain takes the new one as a recovery.
        let seen = try #require(try Store(in: source.home).identity())
        var view = seen.devices
        #expect(try view.take(identity.chain) == .recovered(from: 0))
    }

    @Test("brings shares, their members, and what these have moved")
    func shares() throws {
        let source = try Self.filled()
        let bob = try #require(try Store(in: source.home).contacts().contact(named: "bob"))
        // The tables of members come before that of shares, by name.
        let share = try SharingScene.share(7, "models")
        let grant = Grant(share: share.id, member: bob.identity, role: .viewer)
        try source.log().addShare(share, grants: [grant]).get()
        _ = try source.log().noteMoved(1_000, by: bob.identity, in: share.id)
        let target = try Self.restored(source)
        let store = try Store(in: target.home)
        #expect(try store.shares() == [share])
        #expect(store.grant(of: bob.identity, in: share.id).value == grant)
        #expect(try store.members(of: share.id).map(\.movedBytes) == [1_000])
    }

    @Test("is restored from a restored home too, with the logs of both devices before")
    func again() throws {
        let first = try Self.restored(try Self.filled())
        let second = try TemporaryStore()
        let from = try Store(in: first.home).copyWithoutSecrets()
        let bytes = try from.open().readAll(atMost: 1 << 24)
        from.remove()
        let copy = try BackupCopy(in: second.home)
        defer { copy.remove() }
        try copy.create().write(bytes, at: 0)
        let preface = try #require(
            BackupPreface(
                time: Self.time, identity: IdentityID(of: try Self.root(1).publicKey),
                device: Self.next.publicKeys, head: try Store(in: first.home).keptHead(),
                databaseLength: UInt64(bytes.count)))
        let backup = try BackupDatabase(copy, preface)
        let device = TemporaryStore.device(10)
        let known = backup.identity.devices.head.position.generation
        let chain = try ChainAuthor(
            recovering: try Self.root(1), with: device,
            generation: ChainAuthor.recoveryGeneration(time: Self.time, known: known),
            time: Self.time
        ).chain
        #expect(chain.entries[0].position.generation == known + 1)
        #expect(
            try second.log(device).recover(
                chain, of: preface.identity, with: device, .fileMode, from: backup))
        let store = try Store(in: second.home)
        let logs = try store.formerLogs()
        #expect(
            Set(logs.map(\.device)) == [TemporaryStore.device.publicKeys, Self.next.publicKeys])
        for log in logs { #expect(try store.verify(log).finding == nil) }
    }

    @Test("is not taken over a live identity, and nothing of it stays behind")
    func live() throws {
        let target = try Self.filled()
        let (copy, preface) = try Self.back(up: try Self.filled(), into: target)
        defer { copy.remove() }
        let size = try target.log().head().size
        let backup = try BackupDatabase(copy, preface)
        let chain = try ChainAuthor(
            recovering: try Self.root(1), with: TemporaryStore.device, generation: 5,
            time: Self.time
        ).chain
        #expect(
            try !target.log().recover(
                chain, of: preface.identity, with: TemporaryStore.device, .fileMode, from: backup))
        #expect(try target.log().head().size == size)
        #expect(try Store(in: target.home).formerLogs().isEmpty)
        #expect(try Store(in: target.home).identity()?.devices.head.position.generation == 0)
    }

    @Test("of another identity, or with a log of another device, is refused whole")
    func foreign() throws {
        let target = try TemporaryStore()
        let (copy, preface) = try Self.back(up: try Self.filled(), into: target)
        defer { copy.remove() }
        let other = try #require(
            BackupPreface(
                time: preface.time, identity: IdentityID(of: try Self.root(3).publicKey),
                device: preface.device, head: preface.head,
                databaseLength: preface.databaseLength))
        #expect(throws: StoreFailure.self) { try BackupDatabase(copy, other) }
        let stranger = try #require(
            BackupPreface(
                time: preface.time, identity: preface.identity,
                device: TemporaryStore.device(77).publicKeys, head: preface.head,
                databaseLength: preface.databaseLength))
        let backup = try BackupDatabase(copy, stranger)
        #expect(throws: StoreFailure.self) {
            try target.log(Self.next).recover(
                try Self.recovery(known: 0), of: preface.identity, with: Self.next, .fileMode,
                from: backup)
        }
        let store = try Store(in: target.home)
        #expect(try store.identity() == nil && store.contacts().contacts.isEmpty)
        #expect(try SecretVault.needsPassphrase(in: store) == nil)
    }

    @Test(
        "shows an entry of the former log that was edited, cut off or put elsewhere",
        arguments: [
            ("UPDATE former_entry SET bytes = x'00' WHERE position = 1", .edited(1)),
            ("DELETE FROM former_entry WHERE position = 3", .truncated(3, size: 4)),
            (
                "DELETE FROM former_entry WHERE position = 3;"
                    + "DELETE FROM former_checkpoint WHERE size = 4", .truncated(3, size: 4)
            ),
            ("DELETE FROM former_entry WHERE position = 0", .deleted(0)),
            ("UPDATE former_log SET head = NULL", .headMissing),
        ] as [(String, LogFinding)])
    func tampered(sql: String, finding: LogFinding) throws {
        let target = try Self.restored(try Self.filled())
        try target.tamper(sql)
        let store = try Store(in: target.home)
        let former = try #require(try store.formerLogs().first)
        #expect(try store.verify(former).finding == finding)
        #expect(try target.log(Self.next).verify().finding == nil)
    }

    @Test("has been taken over or has not, after a kill -9 at every step of it")
    func killed() async throws {
        let source = try Self.filled()
        let bytes: [UInt8] = try {
            let copy = try Store(in: source.home).copyWithoutSecrets()
            defer { copy.remove() }
            return try copy.open().readAll(atMost: 1 << 24)
        }()
        setenv(Self.backupVariable, source.path + "/backup", 1)
        try Data(bytes).write(to: URL(filePath: source.path + "/backup"))
        for step in AuditLog.Step.allCases {
            let target = try TemporaryStore()
            setenv(Self.homeVariable, target.path, 1)
            setenv(Self.stepVariable, "\(step)", 1)
            await #expect(processExitsWith: .signal(SIGKILL)) {
                let environment = ProcessInfo.processInfo.environment
                let fatal = environment[BackupStoreTests.stepVariable]
                try BackupStoreTests.recover(
                    home: environment[BackupStoreTests.homeVariable] ?? "",
                    from: environment[BackupStoreTests.backupVariable] ?? ""
                ) { step in
                    if "\(step)" == fatal { kill(getpid(), SIGKILL) }
                }
            }
            let isThere = step == .committed || step == .headWritten
            let store = try Store(in: target.home)
            #expect(try (store.identity() != nil) == isThere, "\(step)")
            #expect(try store.contacts().contacts.count == (isThere ? 1 : 0), "\(step)")
            #expect(try store.formerLogs().count == (isThere ? 1 : 0), "\(step)")
            #expect(try target.log(Self.next).verify().finding == nil, "\(step)")
            guard !isThere else { continue }
            // What was cut off is done by running it again.
            try Self.recover(
                home: target.path, from: source.path + "/backup", onStep: nil)
            #expect(try Store(in: target.home).identity() != nil, "\(step)")
        }
    }

    fileprivate static func recover(
        home path: String, from file: String, onStep: (@Sendable (AuditLog.Step) -> Void)?
    ) throws {
        let home = try Home.open(path: Array(path.utf8))
        let copy = try BackupCopy(in: home)
        defer { copy.remove() }
        let bytes = try Data(contentsOf: URL(filePath: file))
        try copy.create().write(Array(bytes), at: 0)
        let preface = try #require(
            BackupPreface(
                time: time, identity: IdentityID(of: try root(1).publicKey),
                device: TemporaryStore.device.publicKeys, head: nil,
                databaseLength: UInt64(bytes.count)))
        let backup = try BackupDatabase(copy, preface)
        #expect(
            try AuditLog(Store(in: home), of: next, onStep: onStep).recover(
                try recovery(known: 0), of: preface.identity, with: next, .fileMode, from: backup,
                cost: .test))
    }

    @Test("a chain goes on from the one that is stored, or not at all")
    func extended() throws {
        let store = try Self.filled()
        let identity = try #require(try Store(in: store.home).identity())
        let tablet = TemporaryStore.device(20)
        var author = try ChainAuthor(root: try Self.root(1), continuing: identity.chain)
        let certificate = try #require(
            DeviceCertificate(consentOf: tablet, to: identity.id, generation: 0))
        try author.add(certificate, time: Self.time)
        let log = try store.log()
        let size = try log.head().size
        #expect(
            try log.extend(
                to: author.chain, from: identity.devices.head, as: "device_added",
                device: tablet.publicKeys.id))
        #expect(try log.head().size == size + 1)
        // A second writer that did not see it.
        var late = try ChainAuthor(root: try Self.root(1), continuing: identity.chain)
        try late.add(
            try #require(
                DeviceCertificate(
                    consentOf: TemporaryStore.device(21), to: identity.id, generation: 0)),
            time: Self.time)
        #expect(
            try !log.extend(
                to: late.chain, from: identity.devices.head, as: "device_added",
                device: TemporaryStore.device(21).publicKeys.id))
        // Yesterday's chain is not put back.
        let now = try #require(try Store(in: store.home).identity())
        #expect(throws: (any Error).self) {
            try log.extend(
                to: identity.chain, from: now.devices.head, as: "device_revoked",
                device: tablet.publicKeys.id)
        }
        #expect(try log.head().size == size + 1)
        #expect(try Store(in: store.home).identity()?.devices.head == now.devices.head)
        #expect(try store.finding() == nil)
    }
}

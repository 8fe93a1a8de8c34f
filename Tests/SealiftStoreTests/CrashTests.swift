import Foundation
import Glibc
import SealiftBase
import SealiftIO
import SealiftPeople
import Testing

@testable import SealiftStore

/// Processes of their own that append to one home: killed at every step, or two at once.
@Suite("The store and its processes", .serialized)
struct CrashTests {
    private static let homeVariable = "SEALIFT_STORE_TEST_HOME"
    private static let stepVariable = "SEALIFT_STORE_TEST_STEP"

    /// The log in the home that the parent named.
    private static func inheritedLog(
        _ onStep: (@Sendable (AuditLog.Step) -> Void)? = nil
    ) throws -> AuditLog {
        let path = ProcessInfo.processInfo.environment[homeVariable] ?? ""
        let home = try Home.open(path: Array(path.utf8))
        return try AuditLog(Store(in: home), of: TemporaryStore.device, onStep: onStep)
    }

    @Test("open again, whole, after a kill -9 at every step of an append")
    func killedAtSteps() async throws {
        let store = try TemporaryStore()
        setenv(Self.homeVariable, store.path, 1)
        for (round, step) in AuditLog.Step.allCases.enumerated() {
            setenv(Self.stepVariable, "\(step)", 1)
            let before = try store.filledLog(3).head().size
            await #expect(processExitsWith: .signal(SIGKILL)) {
                let fatal = ProcessInfo.processInfo.environment[CrashTests.stepVariable]
                let log = try CrashTests.inheritedLog { step in
                    if "\(step)" == fatal { kill(getpid(), SIGKILL) }
                }
                try log.append(TemporaryStore.entry(900))
            }
            let isThere = step == .committed || step == .headWritten
            #expect(try store.log().head().size == before + (isThere ? 1 : 0), "\(step)")
            #expect(try store.finding() == nil, "round \(round), \(step)")
        }
    }

    @Test("have a grant with its entry, or neither, after a kill -9 at every step of it")
    func killedInGrant() async throws {
        let scene = try SharingScene()
        setenv(Self.homeVariable, scene.store.path, 1)
        let share = try SharingScene.share(7, "models")
        let bob = scene.bob.identity
        for step in AuditLog.Step.allCases {
            setenv(Self.stepVariable, "\(step)", 1)
            let before = try scene.log().head().size
            await #expect(processExitsWith: .signal(SIGKILL)) {
                let fatal = ProcessInfo.processInfo.environment[CrashTests.stepVariable]
                let log = try CrashTests.inheritedLog { step in
                    if "\(step)" == fatal { kill(getpid(), SIGKILL) }
                }
                let share = try SharingScene.share(7, "models")
                guard let bob = try log.store.contacts().contact(named: "bob") else { return }
                _ = try log.addShare(
                    share, grants: [Grant(share: share.id, member: bob.identity, role: .viewer)])
            }
            let isThere = step == .committed || step == .headWritten
            let found = try scene.open().grant(of: bob, in: share.id)
            #expect(isThere ? found.value != nil : found.isAbsent, "\(step)")
            #expect(try scene.log().head().size == before + (isThere ? 2 : 0), "\(step)")
            #expect(try scene.store.finding() == nil, "\(step)")
            if isThere { try scene.log().removeShare(share.id).get() }
        }
    }

    @Test("take turns with grants and counts too: what two on one home count adds up")
    func quotaTogether() async throws {
        let scene = try SharingScene()
        setenv(Self.homeVariable, scene.store.path, 1)
        let share = try SharingScene.share(7, "models")
        let bob = scene.bob.identity
        try scene.log().addShare(
            share, grants: [Grant(share: share.id, member: bob, role: .viewer, quota: 100)]
        ).get()
        async let first = #expect(processExitsWith: .success) { try CrashTests.moveAll() }
        async let second = #expect(processExitsWith: .success) { try CrashTests.moveAll() }
        _ = await (first, second)
        #expect(try scene.open().movedBytes(by: bob, in: share.id).value == 2 * 3 * 40)
    }

    /// Counts three bytes, forty times.
    private static func moveAll() throws {
        let log = try inheritedLog()
        guard let bob = try log.store.contacts().contact(named: "bob") else { return }
        let share = try SharingScene.id(7)
        for _ in 0..<40 { _ = try log.noteMoved(3, by: bob.identity, in: share) }
    }

    @Test("open again, whole, after a kill -9 at any moment")
    func killedAnywhere() async throws {
        let store = try TemporaryStore()
        setenv(Self.homeVariable, store.path, 1)
        var generator = SeededGenerator(seed: 11)
        var size: UInt64 = 0
        for round in 0..<8 {
            let turns = UInt64.random(in: 1...2_000_000, using: &generator)
            setenv(Self.stepVariable, "\(turns)", 1)
            await #expect(processExitsWith: .signal(SIGKILL)) {
                let turns =
                    ProcessInfo.processInfo.environment[CrashTests.stepVariable].flatMap(
                        UInt64.init)
                    ?? 1
                let log = try CrashTests.inheritedLog()
                Thread.detachNewThread {
                    var generator = SeededGenerator(seed: turns)
                    for _ in 0..<turns where generator.next() == 0 { break }
                    kill(getpid(), SIGKILL)
                }
                for number in 0... { try log.append(TemporaryStore.entry(number)) }
            }
            let head = try store.log().head()
            #expect(head.size >= size, "round \(round)")
            size = head.size
            #expect(try store.finding() == nil, "round \(round), \(turns) turns")
        }
    }

    @Test("lose nothing where one process opens the store twice while another comes and goes")
    func openedTwice() async throws {
        let store = try TemporaryStore()
        setenv(Self.homeVariable, store.path, 1)
        let log = try store.filledLog(3)
        for round in 0..<3 {
            // Opened and let go beside the first: its locks must stay.
            #expect(try store.log().head().size == UInt64(3 + 2 * round))
            await #expect(processExitsWith: .success) {
                try CrashTests.inheritedLog().append(TemporaryStore.entry(500))
            }
            try log.append(TemporaryStore.entry(600 + round))
        }
        #expect(try store.log().head().size == 9)
        #expect(try store.finding() == nil)
    }

    @Test("take turns: two that append to one home lose nothing and harm nothing")
    func together() async throws {
        let store = try TemporaryStore()
        setenv(Self.homeVariable, store.path, 1)
        async let first = #expect(processExitsWith: .success) {
            let log = try CrashTests.inheritedLog()
            for number in 0..<60 { try log.append(TemporaryStore.entry(number)) }
        }
        async let second = #expect(processExitsWith: .success) {
            for number in 100..<160 {
                try CrashTests.inheritedLog().append(TemporaryStore.entry(number))
            }
        }
        _ = await (first, second)
        #expect(try store.finding() == nil)
        var subjects: [String] = []
        try store.log().forEachEntry { _, entry in
            if let entry = try? entry.get() {
                subjects.append(String(decoding: entry.subject, as: UTF8.self))
            }
            return true
        }
        #expect(
            Set(subjects) == Set((Array(0..<60) + Array(100..<160)).map { "file \($0)" }))
        #expect(subjects.count == 120)
    }
}

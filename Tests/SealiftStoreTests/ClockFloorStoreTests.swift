import Foundation
import SealiftBase
import SealiftPeople
import Testing

@testable import SealiftStore

@Suite("The floor of the clock on disk")
struct ClockFloorStoreTests {
    private static let day: Int64 = 86_400
    private static let now = SharingScene.time
    /// The first of January 2099.
    private static let far = WallTime(secondsSince1970: 4_070_908_800)

    private static func judge(
        _ scene: SharingScene, at now: WallTime, peer: WallTime? = nil
    ) throws -> WallTime {
        // Each time as a new process would.
        try scene.log().moveClockFloor(now: now, peer: peer)
    }

    private static func floor(_ scene: SharingScene) throws -> WallTime? {
        try scene.open().clockFloor().value?.floor
    }

    @Test("is laid once, follows the clock by steps of a day, and never falls")
    func follows() throws {
        let scene = try SharingScene()
        #expect(try scene.open().clockFloor().isAbsent)
        #expect(try Self.judge(scene, at: Self.now) == Self.now)
        #expect(try Self.floor(scene) == Self.now)
        // Less than a minute is not worth a write.
        let soon = Self.now.adding(seconds: AuditLog.clockStep - 1)
        #expect(try Self.judge(scene, at: soon) == soon)
        #expect(try Self.floor(scene) == Self.now)
        let tomorrow = Self.now.adding(seconds: Self.day)
        #expect(try Self.judge(scene, at: tomorrow) == tomorrow)
        #expect(try Self.floor(scene) == tomorrow)
        #expect(try Self.judge(scene, at: Self.now) == tomorrow)
        #expect(try Self.floor(scene) == tomorrow)
        // A week without a judgement: only a peer who agrees moves it.
        let nextWeek = tomorrow.adding(seconds: 7 * Self.day)
        #expect(try Self.judge(scene, at: nextWeek) == nextWeek)
        #expect(try Self.floor(scene) == tomorrow)
        #expect(try Self.judge(scene, at: nextWeek, peer: Self.far) == nextWeek)
        #expect(try Self.floor(scene) == tomorrow)
        #expect(
            try Self.judge(scene, at: nextWeek, peer: nextWeek.adding(seconds: -5)) == nextWeek)
        #expect(try Self.floor(scene) == nextWeek)
        #expect(try scene.entries() == [])
    }

    @Test(
        "closes what has an end while the clock shows 2099, and loses nothing when it is put back")
    func farAndBack() throws {
        let scene = try SharingScene()
        let share = try SharingScene.share(7, "models")
        let end = Self.now.adding(seconds: 30 * Self.day)
        try scene.log().addShare(
            share,
            grants: [
                Grant(
                    share: share.id, member: scene.bob.identity, role: .viewer, expires: end)
            ]
        ).get()
        func decision(_ time: WallTime) throws -> AccessDecision {
            let store = try scene.open()
            let bob = scene.bob.identity
            return .judge(
                AccessRequest(
                    share: share.id, identity: bob, device: SharingScene.device(of: scene.bob),
                    verb: .download, path: GrantedPath("a"), byteCount: 1),
                contact: store.contact(bob), grant: store.grant(of: bob, in: share.id),
                movedBytes: store.movedBytes(by: bob, in: share.id), time: time)
        }
        _ = try Self.judge(scene, at: Self.now)
        #expect(try decision(Self.judge(scene, at: Self.now)) == .allowed)
        #expect(try decision(Self.judge(scene, at: Self.far)) == .denied(.expired))
        #expect(try decision(Self.judge(scene, at: Self.now)) == .allowed)
        // What has ended stays so, however far the clock is put back.
        var clock = Self.now
        while clock < end {
            clock = clock.adding(seconds: Self.day)
            _ = try Self.judge(scene, at: clock)
        }
        #expect(try decision(Self.judge(scene, at: Self.now)) == .denied(.expired))
        #expect(
            try decision(Self.judge(scene, at: WallTime(secondsSince1970: 0)))
                == .denied(.expired))
    }

    @Test("that is damaged judges nothing")
    func damaged() throws {
        let scene = try SharingScene()
        _ = try Self.judge(scene, at: Self.now)
        try scene.store.tamper("DROP TABLE clock")
        try scene.store.tamper("CREATE TABLE clock (number, floor)")
        try scene.store.tamper("INSERT INTO clock VALUES (1, 'yesterday')")
        #expect(try scene.open().clockFloor().isFailed)
        #expect(throws: StoreFailure.self) { try Self.judge(scene, at: Self.now) }
    }
}

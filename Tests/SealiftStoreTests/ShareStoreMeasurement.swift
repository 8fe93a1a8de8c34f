import Foundation
import GRDB
import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftPeople
import Testing

@testable import SealiftStore

/// Figures for `docs/PERFORMANCE.md`, on request: `SEALIFT_MEASURE=1`. What must hold on every machine
/// is in ``QueryPlanTests``.
@Suite("Ten thousand shares")
struct ShareStoreMeasurement {
    private static let isAsked = ProcessInfo.processInfo.environment["SEALIFT_MEASURE"] != nil
    private static let people = 1_000
    private static let shares = 10_000
    private static let membersEach = 10

    private static func bytes(_ number: Int, _ count: Int, _ tag: UInt8) -> [UInt8] {
        [tag]
            + (0..<(count - 1)).map { UInt8(truncatingIfNeeded: number >> (min($0, 7) * 8)) }
    }

    private static func person(_ number: Int) throws -> IdentityID {
        IdentityID(try #require(Hash256(bytes(number, 32, 1))))
    }

    private static func share(_ number: Int) throws -> ShareID {
        try #require(ShareID(bytes(number, 16, 2)))
    }

    /// A thousand contacts, ten thousand shares, a hundred thousand grants.
    private static func fill(_ store: Store) throws {
        try store.write { database in
            for number in 0..<people {
                try database.execute(
                    sql: "INSERT INTO contact VALUES (?, ?, 1, 0, 0, x'00')",
                    arguments: [person(number).stored, "person \(number)"])
            }
            for number in 0..<shares {
                let id = try share(number)
                try database.execute(
                    sql: "INSERT INTO share VALUES (?, ?, ?, ?, 0)",
                    arguments: [id.stored, "s \(number)", "\(number)", Data("/srv".utf8)])
                for member in 0..<membersEach {
                    try database.execute(
                        sql: "INSERT INTO membership VALUES (?, ?, 1, x'2f', ?, ?, 0, NULL, 0)",
                        arguments: [
                            id.stored, person((number + member * 97) % people).stored,
                            StoredLimit.none, StoredLimit.none,
                        ])
                }
            }
        }
    }

    /// What a run takes, in microseconds.
    private struct Figure {
        let processor: Double
        let wall: Double
    }

    /// The mean of `count` runs: processor time too, which other work on the machine hardly changes.
    private static func mean(_ count: Int, _ body: (Int) throws -> Void) rethrows -> Figure {
        let (begin, used) = (MonotonicClock.now(), ProcessorTime.ofProcess())
        for number in 0..<count { try body(number) }
        let processor = Double(ProcessorTime.ofProcess() - used)
        let span = (MonotonicClock.now() - begin).components
        let wall = Double(span.seconds) * 1e6 + Double(span.attoseconds) / 1e12
        return Figure(processor: processor / Double(count), wall: wall / Double(count))
    }

    @Test("and a thousand contacts: how long the look-ups take", .enabled(if: isAsked))
    func measure() throws {
        let scene = try SharingScene()
        let store = try scene.open()
        try Self.fill(store)
        var generator = SeededGenerator(seed: 1)
        func any() -> Int { Int.random(in: 0..<Self.shares, using: &generator) }
        var figures: [(String, Figure)] = []
        figures.append(
            (
                "grant that is there",
                try Self.mean(20_000) { _ in
                    let number = any()
                    let grant = store.grant(
                        of: try Self.person(number % Self.people), in: try Self.share(number))
                    if grant.value == nil { Issue.record("no grant") }
                }
            ))
        figures.append(
            (
                "grant that is not",
                try Self.mean(20_000) { _ in
                    let number = any()
                    let grant = store.grant(
                        of: try Self.person((number + 1) % Self.people), in: try Self.share(number))
                    if !grant.isAbsent { Issue.record("a grant") }
                }
            ))
        figures.append(
            (
                "moved bytes",
                try Self.mean(20_000) { _ in
                    let number = any()
                    _ = store.movedBytes(
                        by: try Self.person(number % Self.people), in: try Self.share(number))
                }
            ))
        figures.append(
            ("share by name", Self.mean(20_000) { _ in _ = store.share(named: "s \(any())") }))
        figures.append(
            (
                "the hundred shares of a contact",
                try Self.mean(200) { number in
                    let visible = store.sharesVisible(to: try Self.person(number)).value
                    if visible?.count != 100 { Issue.record("\(visible?.count ?? -1) shares") }
                }
            ))
        figures.append(("all shares", try Self.mean(3) { _ in _ = try store.shares() }))
        let log = try scene.log()
        figures.append(
            (
                "a grant given, to the disk",
                try Self.mean(100) { number in
                    try log.grant(
                        Grant(
                            share: try Self.share(number), member: scene.bob.identity,
                            role: .editor)
                    ).get()
                }
            ))
        figures.append(
            (
                "an offer judged and stored",
                try Self.mean(16) { number in
                    let offer = try SharingScene.offer(number, from: scene.bob)
                    _ = try log.addOffer(offer, time: SharingScene.time)
                }
            ))
        for (what, figure) in figures {
            print("\(what): \(figure.processor) µs of processor, \(figure.wall) µs in all")
        }
        let size =
            try FileManager.default.attributesOfItem(
                atPath: scene.store.databasePath)[.size] as? Int
        print("database: \(size ?? 0) bytes")
    }
}

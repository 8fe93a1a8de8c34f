import SealiftBase
import SealiftContent
import SealiftPeople
import SealiftTestSupport
import SealiftTransfer
import Testing

/// A folder, its writers and its contacts, on virtual time, driven by a seed; beside it what a run keeps on
/// disk. Holds every action of the core to what may happen at all.
private struct WatchedWorld {
    typealias Delivery = CheckpointWatch.Delivery

    struct File {
        var version: CheckpointVersion
        var modified: ModificationTime
        var isOpen: Bool
        /// The first look that found this version, or the last that found it open.
        var quietSince: Instant?
    }

    var generator: SeededGenerator
    let policy: CheckpointWatch.Policy
    var watch: CheckpointWatch
    var now = Instant.zero
    var files: [[UInt8]: File] = [:]
    /// The files as the last look found them.
    var seen: [[UInt8]: File] = [:]
    var open: Set<Delivery> = []
    /// What is on disk: who has what, with a receipt or without.
    var kept: [Delivery: Bool] = [:]
    var declined: Set<Delivery> = []
    var deleted: [[UInt8]] = []
    private var counter: UInt64 = 0
    /// Whether contacts and disks fail, and writers write.
    var isWild = true

    init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
        let people = (1...generator.next(upTo: 3)).map { Self.person(UInt8($0)) }
        let kept = Int(generator.next(upTo: 5)) - 2
        policy = CheckpointWatch.Policy(
            settle: .seconds(Int64(generator.next(upTo: 40))), recipients: people,
            cleaning: kept < 0 ? .never : .afterReceipts(keepingNewest: kept))
        watch = CheckpointWatch(policy)
    }

    static func person(_ number: UInt8) -> IdentityID {
        IdentityID(Hash256([UInt8](repeating: number, count: 32)) ?? .zero)
    }

    private mutating func version() -> CheckpointVersion {
        counter += 1
        let bytes = [UInt8](repeating: 0, count: 24) + withUnsafeBytes(of: counter) { Array($0) }
        return CheckpointVersion(Hash256(bytes) ?? .zero)
    }

    mutating func step() {
        now += .milliseconds(Int64(generator.next(upTo: 4_000)))
        if isWild { write() }
        if generator.next(upTo: 3) > 1 || !isWild { look() }
        endSome()
        if isWild, generator.next(upTo: 60) == 1 { restart() }
        act()
    }

    private mutating func write() {
        let name = Array("step-\(generator.next(upTo: 8))".utf8)
        switch generator.next(upTo: 12) {
        case 1:
            files[name] = File(
                version: version(),
                modified: ModificationTime(seconds: now.nanoseconds, nanoseconds: 0) ?? .epoch,
                isOpen: generator.next(upTo: 2) == 1)
        case 2: files[name]?.isOpen.toggle()
        case 3 where generator.next(upTo: 3) == 1: files[name] = nil
        default: break
        }
    }

    private mutating func look() {
        for (name, file) in files {
            if file.isOpen || file.quietSince == nil { files[name]?.quietSince = now }
        }
        seen = files
        let sightings = files.map { name, file in
            CheckpointWatch.Sighting(
                name: name, version: file.version, modified: file.modified,
                isBeingWritten: file.isOpen)
        }
        watch.observe(sightings, now: now)
    }

    /// A process is killed and another begins, with what was on disk.
    private mutating func restart() {
        watch = CheckpointWatch(policy)
        for (delivery, isProven) in kept { watch.restore(delivery, isProven: isProven) }
        open = []
        declined = []
        for name in files.keys { files[name]?.quietSince = nil }
    }

    private mutating func endSome() {
        for delivery in open.sorted(by: { $0.name.lexicographicallyPrecedes($1.name) })
        where generator.next(upTo: 4) == 1 || !isWild {
            end(delivery, isWild ? generator.next(upTo: 8) : 8)
        }
    }

    private mutating func end(_ delivery: Delivery, _ fate: UInt64) {
        open.remove(delivery)
        let isSame = files[delivery.name]?.version == delivery.version
        switch fate {
        case 1: watch.ended(delivery, .failed, now: now)
        case 2:
            declined.insert(delivery)
            watch.ended(delivery, .declined, now: now)
        case 3:
            kept[delivery] = false
            watch.ended(delivery, .received(isProven: false), now: now)
        default:
            guard isSame else { return watch.ended(delivery, .withdrawn, now: now) }
            kept[delivery] = true
            watch.ended(delivery, .received(isProven: true), now: now)
        }
    }

    private mutating func act() {
        while let action = watch.pollAction() {
            switch action {
            case .settled(let name, let version): #expect(isQuiet(name, version))
            case .offer(let delivery): offer(delivery)
            case .withdraw(let delivery):
                #expect(open.contains(delivery))
                open.remove(delivery)
                watch.ended(delivery, .withdrawn, now: now)
            case .delete(let name, let version): delete(name, version)
            }
        }
    }

    /// Whether every look found it so, and closed, for the settle time.
    private func isQuiet(_ name: [UInt8], _ version: CheckpointVersion) -> Bool {
        // What vanished between the look and now was quiet when it was looked at.
        guard let file = files[name], file.version == version else { return true }
        guard let since = file.quietSince else { return false }
        return now - since >= policy.settle
    }

    private mutating func offer(_ delivery: Delivery) {
        #expect(isQuiet(delivery.name, delivery.version))
        #expect(kept[delivery] == nil, "offered again")
        #expect(!declined.contains(delivery), "offered after a no")
        let theirs = open.filter { $0.recipient == delivery.recipient }
        #expect(theirs.count < CheckpointWatch.maximumOpenOffers)
        #expect(!theirs.contains { $0.name == delivery.name })
        open.insert(delivery)
    }

    private mutating func delete(_ name: [UInt8], _ version: CheckpointVersion) {
        guard case .afterReceipts(let newest) = policy.cleaning else {
            Issue.record("nothing is deleted without being asked for")
            return
        }
        for recipient in policy.recipients {
            let delivery = Delivery(name: name, version: version, recipient: recipient)
            #expect(kept[delivery] == true, "no receipt")
        }
        #expect(!open.contains { $0.name == name })
        guard let file = files[name], file.version == version else { return }
        let newer = seen.filter { other, found in
            other != name && found.modified.seconds >= file.modified.seconds
                && policy.recipients.allSatisfy {
                    kept[Delivery(name: other, version: found.version, recipient: $0)] == true
                }
        }
        #expect(newer.count >= newest, "one of the newest")
        files[name] = nil
        seen[name] = nil
        deleted.append(name)
        watch.deleted(name, version)
    }

    /// Nobody writes, fails or declines any more.
    mutating func calm() {
        isWild = false
        for name in files.keys { files[name]?.isOpen = false }
        // Longer than any settle time and any pause, in looks of two seconds on average.
        for _ in 0..<1_500 { step() }
    }
}

extension SeededGenerator {
    /// A number from 1 to `bound`.
    fileprivate mutating func next(upTo bound: UInt64) -> UInt64 {
        UInt64.random(in: 1...bound, using: &self)
    }
}

@Suite("What a watched folder is to offer, and may delete")
struct CheckpointWatchTests {
    private static let people = [WatchedWorld.person(1), WatchedWorld.person(2)]

    @Test(
        "is offered complete, once, to each; and deleted with every receipt only, never the newest",
        arguments: SimulationSeed.series(200))
    func seeds(seed: SimulationSeed) {
        var world = WatchedWorld(seed: seed.value)
        for _ in 0..<400 { world.step() }
        world.calm()
        for (name, file) in world.files {
            for recipient in world.policy.recipients {
                let delivery = CheckpointWatch.Delivery(
                    name: name, version: file.version, recipient: recipient)
                #expect(world.kept[delivery] != nil || world.declined.contains(delivery))
            }
        }
        guard case .afterReceipts(let newest) = world.policy.cleaning else {
            #expect(world.deleted.isEmpty)
            return
        }
        let received = world.files.filter { name, file in
            world.policy.recipients.allSatisfy {
                world.kept[
                    CheckpointWatch.Delivery(name: name, version: file.version, recipient: $0)]
                    == true
            }
        }
        #expect(received.count <= newest)
    }

    private static func version(_ number: UInt8) -> CheckpointVersion {
        CheckpointVersion(Hash256([UInt8](repeating: number, count: 32)) ?? .zero)
    }

    private static func seen(
        _ number: UInt8, isBeingWritten: Bool = false
    ) -> CheckpointWatch.Sighting {
        CheckpointWatch.Sighting(
            name: [65], version: version(number), modified: .epoch, isBeingWritten: isBeingWritten)
    }

    private static func actions(_ watch: inout CheckpointWatch) -> [CheckpointWatch.Action] {
        var actions: [CheckpointWatch.Action] = []
        while let action = watch.pollAction() { actions.append(action) }
        return actions
    }

    @Test("waits while it grows, and while somebody has it open")
    func settles() {
        var watch = CheckpointWatch(
            CheckpointWatch.Policy(
                settle: .seconds(30), recipients: [Self.people[0]], cleaning: .never))
        let start = Instant.zero
        watch.observe([Self.seen(1)], now: start)
        watch.observe([Self.seen(2)], now: start + .seconds(29))
        watch.observe([Self.seen(2)], now: start + .seconds(58))
        #expect(Self.actions(&watch) == [])
        watch.observe([Self.seen(2, isBeingWritten: true)], now: start + .seconds(59))
        watch.observe([Self.seen(2)], now: start + .seconds(88))
        #expect(Self.actions(&watch) == [])
        watch.observe([Self.seen(2)], now: start + .seconds(89))
        #expect(
            Self.actions(&watch) == [
                .settled(name: [65], Self.version(2)),
                .offer(
                    CheckpointWatch.Delivery(
                        name: [65], version: Self.version(2), recipient: Self.people[0])),
            ])
    }

    @Test(
        "that is rewritten while it is offered is taken back, and offered anew when it is complete")
    func rewritten() {
        var watch = CheckpointWatch(
            CheckpointWatch.Policy(
                settle: .seconds(10), recipients: [Self.people[0]],
                cleaning: .afterReceipts(keepingNewest: 0)))
        let old = CheckpointWatch.Delivery(
            name: [65], version: Self.version(1), recipient: Self.people[0])
        let new = CheckpointWatch.Delivery(
            name: [65], version: Self.version(2), recipient: Self.people[0])
        watch.observe([Self.seen(1)], now: .zero)
        watch.observe([Self.seen(1)], now: .zero + .seconds(10))
        _ = Self.actions(&watch)
        watch.observe([Self.seen(2)], now: .zero + .seconds(11))
        #expect(Self.actions(&watch) == [.withdraw(old)])
        // It had come all the same: a receipt for what is not there any more deletes nothing.
        watch.ended(old, .received(isProven: true), now: .zero + .seconds(12))
        watch.observe([Self.seen(2)], now: .zero + .seconds(21))
        #expect(Self.actions(&watch) == [.settled(name: [65], Self.version(2)), .offer(new)])
        watch.ended(new, .received(isProven: true), now: .zero + .seconds(22))
        #expect(Self.actions(&watch) == [.delete(name: [65], Self.version(2))])
    }

    @Test("is deleted when the last of the contacts has it, and stays where one has no receipt")
    func everybody() {
        for last in [true, false] {
            var watch = CheckpointWatch(
                CheckpointWatch.Policy(
                    settle: .seconds(1), recipients: Self.people,
                    cleaning: .afterReceipts(keepingNewest: 0)))
            watch.observe([Self.seen(1)], now: .zero)
            watch.observe([Self.seen(1)], now: .zero + .seconds(1))
            #expect(Self.actions(&watch).count == 3)
            for (person, isProven) in zip(Self.people, [true, last]) {
                watch.ended(
                    CheckpointWatch.Delivery(
                        name: [65], version: Self.version(1), recipient: person),
                    .received(isProven: isProven), now: .zero + .seconds(2))
                let isDue = person == Self.people[1] && last
                #expect(
                    Self.actions(&watch)
                        == (isDue ? [.delete(name: [65], Self.version(1))] : []))
            }
        }
    }
}

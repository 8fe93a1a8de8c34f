import SealiftBase
import SealiftCrypto
import Testing

@testable import SealiftTraversal

@Suite("A rendezvous server")
struct RendezvousCoreTests {
    private let mailbox = Samples.mailbox(1)

    @Test("gives a box to who waits, and to who comes within two minutes")
    func delivery() throws {
        var bench = ServerBench()
        let (sender, early) = (try bench.connected(), try bench.connected(2))
        bench.send(.subscribe([mailbox, Samples.mailbox(2)]), from: early)
        for client in [sender, early] { _ = bench.take(client) }
        bench.send(.put(mailbox, Samples.box(7)), from: sender)
        #expect(bench.take(sender) == [.stored(mailbox)])
        #expect(bench.take(early) == [.box(mailbox, Samples.box(7))])
        bench.advance(.seconds(119))
        let late = try bench.connected(3)
        _ = bench.take(late)
        bench.send(.subscribe([mailbox]), from: late)
        #expect(bench.take(late) == [.box(mailbox, Samples.box(7))])
        // Once only, however often it subscribes.
        bench.send(.subscribe([mailbox, Samples.mailbox(3)]), from: late)
        #expect(bench.take(late).isEmpty)
        bench.advance(.seconds(1))
        let tooLate = try bench.connected(4)
        _ = bench.take(tooLate)
        bench.send(.subscribe([mailbox]), from: tooLate)
        #expect(bench.take(tooLate).isEmpty)
        #expect(bench.core.counters.boxes == 0 && bench.core.counters.expired == 1)
    }

    @Test("says nothing of a mailbox to who does not know its name, and has no list")
    func privacy() throws {
        var bench = ServerBench()
        let (sender, other) = (try bench.connected(), try bench.connected(2))
        bench.send(.put(mailbox, Samples.box(7)), from: sender)
        _ = bench.take(other)
        for type in UInt8(0)...255 where !(1...7).contains(type) {
            var second = ServerBench()
            let client = try second.connected()
            second.send(bytes: [type], from: client)
            #expect(second.hungUp == [client])
        }
        bench.send(.subscribe([Samples.mailbox(2)]), from: other)
        #expect(bench.take(other).isEmpty)
    }

    @Test("forgets everything of a client that leaves")
    func leaving() throws {
        var bench = ServerBench()
        let client = try bench.connected()
        bench.send(.subscribe([mailbox]), from: client)
        bench.send(.open(number: 48_213, Samples.box(1)), from: client)
        bench.leave(client)
        #expect(bench.core.counters.clients == 0 && bench.core.counters.numbers == 0)
        bench.advance(.seconds(100))
        #expect(bench.core.counters.addresses == 0)
    }

    @Test("hangs up on a client that breaks the form or says nothing for ten seconds")
    func violations() throws {
        var bench = ServerBench()
        let (broken, silent, talking) = (
            try bench.connected(), try bench.connected(),
            try bench.connected()
        )
        bench.send(bytes: [0x02, 1, 2, 3], from: broken)
        bench.send(.subscribe([mailbox]), from: talking)
        bench.advance(.seconds(10))
        #expect(bench.hungUp == [broken, silent])
        #expect(bench.core.counters.clients == 1 && bench.core.counters.violations == 2)
        // What comes late from one that is gone changes nothing.
        bench.send(.put(mailbox, Samples.box(1)), from: broken)
        #expect(bench.core.counters.boxes == 0)
    }

    @Test("holds a bounded number of boxes, and pushes none out of another mailbox")
    func boxBounds() throws {
        var bench = ServerBench {
            $0.boxes = 10
            $0.boxesPerMailbox = 8
        }
        let (client, late) = (try bench.connected(), try bench.connected(2))
        for each in [client, late] { _ = bench.take(each) }
        for count in 0..<9 { bench.send(.put(mailbox, Samples.box(UInt8(count))), from: client) }
        // Eight in one mailbox: the newest.
        #expect(bench.core.counters.boxes == 8)
        bench.send(.subscribe([mailbox]), from: late)
        #expect(bench.take(late) == (1..<9).map { .box(mailbox, Samples.box(UInt8($0))) })
        for count in 0..<3 {
            bench.send(.put(Samples.mailbox(UInt8(9 + count)), Samples.box(0)), from: client)
        }
        #expect(bench.core.counters.boxes == 10 && bench.core.counters.busy == 1)
        #expect(
            bench.take(client).filter { $0 == .busy(type: 3, seconds: 10) }.count == 1)
        // One more into the full mailbox costs nobody else anything.
        bench.send(.put(mailbox, Samples.box(9)), from: client)
        #expect(bench.take(client) == [.stored(mailbox)] && bench.core.counters.boxes == 10)
    }

    @Test("lets one address have only so much, and others go on")
    func addressBounds() throws {
        var bench = ServerBench {
            $0.clientsPerAddress = 3
            $0.putting = .init(burst: 2, perSecond: 1)
        }
        let clients = (0..<4).map { _ in bench.connect(1) }
        #expect(clients.map { $0 == nil } == [false, false, false, true])
        let first = try #require(clients[0])
        _ = bench.take(first)
        for _ in 0..<3 { bench.send(.put(mailbox, Samples.box(1)), from: first) }
        #expect(bench.take(first).last == .busy(type: 3, seconds: 1))
        let other = try bench.connected(2)
        _ = bench.take(other)
        bench.send(.put(mailbox, Samples.box(1)), from: other)
        #expect(bench.take(other) == [.stored(mailbox)])
        bench.advance(.seconds(1))
        bench.send(.put(mailbox, Samples.box(1)), from: first)
        #expect(bench.take(first) == [.stored(mailbox)])
        bench.leave(first)
        #expect(bench.connect(1) != nil)
    }

    @Test("counts a whole /64 of IPv6 as one address")
    func prefixes() throws {
        func key(_ last: UInt8, _ seventh: UInt8) throws -> SourceKey {
            var bytes = [UInt8](repeating: 0x20, count: 16)
            (bytes[15], bytes[7]) = (last, seventh)
            return SourceKey(try #require(TransportAddress(bytes: bytes, port: 1)))
        }
        #expect(try key(1, 1) == key(2, 1))
        #expect(try key(1, 1) != key(1, 2))
    }

    @Test("remembers a bounded number of addresses")
    func addressTable() {
        var bench = ServerBench { $0.addresses = 5 }
        let clients = (0..<10).map { bench.connect(UInt8($0)) }
        #expect(clients.count { $0 != nil } == 5)
        for case let client? in clients { bench.leave(client) }
        bench.advance(.seconds(60))
        #expect(bench.connect(200) != nil)
    }

    @Test("asks for work at the door while it is more than half full, and hears nothing before")
    func load() throws {
        var bench = ServerBench {
            $0.clients = 4
            $0.loadedBits = 6
        }
        for _ in 0..<3 { _ = bench.connect() }
        let late = try bench.connected()
        let welcome = try bench.welcome(late)
        #expect(welcome.work.entryBits == 6)
        let solution = try #require(welcome.work.solutionToEnter())
        bench.send(.work(solution: solution), from: late)
        bench.send(.put(mailbox, Samples.box(1)), from: late)
        #expect(bench.take(late) == [.stored(mailbox)])
        #expect(bench.connect() == nil)
        bench.leave(late)
        let rude = try bench.connected()
        bench.send(.put(mailbox, Samples.box(1)), from: rude)
        #expect(bench.hungUp == [rude])
    }

    @Test("that drains says so to everybody and lets nobody in")
    func draining() throws {
        var bench = ServerBench()
        let client = try bench.connected()
        _ = bench.take(client)
        bench.core.drain()
        bench.settle()
        #expect(bench.take(client) == [.leaving])
        #expect(bench.connect() == nil)
    }

    @Test("gives a number to one client, and its box to the first other one that asks")
    func numbers() throws {
        var bench = ServerBench()
        let (opener, first, second) = (
            try bench.connected(), try bench.connected(2),
            try bench.connected(3)
        )
        let work = try bench.welcome(first).work
        let otherWork = try bench.welcome(second).work
        _ = bench.take(opener)
        bench.send(.open(number: 48_213, Samples.box(1)), from: opener)
        #expect(bench.take(opener) == [.opened(number: 48_213)])
        bench.send(.open(number: 48_213, Samples.box(2)), from: first)
        #expect(bench.take(first) == [.taken(number: 48_213)])
        let solution = try #require(work.solutionToClaim(48_213))
        bench.send(.claim(number: 48_213, solution: solution), from: first)
        #expect(bench.take(first) == [.claimed(number: 48_213, Samples.box(1))])
        let other = try #require(otherWork.solutionToClaim(48_213))
        bench.send(.claim(number: 48_213, solution: other), from: second)
        #expect(bench.take(second) == [.unknown(number: 48_213)])
        bench.send(.pass(number: 48_213, Samples.box(3)), from: first)
        #expect(bench.take(opener) == [.passed(number: 48_213, Samples.box(3))])
        bench.send(.pass(number: 48_213, Samples.box(4)), from: opener)
        #expect(bench.take(first) == [.passed(number: 48_213, Samples.box(4))])
        // Nobody else reaches the two.
        bench.send(.pass(number: 48_213, Samples.box(5)), from: second)
        bench.send(.close(number: 48_213, .done), from: second)
        #expect(bench.take(first).isEmpty && bench.take(opener).isEmpty)
        bench.send(.close(number: 48_213, .wrongWords), from: opener)
        #expect(bench.take(first) == [.closed(number: 48_213, .wrongWords)])
        #expect(bench.core.counters.numbers == 0 && bench.core.counters.wrongWords == 1)
    }

    @Test("ends a claimed number after thirty seconds, and tells each end when the other leaves")
    func numberDeadlines() throws {
        var bench = ServerBench()
        let (opener, claimant) = (try bench.connected(), try bench.connected(2))
        let work = try bench.welcome(claimant).work
        for number in [UInt32(20_000), 20_001] {
            bench.send(.open(number: number, Samples.box(1)), from: opener)
            let solution = try #require(work.solutionToClaim(number))
            bench.send(.claim(number: number, solution: solution), from: claimant)
        }
        _ = (bench.take(opener), bench.take(claimant))
        bench.advance(.seconds(30))
        #expect(Set(bench.take(opener).map(\.encoded)).count == 2)
        #expect(bench.take(claimant).contains(.closed(number: 20_000, .expired)))
        bench.send(.open(number: 20_002, Samples.box(1)), from: opener)
        let solution = try #require(work.solutionToClaim(20_002))
        bench.send(.claim(number: 20_002, solution: solution), from: claimant)
        _ = bench.take(opener)
        bench.leave(claimant)
        #expect(bench.take(opener) == [.closed(number: 20_002, .left)])
    }

    @Test("lets an address try ten codes at once and ten a minute, each for its own work")
    func guessing() throws {
        var bench = ServerBench()
        let guesser = try bench.connected()
        let work = try bench.welcome(guesser).work
        for number in UInt32(10_000)..<10_012 {
            let solution = try #require(work.solutionToClaim(number))
            bench.send(.claim(number: number, solution: solution), from: guesser)
        }
        let answers = bench.take(guesser)
        #expect(answers.count { if case .unknown = $0 { true } else { false } } == 10)
        #expect(answers.count { $0 == .busy(type: 5, seconds: 6) } == 2)
        let wrong = (UInt64(0)...).first { !work.isClaim($0, number: 10_000) } ?? 0
        bench.send(.claim(number: 10_000, solution: wrong), from: guesser)
        #expect(bench.hungUp == [guesser])
    }

    @Test("survives random messages of many clients with every bound kept")
    func randomMessages() {
        var bench = ServerBench {
            $0.clients = 20
            $0.boxes = 50
            $0.numbers = 10
        }
        var generator = SeededGenerator(seed: 99)
        var clients: [ServerBench.Client] = []
        for _ in 0..<20_000 {
            if let client = bench.connect(UInt8(generator.next() % 4)) { clients.append(client) }
            if clients.count > 15 { bench.leave(clients.removeFirst()) }
            guard let client = clients.randomElement(using: &generator) else { continue }
            let mailbox = Samples.mailbox(UInt8(generator.next() % 8))
            let number = 10_000 + UInt32(generator.next() % 5)
            let message: ClientMessage =
                switch generator.next() % 7 {
                case 0: .subscribe([mailbox])
                case 1: .put(mailbox, Samples.box(1))
                case 2: .open(number: number, Samples.box(1))
                case 3: .claim(number: number, solution: generator.next() % 40)
                case 4: .pass(number: number, Samples.box(2))
                case 5: .close(number: number, .done)
                default: .work(solution: 0)
                }
            bench.send(message, from: client)
            bench.advance(.milliseconds(Int64(generator.next() % 500)))
            _ = bench.take(client)
        }
        let counters = bench.core.counters
        #expect(counters.clients <= 20 && counters.boxes <= 50 && counters.numbers <= 10)
        for client in clients { bench.leave(client) }
        bench.advance(.seconds(200))
        let end = bench.core.counters
        #expect(end.clients == 0 && end.boxes == 0 && end.numbers == 0 && end.addresses == 0)
    }
}

import SealiftBase
import SealiftTestSupport
import Testing

@testable import SealiftTransport

@Suite("The search for the largest datagram")
struct PathMTUSearchTests {
    /// Runs a search on a path that carries up to `limit` bytes; what is larger is refused by the
    /// kernel where `isLocal`, else it vanishes.
    private static func result(
        on limit: Int, ceiling: Int = 65_487, isLocal: Bool = false
    ) -> (size: Int, probes: Int) {
        var search = PathMTUSearch(size: 1200, ceiling: ceiling)
        var probes = 0
        while let size = search.sizeToProbe(now: 0) {
            search.probeSent(number: UInt64(probes), size: size)
            probes += 1
            if size <= limit {
                search.probeAcknowledged()
            } else if isLocal {
                search.refusedLocally(size: size)
            } else {
                search.probeLost()
            }
            if probes > 200 { break }
        }
        return (search.size, probes)
    }

    @Test("ends within a few per cent of any path, and never above it", arguments: [false, true])
    func everyPath(isLocal: Bool) {
        for limit in Array(1200...1600) + Array(stride(from: 1601, through: 65_507, by: 97)) {
            let (size, probes) = Self.result(on: limit, isLocal: isLocal)
            #expect(size <= limit)
            #expect(limit - size <= max(33, size / 32 + 1) || size == 65_487, "\(limit): \(size)")
            #expect(probes <= (isLocal ? 16 : 40), "\(limit): \(probes)")
        }
    }

    @Test("finds the usual sizes with one probe each")
    func usualPaths() {
        #expect(Self.result(on: 65_507) == (65_487, 3))
        #expect(Self.result(on: 1452, ceiling: 1452) == (1452, 1))
        #expect(Self.result(on: 8952, ceiling: 8952) == (8952, 2))
        #expect(Self.result(on: 1472).size == 1452)
        #expect(Self.result(on: 8972).size == 8952)
        #expect(Self.result(on: 1200, ceiling: 1200) == (1200, 0))
    }

    @Test("asks for nothing while a probe is under way, and again after ten minutes")
    func timing() {
        var search = PathMTUSearch(size: 1200, ceiling: 1452)
        #expect(search.sizeToProbe(now: 0) == 1452)
        search.probeSent(number: 0, size: 1452)
        #expect(search.sizeToProbe(now: 0) == nil)
        search.refusedLocally(size: 1452)
        while let size = search.sizeToProbe(now: 0) {
            search.probeSent(number: 1, size: size)
            search.refusedLocally(size: size)
        }
        #expect(search.size == 1200)
        #expect(search.sizeToProbe(now: PathMTUSearch.raiseInterval - 1) == nil)
        #expect(search.sizeToProbe(now: PathMTUSearch.raiseInterval) == 1452)
    }

    @Test("falls to 1,200 when large datagrams alone are lost again and again")
    func blackHole() {
        var search = PathMTUSearch(size: 8952, ceiling: 8952)
        search.largeDatagramsLost(newestSentAt: 1, now: 10)
        // Sent before the first loss was noticed: the same episode.
        for sentAt in Int64(2)...10 { search.largeDatagramsLost(newestSentAt: sentAt, now: 10) }
        #expect(search.size == 8952)
        search.largeDatagramsLost(newestSentAt: 11, now: 20)
        search.datagramAcknowledged(size: 1200)
        search.largeDatagramsLost(newestSentAt: 21, now: 30)
        #expect(search.size == 1200)
        #expect(search.sizeToProbe(now: 30) == nil)
        #expect(search.sizeToProbe(now: 30 + PathMTUSearch.recoveryInterval) == 1452)
    }

    @Test("keeps its size as long as any large datagram arrives")
    func lossyPath() {
        var search = PathMTUSearch(size: 8952, ceiling: 8952)
        for time in Int64(1)...100 {
            search.largeDatagramsLost(newestSentAt: 10 * time, now: 10 * time + 5)
            if time.isMultiple(of: 2) { search.datagramAcknowledged(size: 8952) }
        }
        #expect(search.size == 8952)
    }

    @Test("starts again at 1,200 when the interface refuses what it took before")
    func interfaceChanged() {
        var search = PathMTUSearch(size: 8952, ceiling: 65_487)
        search.refusedLocally(size: 8952)
        #expect(search.size == 1200)
        #expect(search.sizeToProbe(now: 0) == 1452)
        search.refusedLocally(size: 1200)
        #expect(search.size == 1200)
    }

    // MARK: On a path

    private static func pair(
        _ limit: Int, seed: UInt64 = 1, objects: Int = 40, loss: Double = 0
    ) throws -> Pair {
        try Pair(
            seed: SimulationSeed(seed), lengths: Array(repeating: 262_176, count: objects),
            stages: [SizeLimit(limit), Delay(.milliseconds(10)), IndependentLoss(loss)]
        ) { $0.datagramSizeCeiling = 65_487 }
    }

    @Test("is over within a few round trips, and the first probe is in the first flight")
    func convergence() throws {
        var pair = try Self.pair(65_507)
        let sender = pair.sender
        // Half a round trip for the request, then one for each usual size.
        _ = pair.network.run(for: .milliseconds(80)) {
            $0[sender].connection.maximumDatagramSize == 65_487
        }
        #expect(pair.network[sender].connection.maximumDatagramSize == 65_487)
        let isWhole = pair.runToCompletion(within: .seconds(20))
        #expect(isWhole)
    }

    @Test("ends at the path's size whatever is lost", arguments: SimulationSeed.series(10))
    func lossy(seed: SimulationSeed) throws {
        var pair = try Self.pair(1472, seed: seed.value, loss: 0.03)
        let isWhole = pair.runToCompletion(within: .seconds(60))
        #expect(isWhole)
        let size = pair.network[pair.sender].connection.maximumDatagramSize
        #expect(size > 1200 && size <= 1472)
    }

    @Test("does not take lost probes for congestion")
    func noCongestion() throws {
        var pair = try Self.pair(1472)
        let isWhole = pair.runToCompletion(within: .seconds(60))
        #expect(isWhole)
        let statistics = pair.network[pair.sender].connection.statistics
        #expect(statistics.congestionEvents == 0)
        #expect(statistics.packetsLost == 0)
        #expect(pair.network[pair.sender].connection.maximumDatagramSize == 1452)
    }

    @Test(
        "begins with control data in bulk too, not with a little of it",
        arguments: [8_000, 100_000])
    func controlData(byteCount: Int) throws {
        var pair = try Self.pair(1472, objects: 0)
        let sender = pair.sender
        pair.network[sender].connection.writeControl([UInt8](repeating: 1, count: byteCount))
        _ = pair.network.run(for: .seconds(5)) { $0[sender].connection.isControlDelivered }
        #expect(pair.network[sender].connection.isControlDelivered)
        let size = pair.network[sender].connection.maximumDatagramSize
        #expect(size == (byteCount < 16_384 ? 1200 : 1452))
    }

    @Test("a path that becomes a black hole in mid-transfer stops nothing")
    func blackHoleOnPath() throws {
        let rate = RateLimit(megabitsPerSecond: 100, queueTime: .milliseconds(40))
        var pair = try Pair(
            seed: SimulationSeed(2), lengths: Array(repeating: 262_176, count: 60),
            stages: [SizeLimit(8972), rate, Delay(.milliseconds(10))]
        ) { $0.datagramSizeCeiling = 65_487 }
        let (sender, receiver) = (pair.sender, pair.receiver)
        pair.network.schedule(at: pair.network.now + .milliseconds(500)) { network in
            #expect(network[sender].connection.maximumDatagramSize == 8952)
            network.setLink(
                from: sender, to: receiver, [SizeLimit(1400), rate, Delay(.milliseconds(10))])
        }
        _ = pair.network.run(for: .milliseconds(501))
        _ = pair.network.run(for: .seconds(2)) {
            $0[sender].connection.maximumDatagramSize == 1200
        }
        #expect(pair.network[sender].connection.maximumDatagramSize == 1200)
        let isWhole = pair.runToCompletion(within: .seconds(20))
        #expect(isWhole)
    }

    @Test("an outage is not taken for a black hole")
    func outage() throws {
        let gap = Instant(nanoseconds: 1_600_000_000)..<Instant(nanoseconds: 7_000_000_000)
        var pair = try Pair(
            seed: SimulationSeed(6), lengths: Array(repeating: 262_176, count: 120),
            stages: [
                SizeLimit(8972), RateLimit(megabitsPerSecond: 200, queueTime: .milliseconds(40)),
                Delay(.milliseconds(20)),
                Outage([gap]),
            ]
        ) { $0.datagramSizeCeiling = 65_487 }
        let isWhole = pair.runToCompletion(within: .seconds(60))
        #expect(isWhole)
        #expect(pair.network[pair.sender].connection.maximumDatagramSize == 8952)
    }
}

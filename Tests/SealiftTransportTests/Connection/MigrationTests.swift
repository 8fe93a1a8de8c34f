import SealiftBase
import SealiftCrypto
import SealiftTestSupport
import Testing

@testable import SealiftTransport

@Suite("Paths that change in mid-transfer")
struct MigrationTests {
    private static let stages: [any LinkStage] = [
        RateLimit(megabitsPerSecond: 100, queueTime: .milliseconds(40)),
        Delay(.milliseconds(15), jitter: .milliseconds(1)), IndependentLoss(0.01),
    ]

    private static func pair(_ seed: SimulationSeed, objects: Int = 40) throws -> Pair {
        try Pair(
            seed: seed, lengths: Array(repeating: 100_000, count: objects), window: 16,
            stages: stages)
    }

    private static func address(_ host: UInt32, port: UInt16 = 1) -> SimulatedAddress {
        SimulatedAddress(host: host, port: port)
    }

    @Test("A NAT that rebinds is followed, at either end", arguments: SimulationSeed.series(12))
    func rebinding(seed: SimulationSeed) throws {
        var pair = try Self.pair(seed)
        let node = seed.value.isMultiple(of: 2) ? pair.receiver : pair.sender
        let start = pair.network.now
        for step in 1...3 {
            pair.network.schedule(at: start + .milliseconds(130 * step)) {
                $0.changeAddress(of: node, to: Self.address(9, port: UInt16(step + 1)))
            }
        }
        let isWhole = pair.runToCompletion(within: .seconds(60))
        #expect(isWhole, "\(pair.network.report)")
        _ = pair.network.run(for: .seconds(12))
        let other = node == pair.sender ? pair.receiver : pair.sender
        #expect(pair.network[other].connection.remote == PathID(Self.address(9, port: 4)))
        // Nobody's own address changed as far as he knows: no connection id was left.
        #expect(pair.network[node].connection.path.sequence == 0)
    }

    @Test(
        "An end whose own address changes goes on under its next connection id",
        arguments: SimulationSeed.series(12))
    func ownAddress(seed: SimulationSeed) throws {
        var pair = try Self.pair(seed)
        let node = seed.value.isMultiple(of: 2) ? pair.receiver : pair.sender
        let other = node == pair.sender ? pair.receiver : pair.sender
        let start = pair.network.now
        for step in 1...12 {
            pair.network.schedule(at: start + .milliseconds(80 * step)) { network in
                network.changeAddress(of: node, to: Self.address(UInt32(20 + step)))
                network[node].connection.localAddressChanged(now: network.now)
            }
        }
        let isWhole = pair.runToCompletion(within: .seconds(60))
        #expect(isWhole, "\(pair.network.report)")
        _ = pair.network.run(for: .seconds(10))
        #expect(pair.network[node].connection.path.sequence >= 8)
        #expect(pair.network[other].connection.remote == PathID(Self.address(32)))
        #expect(pair.network[other].connection.received.count <= 8)
        #expect(pair.network[node].connection.protection.localSequences.count <= 2)
    }

    @Test("No connection id is ever seen from two local addresses")
    func connectionIDsStayPut() throws {
        var pair = try Self.pair(SimulationSeed(5))
        let node = pair.sender
        let seen = Sightings()
        pair.network.tap = { datagram, _ in
            guard let id = PacketProtection.connectionID(ofPacket: datagram.bytes) else { return }
            seen.hosts[id, default: []].insert(datagram.from.host)
        }
        for step in 1...5 {
            pair.network.schedule(at: pair.network.now + .milliseconds(100 * step)) { network in
                network.changeAddress(of: node, to: Self.address(UInt32(20 + step)))
                network[node].connection.localAddressChanged(now: network.now)
            }
        }
        let isWhole = pair.runToCompletion(within: .seconds(60))
        #expect(isWhole)
        #expect(seen.hosts.count >= 6)
        #expect(seen.hosts.values.allSatisfy { $0.count == 1 })
    }

    private final class Sightings {
        var hosts: [ConnectionID: Set<UInt32>] = [:]
    }

    @Test("A silent peer is found at another of its addresses")
    func search() throws {
        var pair = try Self.pair(SimulationSeed(6))
        let (sender, receiver) = (pair.sender, pair.receiver)
        let start = pair.network.now
        pair.network.schedule(at: start + .milliseconds(150)) {
            $0.changeAddress(of: sender, to: Self.address(7))
            // What the sender sends does not arrive either: its NAT lets nobody in unasked.
            $0.setLink(from: sender, to: receiver, [IndependentLoss(1)])
        }
        pair.network.schedule(at: start + .milliseconds(900)) { network in
            network.setLink(from: sender, to: receiver, Self.stages)
            for host in UInt32(5)...7 {
                network[receiver].connection.tryPath(
                    PathID(Self.address(host)), now: network.now)
            }
        }
        let isWhole = pair.runToCompletion(within: .seconds(60))
        #expect(isWhole, "\(pair.network.report)")
        #expect(pair.network[receiver].connection.remote == PathID(Self.address(7)))
        #expect(pair.network[receiver].connection.path.sequence == 3)
    }

    @Test("A path that is tried while the present one works is not taken")
    func needlessSearch() throws {
        var pair = try Self.pair(SimulationSeed(7))
        let (sender, receiver) = (pair.sender, pair.receiver)
        let before = pair.network[receiver].connection.remote
        pair.network.schedule(at: pair.network.now + .milliseconds(100)) { network in
            for host in UInt32(40)...60 {
                network[receiver].connection.tryPath(
                    PathID(Self.address(host)), now: network.now)
            }
        }
        let isWhole = pair.runToCompletion(within: .seconds(60))
        #expect(isWhole)
        #expect(pair.network[receiver].connection.remote == before)
        #expect(pair.network[receiver].connection.sideRoutes.count <= 7)
        #expect(pair.network[sender].connection.received.count <= 8)
    }

    @Test("What is learned about a path does not go along to the next")
    func freshState() throws {
        var pair = try Self.pair(SimulationSeed(8))
        let (sender, receiver) = (pair.sender, pair.receiver)
        pair.network.schedule(at: pair.network.now + .milliseconds(200)) {
            #expect($0[sender].connection.path.rtt.hasSample)
            $0.changeAddress(of: receiver, to: Self.address(77))
        }
        _ = pair.network.run(for: .seconds(10)) {
            $0[sender].connection.remote == PathID(Self.address(77))
        }
        let path = pair.network[sender].connection.path
        #expect(!path.rtt.hasSample)
        #expect(path.sent.bytesInFlight <= path.congestion.congestionWindow)
        let configuration = ConnectionConfiguration(packetNumberSkipSeed: 0)
        let fresh = CongestionControl(
            configuration.congestion, rateCap: configuration.maximumRate, datagramSize: 1200,
            seed: 0)
        #expect(path.congestion.congestionWindow == fresh.congestionWindow)
        #expect(path.sequence == 0)
    }
}

extension PacketProtection {
    /// The connection id in a datagram.
    static func connectionID(ofPacket datagram: [UInt8]) -> ConnectionID? {
        datagram.withUnsafeBytes { connectionID(ofPacket: $0) }
    }
}

import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftTransport
import SealiftTraversal
import Testing

@testable import Sealift
@testable import SealiftTransfer

@Suite("When a relay joins a call")
struct OwnRelayTests {
    private func call(_ nat: NATKind, _ candidates: Candidate...) -> Call {
        var entropy = SealiftCrypto.SystemEntropy()
        return Call(
            id: .random(entropy: &entropy), nat: nat, candidates: CandidateList(candidates))
    }

    private let inside = Candidate(
        .host, TransportAddress(SocketAddress(bytes: [192, 168, 1, 2], port: 5_000)!))
    private let outside = Candidate(
        .reflexive, TransportAddress(SocketAddress(bytes: [198, 51, 100, 2], port: 5_000)!))

    @Test("is not before direct ways had their time, and at once where there can be none")
    func patience() {
        let easy = call(.endpointIndependent, inside, outside)
        let hard = call(.endpointDependent, inside, outside)
        let blocked = call(.blocked, inside)
        let unheard = call(.unclassified, inside)
        #expect(OwnRelay.patience(own: easy, peer: easy) == .seconds(3))
        #expect(OwnRelay.patience(own: easy, peer: hard) == .seconds(8))
        #expect(OwnRelay.patience(own: hard, peer: hard) == .seconds(1))
        #expect(OwnRelay.patience(own: easy, peer: unheard) == .seconds(1))
        #expect(OwnRelay.patience(own: blocked, peer: easy) == .zero)
        #expect(OwnRelay.patience(own: easy, peer: blocked) == .zero)
    }

    @Test("by a stream is refused with --interface and --bind, which hold for datagrams only")
    func policy() throws {
        let server = try #require(TurnServer("turn:ann@relay.example.org?transport=tls"))
        let access = RelayAccess(server, password: [1])
        #expect(throws: SealiftError.self) {
            try access.check(NetworkPolicy(interface: "eth0"))
        }
        try access.check(NetworkPolicy())
        let datagrams = try #require(TurnServer("turn:ann@relay.example.org"))
        try RelayAccess(datagrams, password: [1]).check(NetworkPolicy(interface: "eth0"))
    }
}

@Suite("The relay's number among the sockets")
struct RelaySocketTests {
    @Test("is one that no socket has, and stands in the path beside the peer's address")
    func number() throws {
        let address = try #require(SocketAddress("[2001:db8::7]:4000"))
        let path = PathID(address, socket: PathID.relaySocket)
        #expect(path.isRelayed && path.address == address)
        #expect(PathID.highestSocket < PathID.relaySocket)
        #expect(!PathID(address, socket: PathID.highestSocket).isRelayed)
    }

    @Test("leads nowhere where there is no relay: what would go there is lost")
    func withoutRelay() throws {
        let pump = DatagramPump(
            sockets: [try DatagramSocket(bind: .loopbackIPv4(port: 0))], waker: try Waker())
        let path = PathID(.loopbackIPv4(port: 9), socket: PathID.relaySocket)
        pump.send([1, 2, 3], on: path)
        var refused: SendFailure?
        var isFirst = true
        _ = pump.transmit { _ in
            defer { isFirst = false }
            return isFirst ? PacketBatch(path: path, byteCount: 2_400, segmentSize: 1_200) : nil
        } refused: {
            refused = $1
        }
        #expect(refused == .unreachable && pump.refusedDatagrams == 2)
    }
}

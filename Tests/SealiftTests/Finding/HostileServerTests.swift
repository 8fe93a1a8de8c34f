import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftTransfer
import SealiftTraversal
import Synchronization
import Testing

@testable import Sealift
@testable import SealiftRendezvous

/// Somebody at the server: sees the names of all mailboxes and every box, and puts in what it likes.
private final class MeddlingServer: Sendable {
    private let connection: RendezvousConnection
    private let names: [MailboxID]
    private let thread = Mutex<NamedThread?>(nil)
    private let seen = Mutex<[RendezvousBox]>([])

    /// Meddles with the mailboxes of `psk`, which it cannot open.
    init(_ address: RendezvousAddress, _ psk: PreSharedKey) throws {
        connection = try RendezvousConnection.open(address)
        let hour = UInt64(clamping: SystemWallClock.now().secondsSince1970 / 3_600)
        let key = MailboxKey(psk.secret)
        names = [CallRole.caller, .callee].flatMap { role in
            [hour - 1, hour, hour + 1].compactMap {
                MailboxID(key.name(hour: $0, direction: role.direction))
            }
        }
        let started = try NamedThread(name: "meddler") { [self] in run() }
        thread.withLock { $0 = started }
    }

    /// The boxes of others that it saw.
    var boxes: Int { seen.withLock { Set($0.map(\.bytes)).count } }

    func finish() {
        connection.close()
        thread.withLock { $0.take() }?.join()
    }

    private func run() {
        while case .message(let message) = connection.receive(until: .distantFuture) {
            switch message {
            case .welcome:
                connection.send(.subscribe(names.sorted()))
                // What was never sealed, before anybody calls.
                for name in names { put([UInt8](repeating: 0x5A, count: 4_096), into: name) }
            case .box(_, let box):
                // As many as a mailbox has room for; more would only be a server that denies.
                let isFirst = seen.withLock { seen in
                    seen.append(box)
                    return seen.count <= 2
                }
                guard isFirst else { continue }
                // Again, turned back, into other hours; and with one bit changed.
                for name in names { put(box.bytes, into: name) }
                var forged = box.bytes
                forged[100] ^= 1
                for name in names { put(forged, into: name) }
            default:
                break
            }
        }
    }

    private func put(_ bytes: [UInt8], into name: MailboxID) {
        if let box = RendezvousBox(bytes) { connection.send(.put(name, box)) }
    }
}

/// Answers every STUN request with an address of its choice.
private final class LyingStunServer: Sendable {
    let port: UInt16
    private let isFinished = Atomic<Bool>(false)
    private let waker: Waker
    private let thread = Mutex<NamedThread?>(nil)

    /// - Parameter lie: the address that everybody is said to have.
    init(telling lie: TransportAddress) throws {
        let socket = try DatagramSocket(bind: .loopbackIPv4(port: 0))
        let waker = try Waker()
        (port, self.waker) = (socket.localAddress.port, waker)
        let started = try NamedThread(name: "liar") { [self] in
            let slab = ReceiveSlab()
            let poller = SocketPoller(sockets: [socket], waker: waker)
            while !isFinished.load(ordering: .acquiring) {
                try? poller.wait(until: .distantFuture)
                guard case .received(let count) = socket.receive(into: slab) else { continue }
                for index in 0..<count {
                    guard let source = slab[index].source else { continue }
                    let answer = StunResponder.answer(to: slab[index].segment(0), from: lie)
                    answer?.withUnsafeBytes {
                        _ = socket.send(OutgoingBatch(bytes: $0, destination: source))
                    }
                }
            }
        }
        thread.withLock { $0 = started }
    }

    func finish() {
        isFinished.store(true, ordering: .releasing)
        waker.wake()
        thread.withLock { $0.take() }?.join()
    }
}

@Suite(
    "A hostile server", .serialized,
    .enabled(if: Machine.hasNetwork, "this machine has only loopback addresses"))
struct HostileServerTests {
    private func start() throws -> (RendezvousServer, RendezvousAddress) {
        let server = try RendezvousServer(
            RendezvousServerConfiguration(
                listen: [.loopbackIPv4(port: 0)], stun: [], security: .plain),
            threads: 1)
        return (
            server,
            RendezvousAddress(
                host: "127.0.0.1", port: server.addresses[0].port, pin: nil, isSecure: false)
        )
    }

    private let callsOnly = NetworkPolicy(lan: .none, portMapping: .none)

    @Test("that replays, turns back, moves and forges boxes keeps nobody from meeting")
    func meddles() throws {
        let (server, address) = try start()
        defer { server.stop() }
        let transfer = LoopbackTransfer()
        try transfer.write("abc", to: "source/a")
        let meddler = Mutex<MeddlingServer?>(nil)
        defer { meddler.withLock { $0 }?.finish() }
        let outcome = try transfer.run(sending: "source", into: "target") { options in
            options.listen = []
            options.advertise = EndpointAddress("127.0.0.1:9").map { [$0] } ?? []
            options.rendezvous = [address]
            options.network = callsOnly
        } receiving: { options in
            options.rendezvous = [address]
            options.network = callsOnly
            let secret = options.ticket.secret
            meddler.withLock { $0 = try? MeddlingServer(address, secret) }
        }
        #expect(try outcome.received.get().files == 1)
        #expect(outcome.routes == [.punched])
        // The call and its answer, at least.
        #expect(try #require(meddler.withLock { $0 }).boxes >= 2)
    }

    @Test("that lies about our address costs nothing but the attempt")
    func lies() throws {
        let (server, address) = try start()
        defer { server.stop() }
        let lie = try #require(TransportAddress(bytes: [203, 0, 113, 9], port: 4_444))
        let liar = try LyingStunServer(telling: lie)
        defer { liar.finish() }
        let stun = [StunServer(host: "127.0.0.1", port: liar.port)]
        let transfer = LoopbackTransfer()
        try transfer.write("abc", to: "source/a")
        let outcome = try transfer.run(sending: "source", into: "target") { options in
            options.listen = []
            options.rendezvous = [address]
            options.stun = stun
            options.network = callsOnly
        } receiving: { options in
            options.rendezvous = [address]
            options.stun = stun
            options.network = callsOnly
        }
        #expect(try outcome.received.get().files == 1)
        #expect(outcome.warnings.isEmpty)
    }
}

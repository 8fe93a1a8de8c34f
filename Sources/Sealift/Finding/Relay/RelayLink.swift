import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftRendezvous
import SealiftTraversal
import Synchronization

/// The way to the user's own relay, on a thread of its own: gets an address there, keeps it, and carries
/// the datagrams of peers both ways.
///
/// Only sealed packets and handshakes go through it: the relay learns who talks to whom, when and how
/// much, and nothing else.
final class RelayLink: Sendable {
    /// What the socket thread takes note of.
    enum Event: Equatable, Sendable {
        /// Peers reach us at this address.
        case ready(TransportAddress)
        /// There is no relay, in words for the user.
        case failed(String)
    }

    /// A peer's datagram.
    struct Arrival: Sendable {
        let peer: TransportAddress
        let datagram: [UInt8]
    }

    /// Orders of the socket thread.
    private enum Order: Sendable {
        case admit(TransportAddress)
        case send([UInt8], TransportAddress)
    }

    /// Datagrams that wait on either way; more are dropped, like those of a full socket.
    private static let capacity = 1_024
    /// How long the relay is told that its address is not needed any more.
    private static let farewell = Duration.milliseconds(300)
    private static let largestMessage = 65_536

    private let server: TurnServer
    private let password: SecretBytes
    private let policy: AddressPolicy
    private let waker: Waker
    private let events: BoundedQueue<Event>
    private let arrivals: BoundedQueue<Arrival>
    private let orders: BoundedQueue<Order>
    private let isFinished = Atomic<Bool>(false)
    /// Whether the way stands: then the thread is quick to end.
    private let isServing = Atomic<Bool>(false)
    private let thread = Mutex<NamedThread?>(nil)

    /// Begins to ask for an address.
    /// - Parameter notify: called when there is an event or an arrival.
    init(
        _ server: TurnServer, password: SecretBytes, policy: AddressPolicy = AddressPolicy(),
        notify: @escaping @Sendable () -> Void
    ) throws(SystemError) {
        self.server = server
        self.password = password
        self.policy = policy
        let waker = try Waker()
        self.waker = waker
        events = BoundedQueue(capacity: 64, notify: notify)
        arrivals = BoundedQueue(capacity: Self.capacity, notify: notify)
        orders = BoundedQueue(capacity: Self.capacity) { waker.wake() }
        let started = try NamedThread(name: "sealift relay") { [self] in run() }
        thread.withLock { $0 = started }
    }

    /// Takes the next event; nil where there is none.
    func takeEvent() -> Event? { events.tryPop() }

    /// Takes the next peer's datagram; nil where there is none.
    func takeArrival() -> Arrival? { arrivals.tryPop() }

    /// Lets a peer's datagrams through the relay.
    func admit(_ peer: TransportAddress) { _ = orders.tryPush(.admit(peer)) }

    /// Sends a datagram to a peer, or drops it where there is no room.
    func send(_ datagram: UnsafeRawBufferPointer, to peer: TransportAddress) {
        _ = orders.tryPush(.send(Array(datagram), peer))
    }

    /// Gives the address back, and ends the thread: within a third of a second.
    func finish() {
        isFinished.store(true, ordering: .releasing)
        events.closeAndDiscard()
        arrivals.closeAndDiscard()
        orders.closeAndDiscard()
        waker.wake()
        thread.withLock { thread in
            // Not waited for while it connects, which may take long: it touches nothing of ours.
            if isServing.load(ordering: .acquiring) { thread?.join() }
            thread = nil
        }
    }

    // MARK: The thread

    private func run() {
        do throws(RelayFailure) {
            let carrier = try RelayCarrier(server, policy: policy, waker: waker)
            defer { carrier.close() }
            isServing.store(true, ordering: .releasing)
            try serve(carrier)
        } catch {
            _ = events.tryPush(.failed(error.words(server.host)))
        }
    }

    private func serve(_ carrier: RelayCarrier) throws(RelayFailure) {
        guard let seed = try? SealiftIO.SystemEntropy.number() else { throw .noEntropy }
        var client = TurnClient(
            username: server.username, password: password, carrier: carrier.kind, seed: seed,
            now: MonotonicClock.now())
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Self.largestMessage, alignment: 16)
        defer { buffer.deallocate() }
        var told: TransportAddress?
        var end: Instant?
        while true {
            let now = MonotonicClock.now()
            carrier.receive { message in
                if case .data(let peer, let datagram) = client.receive(message, now: now),
                    policy.permits(peer)
                {
                    _ = arrivals.tryPush(Arrival(peer: peer, datagram: Array(datagram)))
                }
            }
            takeOrders(&client, carrier, buffer, now: now)
            if isFinished.load(ordering: .acquiring), end == nil {
                end = now + Self.farewell
                client.release(now: now)
            }
            while let message = client.pollTransmit(now: now) {
                message.withUnsafeBytes { carrier.send($0) }
            }
            switch client.state {
            case .allocated(let allocation) where allocation.relayed != told:
                told = allocation.relayed
                _ = events.tryPush(.ready(allocation.relayed))
            case .failed(let failure): throw .turn(failure)
            case .released: return
            case .allocating, .allocated: break
            }
            if let end, now >= end { return }
            if carrier.isClosed { throw .turn(.noAnswer) }
            carrier.wait(until: min(end ?? .distantFuture, client.nextTimeout ?? .distantFuture))
        }
    }

    private func takeOrders(
        _ client: inout TurnClient, _ carrier: RelayCarrier,
        _ buffer: UnsafeMutableRawBufferPointer, now: Instant
    ) {
        while let order = orders.tryPop() {
            switch order {
            case .admit(let peer):
                client.admit(peer, now: now)
            case .send(let datagram, let peer):
                let count = datagram.withUnsafeBytes {
                    client.wrap($0, to: peer, into: buffer, now: now)
                }
                if count > 0 { carrier.send(UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
            }
        }
    }
}

/// Why there is no relay.
enum RelayFailure: Error, Equatable {
    case unknownHost
    case forbidden
    case socket(SystemError)
    case stream(RendezvousConnectionError)
    case turn(TurnFailure)
    case noEntropy

    /// The same for the user.
    func words(_ host: String) -> String {
        switch self {
        case .unknownHost: "the relay \(host) is not known by that name"
        case .forbidden: "the network policy forbids the relay \(host)"
        case .socket(let error): "the relay \(host) cannot be reached (\(error.reason))"
        case .stream(.wrongKey): "the relay \(host) has another key than the one named"
        case .stream(.unreachable(let reason)): "the relay \(host) cannot be reached (\(reason))"
        case .turn(.noAnswer): "the relay \(host) does not answer"
        case .turn(.wrongCredentials): "the relay \(host) refuses the user name or the password"
        case .turn(.forbidden): "the relay \(host) does not serve this machine"
        case .turn(.quotaReached): "the relay \(host) has served this user enough for now"
        case .turn(.insufficientCapacity): "the relay \(host) is full"
        case .turn(.allocationMismatch): "the relay \(host) lost our address again and again"
        case .turn(.redirected): "the relay \(host) names another one, which nobody asked for"
        case .turn(.refused(let code)): "the relay \(host) refuses (\(code))"
        case .noEntropy: "the system gives no random numbers"
        }
    }
}

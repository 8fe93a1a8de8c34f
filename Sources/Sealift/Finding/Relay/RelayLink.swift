import SealiftBase
import SealiftCrypto
import SealiftIO
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
        /// There is no relay, or none for now, in words for the user.
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
        /// Datagrams behind each other, all but the last of one size.
        case send([UInt8], each: Int, TransportAddress)
    }

    /// Datagrams that wait to be taken; more are dropped, like those of a full socket.
    private static let arrivalCapacity = 2_048
    /// Batches that wait to be sent.
    private static let orderCapacity = 128
    /// How long the relay is told that its address is not needed any more.
    private static let farewell = Duration.milliseconds(300)
    /// How long nothing may come while we send before the relay is asked whether it still knows us.
    private static let silence = Duration.seconds(8)
    /// How long after a lost relay it is asked anew; twice as long each time.
    private static let firstRetry = Duration.seconds(1)
    private static let longestRetry = Duration.seconds(30)

    private let access: RelayAccess
    private let policy: NetworkPolicy
    private let waker: Waker
    private let events: BoundedQueue<Event>
    private let arrivals: BoundedQueue<Arrival>
    private let orders: BoundedQueue<Order>
    private let isFinished = Atomic<Bool>(false)
    /// Whether the thread may be inside something that takes long: a look-up, a connect.
    private let isConnecting = Atomic<Bool>(true)
    private let thread = Mutex<NamedThread?>(nil)

    /// Begins to ask for an address.
    /// - Parameter notify: called when there is an event or an arrival.
    init(
        _ access: RelayAccess, policy: NetworkPolicy = NetworkPolicy(),
        notify: @escaping @Sendable () -> Void
    ) throws(SystemError) {
        self.access = access
        self.policy = policy
        let waker = try Waker()
        self.waker = waker
        events = BoundedQueue(capacity: 64, notify: notify)
        arrivals = BoundedQueue(capacity: Self.arrivalCapacity, notify: notify)
        orders = BoundedQueue(capacity: Self.orderCapacity) { waker.wake() }
        let started = try NamedThread(name: "sealift relay") { [self] in run() }
        thread.withLock { $0 = started }
    }

    /// Takes the next event; nil where there is none.
    func takeEvent() -> Event? { events.tryPop() }

    /// Takes the next peer's datagram; nil where there is none.
    func takeArrival() -> Arrival? { arrivals.tryPop() }

    /// Lets a peer's datagrams through the relay.
    func admit(_ peer: TransportAddress) { _ = orders.tryPush(.admit(peer)) }

    /// Sends datagrams that stand behind each other, all but the last of `size` bytes.
    /// - Returns: false where there is no room; they are dropped.
    @discardableResult
    func send(
        _ datagrams: UnsafeRawBufferPointer, each size: Int, to peer: TransportAddress
    ) -> Bool {
        orders.tryPush(.send(Array(datagrams), each: size, peer)) == .pushed
    }

    /// Gives the address back, and ends the thread: within a third of a second.
    func finish() {
        isFinished.store(true, ordering: .releasing)
        events.closeAndDiscard()
        arrivals.closeAndDiscard()
        orders.closeAndDiscard()
        waker.wake()
        thread.withLock { thread in
            // Not waited for while it connects: it touches nothing of ours.
            if !isConnecting.load(ordering: .acquiring) { thread?.join() }
            thread = nil
        }
    }

    // MARK: The thread

    private func run() {
        var service = RelayService(access, policy: policy)
        var retry = Self.firstRetry
        while !isFinished.load(ordering: .acquiring) {
            let hadAddress = service.hasServed
            do throws(RelayFailure) {
                isConnecting.store(true, ordering: .releasing)
                defer { isConnecting.store(false, ordering: .releasing) }
                try service.connect(waker: waker)
            } catch {
                _ = events.tryPush(.failed(error.words(access.server.host)))
                // Who never had an address there named another server, or another password.
                guard hadAddress, error.mayPass else { return }
                pause(retry)
                retry = min(retry * 2, Self.longestRetry)
                continue
            }
            do throws(RelayFailure) {
                try serve(&service)
                return
            } catch {
                service.close()
                _ = events.tryPush(.failed(error.words(access.server.host)))
                guard service.hasServed, error.mayPass else { return }
                retry = Self.firstRetry
                pause(retry)
            }
        }
    }

    /// Moves messages until the end.
    private func serve(_ service: inout RelayService) throws(RelayFailure) {
        var told: TransportAddress?
        var end: Instant?
        while true {
            let now = MonotonicClock.now()
            service.receive(now: now) { peer, datagram in
                _ = arrivals.tryPush(Arrival(peer: peer, datagram: Array(datagram)))
            }
            while let order = orders.tryPop() {
                switch order {
                case .admit(let peer): service.admit(peer, now: now)
                case .send(let datagrams, let size, let peer):
                    datagrams.withUnsafeBytes {
                        service.send($0, each: size, to: peer, now: now)
                    }
                }
            }
            service.watch(silence: Self.silence, now: now)
            if isFinished.load(ordering: .acquiring), end == nil {
                end = now + Self.farewell
                service.release(now: now)
            }
            service.transmit(now: now)
            if let address = try service.address(), address != told {
                told = address
                _ = events.tryPush(.ready(address))
            }
            if service.isReleased || end.map({ now >= $0 }) == true { return service.close() }
            service.wait(until: end ?? .distantFuture)
        }
    }

    private func pause(_ time: Duration) {
        let end = MonotonicClock.now() + time
        let poller = SocketPoller(sockets: [], waker: waker)
        while MonotonicClock.now() < end, !isFinished.load(ordering: .acquiring) {
            // An error leaves the loop turning, for no longer than it would have slept.
            try? poller.wait(until: end)
        }
    }
}

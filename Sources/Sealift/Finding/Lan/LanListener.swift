import SealiftBase
import SealiftIO
import SealiftTransport
import Synchronization

/// Hears what dialers on this machine's links send to the group, on a thread of its own, so that a
/// flood there costs the session's thread nothing.
///
/// Nothing is announced and nobody is answered here: the sender's machine judges what came, and answers
/// from its own socket whom it recognises.
final class LanListener: Sendable {
    /// Datagrams that wait to be judged; more are dropped, dialers repeat theirs.
    private static let capacity = 32
    /// Message 1 comes in datagrams of this type and size (`docs/PROTOCOL.md` §4.2).
    private static let firstMessage = (type: UInt8(0xE1), size: 794)

    /// What came.
    struct Arrival: Sendable {
        let datagram: [UInt8]
        let source: SocketAddress
    }

    private let arrivals: BoundedQueue<Arrival>
    private let waker: Waker
    private let isFinished = Atomic<Bool>(false)
    private let thread = Mutex<NamedThread?>(nil)

    /// Listens on every link that the policy leaves; nil where there is none.
    /// - Parameter notify: woken when something came.
    init?(_ policy: NetworkPolicy, notify: Waker) throws(SystemError) {
        let groups = LanGroup.addresses(policy)
        var sockets: [DatagramSocket] = []
        for family in [SocketAddress.Family.ipv4, .ipv6] {
            let interfaces = groups.filter { $0.family == family }.map(\.scope)
            guard !interfaces.isEmpty, let group = LanGroup.address(family) else { continue }
            // A machine where another program holds the port does without.
            if let socket = try? DatagramSocket(listeningTo: group, interfaces: interfaces) {
                sockets.append(socket)
            }
        }
        guard !sockets.isEmpty else { return nil }
        arrivals = BoundedQueue(capacity: Self.capacity) { notify.wake() }
        waker = try Waker()
        let started = try NamedThread(name: "sealift lan") { [self, sockets] in
            run(sockets, policy)
        }
        thread.withLock { $0 = started }
    }

    /// Takes the next datagram; nil where there is none.
    func takeArrival() -> Arrival? { arrivals.tryPop() }

    /// Ends the thread.
    func finish() {
        isFinished.store(true, ordering: .releasing)
        arrivals.closeAndDiscard()
        waker.wake()
        thread.withLock { thread in
            thread?.join()
            thread = nil
        }
    }

    private func run(_ sockets: [DatagramSocket], _ policy: NetworkPolicy) {
        let poller = SocketPoller(sockets: sockets, waker: waker)
        let slab = ReceiveSlab(slots: 8)
        while !isFinished.load(ordering: .acquiring) {
            // A wait that fails will fail again: the ticket's addresses are left.
            guard (try? poller.wait(until: .distantFuture)) != nil else { return }
            for socket in sockets {
                guard case .received(let count) = socket.receive(into: slab) else { continue }
                for index in 0..<count { take(slab[index], policy) }
            }
        }
    }

    private func take(_ buffer: ReceivedBuffer, _ policy: NetworkPolicy) {
        guard let source = buffer.source, policy.permits(source),
            // The IPv6 socket is bound to the port alone.
            buffer.destination?.isMulticast == true
        else { return }
        for index in 0..<buffer.segmentCount {
            let datagram = buffer.segment(index)
            guard datagram.count == Self.firstMessage.size, datagram[0] == Self.firstMessage.type
            else { continue }
            _ = arrivals.tryPush(Arrival(datagram: Array(datagram), source: source))
        }
    }
}

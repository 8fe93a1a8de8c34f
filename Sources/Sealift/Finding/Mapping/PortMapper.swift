import SealiftBase
import SealiftIO
import SealiftTraversal
import Synchronization

/// Has the router forward ports to our sockets, for as long as this lives, on a thread of its own.
///
/// PCP, NAT-PMP and UPnP are begun together; whichever is granted first counts, and the others are let
/// go. A mapping is renewed by itself, asked for anew in another network, and taken back at the end.
final class PortMapper: Sendable {
    /// What the socket thread takes note of.
    enum Event: Equatable, Sendable {
        /// A port is open at the router.
        case mapped(PortMapping)
        /// It is not any more.
        case lost(PortMapping)
    }

    /// How often the routes are looked at for another router.
    private static let lookInterval = Duration.seconds(15)
    /// How long to let a router alone that refused or did not answer.
    private static let retryInterval = Duration.seconds(120)

    private let events: BoundedQueue<Event>
    private let waker: Waker
    private let pause = BoundedQueue<Never>(capacity: 1)
    private let isFinished = Atomic<Bool>(false)
    private let thread = Mutex<NamedThread?>(nil)

    /// Begins to ask.
    /// - Parameters:
    ///   - sockets: the addresses that the sockets are bound to. One that is bound to an address of its
    ///     own is mapped where that is the one the router knows us by.
    ///   - policy: neither a router nor an outer address beyond it is used.
    ///   - gateways: the routers, looked up again and again.
    ///   - notify: called when there is an event.
    init(
        for sockets: [SocketAddress], policy: AddressPolicy = AddressPolicy(),
        gateways: @escaping @Sendable () -> [SocketAddress] = DefaultGateways.find,
        notify: @escaping @Sendable () -> Void
    ) throws(SystemError) {
        events = BoundedQueue(capacity: 64, notify: notify)
        waker = try Waker()
        let started = try NamedThread(name: "sealift mapping") { [self] in
            run(sockets, policy, gateways)
        }
        thread.withLock { $0 = started }
    }

    /// Takes the next event; nil where there is none.
    func takeEvent() -> Event? { events.tryPop() }

    /// Takes the mappings back, and ends the thread: half a second, or as long as a router hangs on a
    /// request, at most three seconds.
    func finish() {
        isFinished.store(true, ordering: .releasing)
        events.closeAndDiscard()
        waker.wake()
        thread.withLock { thread in
            thread?.join()
            thread = nil
        }
    }

    // MARK: The thread

    private func run(
        _ sockets: [SocketAddress], _ policy: AddressPolicy,
        _ gateways: () -> [SocketAddress]
    ) {
        var known: Set<SocketAddress> = []
        var attempts: [MappingAttempt] = []
        var nextLook = Instant.zero
        while !isFinished.load(ordering: .acquiring) {
            let now = MonotonicClock.now()
            if now >= nextLook {
                nextLook = now + Self.lookInterval
                let found = Set(gateways().filter { policy.permits(TransportAddress($0)) })
                // A router in another network cannot be told anything any more.
                if found != known {
                    attempts.forEach { report($0.leave()) }
                    attempts = []
                    known = found
                }
            }
            for gateway in known {
                for socket in sockets
                where socket.family == gateway.family
                    && !attempts.contains(where: { $0.gateway == gateway && $0.socket == socket })
                {
                    MappingAttempt(socket, at: gateway, now: now).map { attempts.append($0) }
                }
            }
            for attempt in attempts {
                attempt.advance(now: now)
                report(attempt.takeChange(policy))
            }
            attempts.removeAll { $0.isOver(after: Self.retryInterval, now: now) }
            wait(for: attempts, until: nextLook)
        }
        takeBack(attempts)
    }

    private func report(_ events: [Event]) {
        for event in events { _ = self.events.tryPush(event) }
    }

    private func wait(for attempts: [MappingAttempt], until deadline: Instant) {
        let poller = SocketPoller(sockets: attempts.flatMap(\.sockets), waker: waker)
        let due = attempts.compactMap(\.nextTimeout).min() ?? .distantFuture
        // An error here leaves the thread turning once a tenth of a second, and no faster.
        do throws(SystemError) {
            try poller.wait(until: min(deadline, due))
        } catch {
            _ = pause.pop(until: MonotonicClock.now() + .milliseconds(100))
        }
    }

    private func takeBack(_ attempts: [MappingAttempt]) {
        for attempt in attempts { attempt.takeBack(now: MonotonicClock.now()) }
        var left = attempts
        while true {
            let now = MonotonicClock.now()
            for attempt in left { attempt.advance(now: now) }
            left.removeAll { $0.isReleased }
            if left.isEmpty { return }
            wait(for: left, until: now + .milliseconds(100))
        }
    }
}

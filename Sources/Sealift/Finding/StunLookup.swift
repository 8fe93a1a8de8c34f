import SealiftIO
import Synchronization

/// Finds the addresses of STUN servers by their names, on a thread of its own: a resolver may take long.
final class StunLookup: Sendable {
    /// More addresses than are asked.
    private static let capacity = 32

    private let found: BoundedQueue<SocketAddress>
    private let isOver = Atomic<Bool>(false)

    /// Begins to look up `servers`.
    /// - Parameter waker: woken when there is an address, and at the end.
    init(_ servers: [StunServer], waker: Waker) throws(SystemError) {
        let found = BoundedQueue<SocketAddress>(capacity: Self.capacity) { waker.wake() }
        self.found = found
        // Detached: it may wait for a resolver that does not answer, and touches nothing of ours.
        _ = try NamedThread(name: "sealift lookup") { [self] in
            for server in servers {
                for address in NameLookup.addresses(of: server.host, port: server.port) {
                    guard found.tryPush(address) != .closed else { return }
                }
            }
            isOver.store(true, ordering: .releasing)
            waker.wake()
        }
    }

    /// Whether every name was looked up; what was found may still wait to be taken.
    var isDone: Bool { isOver.load(ordering: .acquiring) }

    /// Takes the next address; nil where there is none.
    func takeAddress() -> SocketAddress? { found.tryPop() }

    /// Ends the thread as soon as it can.
    func finish() { found.closeAndDiscard() }
}

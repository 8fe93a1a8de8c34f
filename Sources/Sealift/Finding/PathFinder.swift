import SealiftBase
import SealiftIO
import SealiftRendezvous
import SealiftTransport
import SealiftTraversal

/// What a run does to be found, and to find the other end, beside dialling the addresses it was told.
///
/// Owned by the thread of the sockets, and driven by it like a protocol machine: datagrams in,
/// ``advance(now:)``, ``nextTimeout``.
final class PathFinder {
    private let pump: DatagramPump
    private var gathering: AddressGathering

    init(
        _ pump: DatagramPump, policy: NetworkPolicy, stun: [StunServer],
        rendezvous: [RendezvousAddress], waker: Waker
    ) throws(SystemError) {
        self.pump = pump
        gathering = try AddressGathering(
            pump.sockets, policy: policy, stun: stun, rendezvousHosts: rendezvous.map(\.host),
            waker: waker)
    }

    /// Whether a datagram is none of the transport's (`docs/PROTOCOL.md` §4.2, §5): one comparison for
    /// those that are.
    @inline(__always)
    static func concerns(_ datagram: UnsafeRawBufferPointer) -> Bool {
        // STUN begins with two zero bits (RFC 8489 §5), everything of ours with 0xE1 or more.
        guard let type = datagram.first else { return false }
        return type & 0xC0 == 0
    }

    /// Waits until it is known how the sockets are seen from outside, a second at most.
    /// - Returns: the addresses that somebody may dial.
    func settledReflexive(_ cancellation: Cancellation) throws(SealiftError) -> [SocketAddress] {
        do throws(SystemError) {
            try gathering.settle(pump, cancellation: cancellation)
        } catch {
            throw SealiftError(.internalFailure, error)
        }
        return gathering.lastingReflexive(now: MonotonicClock.now()).map { SocketAddress($0) }
    }

    /// Takes a datagram that ``concerns(_:)`` us.
    func receive(_ datagram: UnsafeRawBufferPointer, on path: PathID, now: Instant) {
        _ = gathering.receive(datagram, on: path, now: now)
    }

    /// Does what is due.
    func advance(now: Instant) {
        gathering.advance(pump, now: now)
    }

    /// When ``advance(now:)`` wants to be called; nil for never.
    var nextTimeout: Instant? { gathering.nextTimeout }

    /// Ends what goes on beside.
    func finish() {
        gathering.finish()
    }
}

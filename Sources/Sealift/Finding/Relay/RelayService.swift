import SealiftBase
import SealiftIO
import SealiftTraversal

/// One relay as its thread uses it: the protocol, what carries it, and whom to let in again after the
/// connection was lost.
struct RelayService: ~Copyable {
    private let access: RelayAccess
    private let policy: NetworkPolicy
    /// What carries the messages; there together with ``client``.
    private var carrier: RelayCarrier?
    private var client: TurnClient?
    /// Whom we want to hear, in the order of their admission; as many as a client knows.
    private var peers: [TransportAddress] = []
    /// Whether there ever was an address.
    private(set) var hasServed = false
    private var lastHeard = Instant.zero
    private var lastSent = Instant.zero
    private let buffer = UnsafeMutableRawBufferPointer.allocate(
        byteCount: OutgoingBatch.maximumByteCount, alignment: 16)

    init(_ access: RelayAccess, policy: NetworkPolicy) {
        self.access = access
        self.policy = policy
    }

    deinit {
        buffer.deallocate()
    }

    /// Opens the way to the relay, and begins to ask for an address. May block for long.
    mutating func connect(waker: Waker) throws(RelayFailure) {
        let carrier = try RelayCarrier(access.server, policy: policy, waker: waker)
        guard let seed = try? SystemEntropy.number() else { throw .noEntropy }
        let now = MonotonicClock.now()
        var client = TurnClient(
            username: access.server.username, password: access.password, carrier: carrier.kind,
            seed: seed, now: now)
        for peer in peers { client.admit(peer, now: now) }
        self.carrier = carrier
        self.client = client
        lastHeard = now
    }

    /// Hangs up.
    mutating func close() {
        carrier?.close()
        carrier = nil
        client = nil
    }

    /// Where peers reach us; nil while it is being asked for, or not needed any more.
    /// - Throws: why there is none.
    mutating func address() throws(RelayFailure) -> TransportAddress? {
        guard let carrier, let state = client?.state else { throw .lost }
        switch state {
        case .failed(let failure): throw .turn(failure)
        case .released: return nil
        case .allocating, .allocated: break
        }
        if carrier.isClosed { throw .lost }
        guard case .allocated(let allocation) = state else { return nil }
        hasServed = true
        return allocation.relayed
    }

    /// Whether the relay knows that we need it no more.
    var isReleased: Bool { client.map { $0.state == .released } ?? true }

    /// Hands what peers sent to `deliver`.
    mutating func receive(
        now: Instant, _ deliver: (TransportAddress, UnsafeRawBufferPointer) -> Void
    ) {
        carrier?.receive { message in
            lastHeard = now
            if case .data(let peer, let datagram)? = client?.receive(message, now: now),
                policy.permits(SocketAddress(peer))
            {
                deliver(peer, datagram)
            }
        }
    }

    /// Lets a peer's datagrams through.
    mutating func admit(_ peer: TransportAddress, now: Instant) {
        client?.admit(peer, now: now)
        if !peers.contains(peer), peers.count < TurnClient.mostPeers { peers.append(peer) }
    }

    /// Sends datagrams that stand behind each other, all but the last of `size` bytes.
    mutating func send(
        _ datagrams: UnsafeRawBufferPointer, each size: Int, to peer: TransportAddress,
        now: Instant
    ) {
        guard size > 0, let carrier else { return }
        lastSent = now
        var filled = 0
        var wrappedSize = 0
        for start in stride(from: 0, to: datagrams.count, by: size) {
            if filled + wrappedSize > buffer.count {
                carrier.send(UnsafeRawBufferPointer(rebasing: buffer[..<filled]), each: wrappedSize)
                filled = 0
            }
            let end = min(start + size, datagrams.count)
            let count =
                client?.wrap(
                    UnsafeRawBufferPointer(rebasing: datagrams[start..<end]), to: peer,
                    into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]), now: now) ?? 0
            if filled == 0 { wrappedSize = count }
            filled += count
        }
        guard filled > 0 else { return }
        carrier.send(UnsafeRawBufferPointer(rebasing: buffer[..<filled]), each: wrappedSize)
    }

    /// Asks the relay for a sign of life where we send and hear nothing: we may be in another network.
    mutating func watch(silence: Duration, now: Instant) {
        guard lastSent > lastHeard, now - lastHeard >= silence else { return }
        lastHeard = now
        client?.checkLife(now: now)
    }

    /// Gives the address back.
    mutating func release(now: Instant) { client?.release(now: now) }

    /// Sends what the protocol has to say.
    mutating func transmit(now: Instant) {
        while let message = client?.pollTransmit(now: now) {
            message.withUnsafeBytes { carrier?.send($0, each: $0.count) }
        }
    }

    /// Sleeps until something is to be done, or `deadline`.
    func wait(until deadline: Instant) {
        carrier?.wait(until: min(deadline, client?.nextTimeout ?? .distantFuture))
    }
}

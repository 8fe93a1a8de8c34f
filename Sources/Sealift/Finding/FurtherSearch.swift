import SealiftBase
import SealiftIO
import SealiftTransfer

/// When a receiver whose session stands looks for a better way to its sender: at once when this machine
/// gets other addresses, and from time to time while a relay is in between.
///
/// A session that goes direct, on a machine whose addresses stay, asks no server anything. A value that
/// reads no clock.
struct FurtherSearch {
    /// Between two looks at the machine's addresses.
    static let lookInterval = Duration.seconds(2)
    /// From a change of addresses to the call: several come together.
    static let settling = Duration.seconds(1)
    /// Between two calls of a relayed session, at first, doubling to the last.
    static let callIntervals = (first: Duration.seconds(15), longest: Duration.seconds(300))
    /// Between two calls for any reason: as long as one lives (PROTOCOL §10.8).
    static let leastCallInterval = Duration.seconds(30)

    /// What to do.
    enum Step: Equatable {
        case nothing
        /// Paths may lead elsewhere now.
        case networkChanged
        /// Call the sender once.
        case call
    }

    /// When ``fire(isRelayed:ownAddresses:now:)`` has something to do.
    var due: Instant { min(nextLook, callDue ?? nextLook) }

    private var nextLook: Instant
    private var addresses: Set<SocketAddress>?
    /// When the sender is called because of new addresses; nil while there is no such reason.
    private var callDue: Instant?
    private var nextRelayedCall: Instant
    private var interval = callIntervals.first
    private var earliestCall = Instant.zero

    /// Begins to look.
    init(now: Instant) {
        nextLook = now
        nextRelayedCall = now + Self.callIntervals.first
    }

    /// The session stands, or goes another way: what is tried of a relayed one begins anew.
    mutating func moved(now: Instant) {
        interval = Self.callIntervals.first
        nextRelayedCall = now + interval
    }

    /// Says what is due.
    /// - Parameters:
    ///   - isRelayed: whether the session goes through a relay.
    ///   - ownAddresses: the machine's, read only when it is time to look.
    mutating func fire(
        isRelayed: Bool, ownAddresses: () -> Set<SocketAddress>, now: Instant
    ) -> Step {
        if nextLook <= now {
            nextLook = now + Self.lookInterval
            let found = ownAddresses()
            defer { addresses = found }
            // An address that went away makes nothing better.
            if let addresses, !found.subtracting(addresses).isEmpty {
                callDue = max(now + Self.settling, earliestCall)
                return .networkChanged
            }
        }
        if isRelayed, nextRelayedCall <= now {
            interval = min(
                max(interval * 2, Self.leastCallInterval), Self.callIntervals.longest)
            nextRelayedCall = now + interval
            callDue = min(callDue ?? .distantFuture, max(now, earliestCall))
        }
        guard let callDue, callDue <= now else { return .nothing }
        self.callDue = nil
        earliestCall = now + Self.leastCallInterval
        return .call
    }
}

extension PathRank {
    /// The rank of a kind of path.
    init(_ kind: PeerConnection.PathKind) {
        self = kind == .direct ? .direct : .relayed
    }
}

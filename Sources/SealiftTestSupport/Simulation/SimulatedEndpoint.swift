public import SealiftBase

/// A protocol machine that the simulated network can drive: the four calls every machine of this
/// project has, and nothing else.
public protocol SimulatedEndpoint {
    /// Takes a datagram that arrived at `now`; its sender is `datagram.from`.
    mutating func receive(_ datagram: SimulatedDatagram, now: Instant)

    /// Does what is due at `now`. Afterwards ``nextTimeout`` lies after `now`, or is nil.
    mutating func handleTimeout(now: Instant)

    /// When ``handleTimeout(now:)`` is due next; nil if no timer is set.
    var nextTimeout: Instant? { get }

    /// What the endpoint sends at `now`. The network asks again until nothing comes.
    mutating func pollTransmit(now: Instant) -> [SimulatedDatagram]
}

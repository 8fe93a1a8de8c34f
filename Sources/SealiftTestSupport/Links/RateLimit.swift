public import SealiftBase

/// A bottleneck: sends so many bytes a second and queues the rest, up to a number of bytes; what
/// does not fit is dropped at the tail.
///
/// The size of a datagram counts with ``headerSize``, as a link would see it.
public struct RateLimit: LinkStage {
    /// What IPv4 and UDP add to a payload: 28 bytes.
    public static let headerSize = 28

    /// The link's rate, in bytes a second, headers included.
    public let bytesPerSecond: Double
    /// The most that may wait, in bytes, headers included. At least one full datagram, or nothing
    /// passes.
    public let queueCapacity: Int
    /// The bytes waiting above which datagrams that can carry it get a congestion mark instead of
    /// passing unmarked (RFC 3168); nil: the queue never marks.
    public let markingThreshold: Int?

    /// When the last byte accepted so far will have left.
    private var busyUntil: Instant?

    /// Makes a bottleneck.
    public init(bytesPerSecond: Double, queueCapacity: Int, markingThreshold: Int? = nil) {
        precondition(bytesPerSecond > 0 && queueCapacity > 0)
        self.bytesPerSecond = bytesPerSecond
        self.queueCapacity = queueCapacity
        self.markingThreshold = markingThreshold
    }

    /// Makes a bottleneck of `megabitsPerSecond` (10^6 bits) whose queue holds what it sends in
    /// `queueTime`: with the round-trip time there, a queue of one bandwidth-delay product.
    public init(megabitsPerSecond: Double, queueTime: Duration) {
        let bytesPerSecond = megabitsPerSecond * 125_000
        self.init(
            bytesPerSecond: bytesPerSecond,
            queueCapacity: max(3_000, Int(bytesPerSecond * queueTime.inSeconds)))
    }

    /// The stage's name in the trace.
    public var name: String { "full queue" }

    /// Lets the datagram out when the link has sent it, or drops it where the queue is full.
    public mutating func process(
        _ datagram: SimulatedDatagram, now: Instant, generator: inout SeededGenerator,
        into outputs: inout [LinkOutput]
    ) {
        let start = max(busyUntil ?? now, now)
        let waiting = Int((start - now).inSeconds * bytesPerSecond)
        let size = datagram.bytes.count + Self.headerSize
        guard waiting + size <= queueCapacity else { return }
        let end = start + .nanoseconds(Int64(Double(size) / bytesPerSecond * 1e9))
        busyUntil = end
        var datagram = datagram
        if let markingThreshold, waiting > markingThreshold, datagram.ecn != .notCapable {
            datagram.ecn = .congestionExperienced
        }
        outputs.append(LinkOutput(datagram, after: end - now))
    }
}

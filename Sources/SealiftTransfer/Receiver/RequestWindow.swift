public import SealiftBase

/// How many bytes may be asked for and not proven yet: the receiver's credit.
///
/// Grows to four times what arrives in a round trip: a starting sender has up to three
/// bandwidth-delay products in flight, doubles its rate each round trip, and hears of a larger window
/// one round trip late. It never shrinks: what is not used costs nothing, since an object's memory is
/// taken when its first byte arrives, and honest senders begin few objects at once. Bytes count until
/// they are proven and written, so a slow disk withholds requests instead of growing a queue.
public struct RequestWindow: Equatable, Sendable {
    /// Where the window starts, and the most that an untried sender can make this end hold: 64 MiB let
    /// a start reach 500 Mbit/s at 600 ms without waiting for requests.
    public static let initialSize: UInt64 = 64 << 20
    /// Where it ends: 1 GiB fills 10 Gbit/s at 400 ms.
    public static let maximumSize: UInt64 = 1 << 30

    /// Bytes that may be outstanding.
    public private(set) var size = RequestWindow.initialSize
    /// Bytes asked for and not proven yet.
    public private(set) var outstanding: UInt64 = 0

    private var epochStart: Instant?
    private var provenInEpoch: UInt64 = 0

    /// Makes a window of its initial size.
    public init() {}

    /// Whether more may be asked for.
    public var isOpen: Bool { outstanding < size }

    /// Counts bytes asked for.
    public mutating func requested(_ bytes: UInt64) {
        outstanding += bytes
    }

    /// Counts bytes that were asked for and will not come, or came as something else.
    public mutating func released(_ bytes: UInt64) {
        outstanding -= min(bytes, outstanding)
    }

    /// Counts bytes proven, and grows the window where a round trip used more than a quarter of it.
    /// - Parameter roundTrip: the smoothed round-trip time; at least a millisecond counts.
    public mutating func proven(_ bytes: UInt64, now: Instant, roundTrip: Duration) {
        released(bytes)
        provenInEpoch += bytes
        guard let start = epochStart else {
            epochStart = now
            return
        }
        guard now - start >= max(roundTrip, .milliseconds(1)) else { return }
        if provenInEpoch > size / 4 { size = min(size * 2, Self.maximumSize) }
        epochStart = now
        provenInEpoch = 0
    }
}

public import SealiftBase

/// The latest time this machine is sure of: expiry is judged by it, so that setting the clock back
/// brings nothing back to life.
///
/// A clock may also jump forward by mistake, to 2099 for an hour. So the floor follows the clock only in
/// steps of at most a day; farther, only where a peer's clock agrees. While the clock shows 2099,
/// everything with an end is refused (closed by default), and once it shows today again, nothing is lost.
///
/// Invariant: the floor never falls.
public struct ClockFloor: Hashable, Sendable {
    /// The farthest that the floor follows by itself, and that a peer's clock may differ: a day.
    public static let step: Int64 = 86_400

    /// The floor, as it is kept on disk.
    public private(set) var floor: WallTime

    /// A floor that was kept, or the time of installation.
    public init(floor: WallTime) {
        self.floor = floor
    }

    /// The time to judge by at `now`, which also moves the floor if `now` is within a day of it.
    public mutating func judge(now: WallTime) -> WallTime {
        if now > floor, now <= floor.adding(seconds: Self.step) { floor = now }
        return time(now: now)
    }

    /// The time to judge by at `now`: never before the floor.
    public func time(now: WallTime) -> WallTime { max(now, floor) }

    /// A peer in an authenticated session told its time. Where both clocks agree to a day, the floor
    /// follows to the earlier of them: neither this clock alone nor a lying peer alone moves it.
    public mutating func confirm(peer: WallTime, now: WallTime) {
        guard let confirmed = Self.confirmed(by: peer, now: now) else { return }
        floor = max(floor, confirmed)
    }

    /// The time that this clock and a peer's agree on, the earlier of the two; nil where they differ by more
    /// than a day.
    public static func confirmed(by peer: WallTime, now: WallTime) -> WallTime? {
        guard now <= peer.adding(seconds: Self.step), peer <= now.adding(seconds: Self.step) else {
            return nil
        }
        return min(peer, now)
    }
}

import Foundation
import GRDB
public import SealiftBase
public import SealiftPeople

extension Store {
    /// The floor of the clock; absent before the first judgement on this machine.
    public func clockFloor() -> Lookup<ClockFloor> {
        look { try ClockFloor(in: $0) }
    }
}

extension AuditLog {
    /// The floor is written when it rose by this much, in seconds: a judgement costs no write each time,
    /// and a machine that loses its power forgets a minute at most.
    static let clockStep: Int64 = 60

    /// The time to judge by at `now`, with the floor on disk moved as far as it may follow; the first call
    /// on a machine lays the floor.
    /// - Parameter peer: what a peer in an authenticated session said its clock shows.
    /// - Throws: also where the floor cannot be read: then nothing that has an end may be judged.
    public func moveClockFloor(
        now: WallTime, peer: WallTime? = nil
    ) throws(StoreFailure) -> WallTime {
        try Store.locked(store.home) { () throws(StoreFailure) in
            try store.write { database in
                guard let kept = try ClockFloor(in: database) else {
                    try database.execute(
                        sql: "INSERT INTO clock (number, floor) VALUES (1, ?)",
                        arguments: [now.secondsSince1970])
                    return now
                }
                var floor = kept
                if let peer { floor.confirm(peer: peer, now: now) }
                let time = floor.judge(now: now)
                if floor.floor >= kept.floor.adding(seconds: Self.clockStep) {
                    try database.execute(
                        sql: "UPDATE clock SET floor = max(floor, ?)",
                        arguments: [floor.floor.secondsSince1970])
                }
                return time
            }
        }
    }
}

extension ClockFloor {
    fileprivate init?(in database: Database) throws {
        guard let row = try database.first("SELECT floor FROM clock WHERE number = 1", []) else {
            return nil
        }
        self.init(floor: try row.time("floor"))
    }
}

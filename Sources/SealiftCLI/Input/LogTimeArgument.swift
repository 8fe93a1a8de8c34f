internal import ArgumentParser
internal import Foundation
internal import SealiftBase

/// The time from which a log is shown: so long ago (`7d`), or the beginning of a day (`2026-11-01`, UTC).
enum LogTimeArgument: Equatable {
    case ago(DurationArgument)
    case day(WallTime)

    /// - Throws: what such a time looks like.
    init(argument: String) throws {
        if let span = try? DurationArgument(argument: argument) {
            self = .ago(span)
        } else if argument.utf8.count == 10,
            let day = try? Date("\(argument)T00:00:00Z", strategy: .iso8601)
        {
            self = .day(WallTime(secondsSince1970: Int64(day.timeIntervalSince1970)))
        } else {
            throw ValidationError(
                "a time is a span such as 12h or 30d, or a day such as 2026-11-01")
        }
    }

    /// The time itself.
    func time(now: WallTime) -> WallTime {
        switch self {
        case .ago(let span): now.adding(seconds: -span.seconds)
        case .day(let day): day
        }
    }
}

internal import Sealift

/// One line that says how far a transfer is, within a width.
///
///     [====>     ]  42 %  1.20/2.85 GiB  812 MiB/s  0:02 left  12/40 files  RTT 1.2 ms  loss 0.0 %  direct
///
/// What does not fit goes, the least needed first; the bar takes the room that is left.
enum ProgressLine {
    private static let barWidths = 10...40

    /// The line for a terminal of `width` columns; all ASCII, at most `width` characters.
    static func text(_ progress: TransferProgress, path: String, width: Int) -> String {
        var parts = segments(progress, path: path)
        while parts.count > 1, joined(parts).count > width {
            guard let least = parts.indices.min(by: { parts[$0].rank < parts[$1].rank }) else {
                break
            }
            parts.remove(at: least)
        }
        let rest = joined(parts)
        let room = width - rest.count - 4
        guard barWidths.lowerBound <= room else { return String(rest.prefix(max(0, width))) }
        return bar(progress, width: min(room, barWidths.upperBound)) + "  " + rest
    }

    /// The same facts for a log, where there is no width.
    static func plain(_ progress: TransferProgress, path: String) -> String {
        joined(segments(progress, path: path))
    }

    /// A part of the line, and how much it is needed.
    private struct Segment {
        var text: String
        var rank: Int
    }

    private static func segments(_ progress: TransferProgress, path: String) -> [Segment] {
        let percent = ByteText.percent(progress.bytesDone, of: progress.bytesTotal)
        let bytes = ByteText.fraction(progress.bytesDone, of: progress.bytesTotal)
        var result = [Segment(text: "\(percent) %", rank: 9), Segment(text: bytes, rank: 7)]
        switch progress.phase {
        case .transferring:
            result.append(Segment(text: ByteText.rate(progress.bytesPerSecond), rank: 6))
            if let left = progress.timeRemaining {
                result.append(Segment(text: "\(DurationText.clock(left)) left", rank: 8))
            }
        case .verifying:
            result.append(Segment(text: "verifying", rank: 8))
        }
        let files = "\(progress.filesDone)/\(ByteText.count(progress.filesTotal, "file"))"
        result.append(Segment(text: files, rank: 5))
        if let time = progress.roundTripTime {
            result.append(Segment(text: "RTT \(DurationText.milliseconds(time))", rank: 3))
        }
        let loss = ByteText.fixed(progress.lossRatio * 100, decimals: 1)
        result.append(Segment(text: "loss \(loss) %", rank: 2))
        if !path.isEmpty { result.append(Segment(text: path, rank: 4)) }
        return result
    }

    private static func joined(_ parts: [Segment]) -> String {
        parts.map(\.text).joined(separator: "  ")
    }

    private static func bar(_ progress: TransferProgress, width: Int) -> String {
        let percent = ByteText.percent(progress.bytesDone, of: progress.bytesTotal)
        let filled = percent * width / 100
        let head = filled > 0 && filled < width ? ">" : ""
        let line = String(repeating: "=", count: filled - head.count) + head
        return "[" + line + String(repeating: " ", count: width - filled) + "]"
    }
}

import SealiftBase
import Synchronization

@testable import SealiftCLI

/// Collects what an output shows.
final class Lines: Sendable {
    private let text = Mutex("")

    var output: TerminalOutput {
        TerminalOutput(
            style: TerminalStyle(hasColors: false, repaints: false), width: { 80 }, now: { .zero },
            write: { added in self.text.withLock { $0 += added } })
    }

    /// How many lines there are.
    var count: Int { text.withLock { $0.split(separator: "\n").count } }

    /// Whether `part` stands somewhere.
    func contains(_ part: String) -> Bool { text.withLock { $0.contains(part) } }
}

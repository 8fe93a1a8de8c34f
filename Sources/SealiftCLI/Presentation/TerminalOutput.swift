internal import Sealift
internal import SealiftBase
internal import Synchronization

/// Everything a person sees while a transfer runs: messages, and below them one line of progress that is
/// painted again and again, or a plain line now and then where nothing can be repainted.
///
/// Safe to call from any thread. Only `write` is touched with the lock held.
final class TerminalOutput: Sendable {
    /// The time between two plain lines.
    static let plainInterval: Duration = .seconds(5)
    /// The time between two paintings.
    static let paintInterval: Duration = .milliseconds(100)

    private struct State {
        /// Whether the last line on the terminal is a line of progress.
        var isPainted = false
        var lastShown: Instant?
        /// What the last line of progress was about.
        var lastSubject: Subject?
        var path = ""
    }

    /// What a line of progress is about. A change of it is always shown.
    private enum Subject: Equatable {
        case transfer(TransferProgress.Phase)
        case reconnection(Reconnection.Cause)
    }

    let style: TerminalStyle
    private let state = Mutex(State())
    private let width: @Sendable () -> Int
    private let now: @Sendable () -> Instant
    private let write: @Sendable (String) -> Void

    /// Makes an output over the three things it needs, so that it can be tested by value.
    init(
        style: TerminalStyle, width: @escaping @Sendable () -> Int,
        now: @escaping @Sendable () -> Instant, write: @escaping @Sendable (String) -> Void
    ) {
        self.style = style
        self.width = width
        self.now = now
        self.write = write
    }

    /// The output on standard error.
    static func standardError() -> TerminalOutput {
        let start = ContinuousClock.now
        return TerminalOutput(
            style: .ofProcess(), width: { StandardStream.error.width },
            now: { Instant.zero + (ContinuousClock.now - start) },
            write: { StandardStream.error.write($0) })
    }

    /// Shows a whole message above the progress.
    func show(_ text: String) {
        state.withLock { state in
            write(erased(&state) + text)
        }
    }

    /// Sets what stands for the path to the other end in the line of progress.
    func setPath(_ path: String) {
        state.withLock { $0.path = path }
    }

    /// Shows how far the transfer is, unless that was shown just before. What changes the phase and what
    /// is complete is always shown.
    func show(_ progress: TransferProgress) {
        show(.transfer(progress.phase)) { path, width in
            width.map { ProgressLine.text(progress, path: path, width: $0) }
                ?? ProgressLine.plain(progress, path: path)
        }
    }

    /// Shows that a sender is waited for, and how long still, in the place of the progress.
    func show(_ reconnection: Reconnection) {
        show(.reconnection(reconnection.cause)) { _, width in
            let line = ReconnectionLine.text(reconnection)
            return width.map { String(line.prefix($0)) } ?? line
        }
    }

    /// Shows a line about `subject`, painted within a width or plain where the width is nil.
    private func show(_ subject: Subject, _ line: (_ path: String, _ width: Int?) -> String) {
        let time = now()
        state.withLock { state in
            let interval = style.repaints ? Self.paintInterval : Self.plainInterval
            let isNew = subject != state.lastSubject
            if let last = state.lastShown, time - last < interval, !isNew { return }
            state.lastShown = time
            state.lastSubject = subject
            if style.repaints {
                // One column stays free: a full line would wrap on some terminals.
                write("\r" + line(state.path, width() - 1) + "\u{1B}[K")
                state.isPainted = true
            } else {
                write(line(state.path, nil) + "\n")
            }
        }
    }

    private func erased(_ state: inout State) -> String {
        defer { state.isPainted = false }
        return state.isPainted ? "\r\u{1B}[K" : ""
    }
}

import Sealift
import SealiftBase
import Synchronization
import Testing

@testable import SealiftCLI

@Suite("What the terminal gets")
struct TerminalOutputTests {
    private final class Screen: Sendable {
        let text = Mutex("")
        let time = Mutex(Instant.zero)

        func output(repaints: Bool) -> TerminalOutput {
            TerminalOutput(
                style: TerminalStyle(hasColors: false, repaints: repaints), width: { 41 },
                now: { self.time.withLock { $0 } },
                write: { added in self.text.withLock { $0 += added } })
        }

        func pass(_ duration: Duration) { time.withLock { $0 += duration } }
        var shown: String { text.withLock { $0 } }
    }

    private func progress(_ done: UInt64, _ phase: TransferProgress.Phase = .transferring)
        -> TransferProgress
    {
        TransferProgress(
            phase: phase, bytesDone: done, bytesTotal: 100, filesDone: 0, filesTotal: 1)
    }

    @Test("is one line painted again, which a message clears away")
    func repainting() {
        let screen = Screen()
        let output = screen.output(repaints: true)
        output.show(progress(1))
        screen.pass(.milliseconds(50))
        output.show(progress(2))
        screen.pass(.milliseconds(50))
        output.show(progress(3))
        output.show("message\n")
        output.show("another\n")
        let first = "\r1 %  1/100 B  0 B/s  0/1 file\u{1B}[K"
        let second = "\r3 %  3/100 B  0 B/s  0/1 file\u{1B}[K"
        #expect(screen.shown == first + second + "\r\u{1B}[Kmessage\nanother\n")
    }

    @Test("says in the place of the progress that a sender is waited for")
    func reconnecting() {
        let screen = Screen()
        let output = screen.output(repaints: true)
        output.show(progress(1))
        output.show(Reconnection(cause: .connectionLost, timeLeft: .seconds(580)))
        let line = "connection lost, trying again, 9:40 left"
        #expect(screen.shown.hasSuffix("\r" + line + "\u{1B}[K"))
        screen.pass(.seconds(1))
        output.show(Reconnection(cause: .peerStopped, timeLeft: .seconds(579)))
        #expect(
            screen.shown.hasSuffix("\rthe sender stopped, trying again, 9:39 l\u{1B}[K"))
    }

    @Test("is a plain line now and then where nothing can be painted again")
    func plain() {
        let screen = Screen()
        let output = screen.output(repaints: false)
        for done in UInt64(0)..<100 {
            output.show(progress(done))
            screen.pass(.milliseconds(100))
        }
        output.show(progress(100, .verifying))
        let lines = screen.shown.split(separator: "\n").map { String($0.prefix(5)) }
        #expect(lines == ["0 %  ", "50 % ", "100 %"])
        #expect(!screen.shown.contains("\u{1B}") && !screen.shown.contains("\r"))
    }

    @Test("has colours and repainting only where they work and are wanted")
    func style() {
        func style(_ isTerminal: Bool, _ term: String?, _ noColor: String?) -> TerminalStyle {
            .choose(isTerminal: isTerminal, term: term, noColor: noColor)
        }
        #expect(style(true, "xterm", nil) == TerminalStyle(hasColors: true, repaints: true))
        #expect(style(true, "xterm", "1") == TerminalStyle(hasColors: false, repaints: true))
        #expect(style(true, "dumb", nil) == TerminalStyle(hasColors: false, repaints: false))
        #expect(style(true, nil, nil) == TerminalStyle(hasColors: false, repaints: false))
        #expect(style(false, "xterm", nil) == TerminalStyle(hasColors: false, repaints: false))
    }

    @Test("stops the transfer where a result cannot be written")
    func lostResult() {
        let cancellation = Cancellation()
        let output = ResultOutput(cancellation: cancellation) { _ in false }
        #expect(output.failure == nil)
        output.write("x")
        #expect(cancellation.isRequested)
        #expect(output.failure?.code == .storageFailed)
    }
}

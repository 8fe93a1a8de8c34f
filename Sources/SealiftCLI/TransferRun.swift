internal import Glibc
internal import Sealift

/// One transfer as a command runs it: signals, output and the end.
struct TransferRun {
    let cancellation: Cancellation
    let terminal: TerminalOutput
    let asJSON: Bool

    /// Begins to watch for Ctrl-C.
    init(asJSON: Bool) {
        let terminal = TerminalOutput.standardError()
        self.terminal = terminal
        self.asJSON = asJSON
        cancellation = Cancellation()
        // A reader that goes away must not end a transfer without a word: see `ResultOutput`.
        signal(SIGPIPE, SIG_IGN)
        InterruptWatcher.start(cancellation: cancellation) {
            terminal.show("\nstopping (once more stops at once)\n")
        }
    }

    /// Runs `transfer` with an observer, and says how it ended.
    /// - Throws: ``Program/Ending`` for every status but success.
    func run(
        question mode: Question.Mode, result: SendResult = .ticket,
        _ transfer: (any TransferObserver, Cancellation) throws(SealiftError) -> TransferSummary
    ) throws {
        let output = ResultOutput(cancellation: cancellation)
        let question = Question(mode: mode, cancellation: cancellation)
        let observer: any TransferObserver =
            asJSON
            ? ScriptObserver(terminal: terminal, output: output, question: question)
            : PersonObserver(
                terminal: terminal, output: output, question: question, result: result)
        let summary: TransferSummary
        do throws(SealiftError) {
            summary = try transfer(observer, cancellation)
            if asJSON { output.write(JSONEvents.line(summary).line + "\n") }
            if let failure = output.failure { throw failure }
        } catch {
            return try finish(output.failure ?? error, mode: mode)
        }
        if !asJSON { terminal.show(SummaryView.text(summary, style: terminal.style)) }
        guard summary.exitStatus == .success else {
            throw Program.Ending(status: summary.exitStatus)
        }
    }

    private func finish(_ error: SealiftError, mode: Question.Mode) throws {
        // A question that was broken off was not answered with no.
        let wasBrokenOff = error.code == .declined && cancellation.isRequested
        let error = wasBrokenOff ? SealiftError.stoppedByUser : error
        // To look and leave is what --dry-run was asked for.
        if mode == .showAll && error.code == .declined { return }
        terminal.show("")
        ErrorView.show(error, asJSON: asJSON)
        throw Program.Ending(status: error.exitStatus)
    }
}

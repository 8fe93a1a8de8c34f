internal import Glibc
internal import Sealift
internal import SealiftBase

/// Where the receiver's ticket comes from: `--ticket-file`, else `SEALIFT_TICKET`, else the first line of
/// standard input, else a question. Never an argument, which every user of the machine could read.
enum TicketSource: Equatable {
    case file([UInt8])
    case environment(String)
    case standardInput
    case question

    /// A ticket's text is far below this.
    private static let fileLimit = 65_536

    /// Decides by what was given.
    /// - Throws: an error of usage where two were given.
    static func choose(
        file: [UInt8]?, environment: String?, inputIsTerminal: Bool
    ) throws(SealiftError) -> TicketSource {
        switch (file, environment) {
        case (.some, .some):
            throw SealiftError(
                .usage, "two tickets were given: --ticket-file and SEALIFT_TICKET",
                advice: "Give one: leave --ticket-file out, or unset SEALIFT_TICKET.")
        case (let file?, nil): return .file(file)
        case (nil, let text?): return .environment(text)
        case (nil, nil): return inputIsTerminal ? .question : .standardInput
        }
    }

    /// The ticket's text, not checked yet.
    func read(cancellation: Cancellation) throws(SealiftError) -> String {
        switch self {
        case .file(let path):
            return try Self.readFile(path)
        case .environment(let text):
            return text
        case .standardInput:
            return try Self.text(LineReader(cancellation: cancellation).readLine())
        case .question:
            return try Self.text(
                TicketPrompt.readLine(
                    LineReader(cancellation: cancellation), asking: "Ticket or code: "))
        }
    }

    private static func text(_ outcome: LineReader.Outcome) throws(SealiftError) -> String {
        switch outcome {
        case .line(let line) where line.contains { $0 > 32 }:
            return String(decoding: line, as: UTF8.self)
        case .line, .nothing:
            throw SealiftError(
                .usage, "no ticket was given",
                advice: "Give it by --ticket-file FILE, SEALIFT_TICKET, or standard input.")
        case .stopped:
            throw SealiftError.stoppedByUser
        }
    }

    private static func readFile(_ path: [UInt8]) throws(SealiftError) -> String {
        guard let bytes = SmallFile.read(path, limit: fileLimit) else {
            let code = errno
            throw SealiftError(
                .ticketFileUnreadable, "cannot read the ticket file \(PrintableText.escape(path))",
                advice: "Check the name of the file and that you may read it.",
                cause: String(cString: strerror(code)))
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension SealiftError {
    /// The user stopped before anything began.
    static var stoppedByUser: SealiftError {
        SealiftError(
            .interrupted, "stopped before anything was transferred",
            advice: "Run the same command again.")
    }
}

import Foundation
import Glibc
import Testing

@Suite("The ticket of receive")
struct TicketInputTests {
    /// A ticket of version 1 with one address, and one of version 2 with a right checksum.
    private static let ticket =
        "sealift1afodyzwsiy3d6fsaaj422yhlxb2qchuxwuo5bcdkad3lc4glxbwfxruods734xn6xorn5ubuf42zsoqaaaaaa2y"
        + "crzaqcbd7aaaadww3ueet4aq"
    private static let newer = "sealift1aiaqeayg5jgmu"

    @Test("is told apart: mistyped, cut, newer, or no ticket at all; all end with 4")
    func badTickets() throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        let cut = String(Self.ticket.dropLast())
        let mistyped = Self.ticket.replacingOccurrence(at: 40)
        let cases = [
            ("hello", "not_a_ticket"), ("sealift", "not_a_ticket"), (cut, "ticket_mistyped"),
            (mistyped, "ticket_mistyped"), (Self.ticket + "a", "ticket_mistyped"),
            (Self.newer, "ticket_newer_version"),
        ]
        for (text, code) in cases {
            let outcome = try sealift.run(["receive", "--yes", "--json"], input: text + "\n")
            #expect(outcome.status == 4, "\(code)")
            #expect(try outcome.events.last?["code"] as? String == code)
            let shown = outcome.error + outcome.output
            #expect(text.count < 20 || !shown.contains(text))
        }
    }

    @Test("comes from a file, the environment or standard input")
    func sources() throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        try sealift.write("not one\n", to: "ticket")
        let runs = [
            try sealift.run(["receive", "--yes", "--ticket-file", "ticket"]),
            try sealift.run(["receive", "--yes"], environment: ["SEALIFT_TICKET": "not one"]),
            try sealift.run(["receive", "--yes"], input: "not one\nsecond line\n"),
        ]
        for outcome in runs {
            #expect(outcome.status == 4)
            #expect(outcome.output.isEmpty)
            #expect(outcome.error.contains("this is not a ticket"))
        }
    }

    @Test("given twice is an error of usage")
    func twice() throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        try sealift.write(Self.ticket, to: "ticket")
        let outcome = try sealift.run(
            ["receive", "--yes", "--ticket-file", "ticket"],
            environment: ["SEALIFT_TICKET": Self.ticket])
        #expect(outcome.status == 64)
        #expect(outcome.error.contains("two tickets"))
    }

    @Test("given nowhere is an error of usage", arguments: [nil, "", "\n", " \t \nlater\n"])
    func nowhere(input: String?) throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        let outcome = try sealift.run(["receive", "--yes"], input: input)
        #expect(outcome.status == 64)
        #expect(outcome.error.contains("no ticket was given"))
    }

    @Test("is never an argument, and is not repeated when it was one")
    func argument() throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        for arguments in [
            ["receive", Self.ticket], ["receive", "--yes", Self.ticket.uppercased()],
        ] {
            let outcome = try sealift.run(arguments)
            #expect(outcome.status == 64)
            #expect(outcome.error.contains("never an argument"))
            #expect(!outcome.error.lowercased().contains(Self.ticket))
        }
    }

    @Test("in a file that cannot be read ends with 6")
    func unreadableFile() throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        for name in ["missing", "."] {
            let outcome = try sealift.run(["receive", "--yes", "--json", "--ticket-file", name])
            #expect(outcome.status == 6)
            #expect(try outcome.events.last?["code"] as? String == "ticket_file_unreadable")
        }
    }

    @Test("may be a code whose words the tabulator completes, on a terminal that is left as it was")
    func completion() throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        let terminal = try PseudoTerminal()
        let receiver = try sealift.start(["receive"], name: "receiver", terminal: terminal)
        try sealift.wait(
            for: receiver, name: "receiver", toShow: "Ticket or code: ", on: terminal)
        // A wrong letter is taken back; what cannot be completed stays as it is.
        terminal.type("48213-copx\u{7F}p\torb\tzz\t\u{7F}\u{7F}tig\t")
        // No server is named.
        #expect(sealift.finish(receiver, on: terminal) == 64)
        #expect(terminal.screen().contains("SEALIFT_RENDEZVOUS"))
        #expect(terminal.screen().contains("p" + "er-"))
        var attributes = termios()
        #expect(tcgetattr(terminal.processSide.fileDescriptor, &attributes) == 0)
        #expect(attributes.c_lflag & tcflag_t(ICANON | ECHO) == tcflag_t(ICANON | ECHO))
    }

    @Test("is not read where nobody could be asked and nothing says yes")
    func nobodyToAsk() throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        let outcome = try sealift.run(["receive"], input: Self.ticket + "\n")
        #expect(outcome.status == 64)
        #expect(outcome.error.contains("--yes"))
    }
}

extension String {
    /// The text with another letter at `offset`.
    fileprivate func replacingOccurrence(at offset: Int) -> String {
        var characters = Array(self)
        characters[offset] = characters[offset] == "q" ? "z" : "q"
        return String(characters)
    }
}

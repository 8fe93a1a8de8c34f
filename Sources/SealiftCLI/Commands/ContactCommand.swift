internal import ArgumentParser
internal import Sealift
internal import SealiftPeople

/// `sealift contact`: the people whom the user added.
struct ContactCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "contact",
        abstract: "Show, verify, rename, block and remove contacts; pair by a file.",
        discussion: """
            Contacts are made by `sealift pair`, or with no server by a file: `sealift contact export` \
            at one end, `sealift contact import` at the other. Names are yours: the contact never sees \
            them, and never learns that it is blocked.

            EXAMPLES:
              sealift contact list
              sealift contact verify bob              compare the safety number
              sealift contact export --name bob invitation

            \(HelpText.exitStatus)
            """,
        subcommands: [
            ContactListCommand.self, ContactShowCommand.self, ContactVerifyCommand.self,
            ContactRenameCommand.self, ContactBlockCommand.self, ContactUnblockCommand.self,
            ContactRemoveCommand.self, ContactExportCommand.self, ContactImportCommand.self,
        ],
        defaultSubcommand: ContactListCommand.self)

    /// Runs what every verb does around its own work.
    static func run(
        asJSON: Bool,
        _ body: (ResultOutput, Cancellation) throws(SealiftError) -> Void
    ) throws {
        let cancellation = Cancellation()
        InterruptWatcher.start(cancellation: cancellation) {}
        let output = ResultOutput(cancellation: cancellation)
        do throws(SealiftError) {
            try body(output, cancellation)
            if let failure = output.failure { throw failure }
        } catch {
            ErrorView.show(error, asJSON: asJSON)
            throw Program.Ending(status: error.exitStatus)
        }
    }

    /// Does `action` and shows the contact.
    static func change(
        _ name: String, _ action: ContactAction, asJSON: Bool, said: String
    ) throws {
        try run(asJSON: asJSON) { output, cancellation throws(SealiftError) in
            let contact = try changeContact(
                name, action, home: Environment.home,
                passphrase: PassphraseInput.source(cancellation))
            output.write(
                asJSON
                    ? ContactView.json(contact).line + "\n"
                    : said + ": " + ContactView.line(contact, style: .ofProcess()))
        }
    }
}

/// The name of a contact, and the form of what is shown.
struct ContactArguments: ParsableArguments {
    @Flag(help: "Write JSON to standard output; see docs/SCRIPTING.md.")
    var json = false

    @Argument(help: "The contact's name.")
    var name: String
}

/// `sealift contact list`.
struct ContactListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Show every contact, by name.",
        discussion: HelpText.exitStatus)

    @Flag(help: "Write one JSON object a line to standard output; see docs/SCRIPTING.md.")
    var json = false

    func run() throws {
        try ContactCommand.run(asJSON: json) { output, _ throws(SealiftError) in
            for contact in try readContacts(home: Environment.home) {
                output.write(
                    json
                        ? ContactView.json(contact).line + "\n"
                        : ContactView.line(contact, style: .ofProcess()))
            }
        }
    }
}

/// `sealift contact show`.
struct ContactShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show one contact, its devices and the safety number.",
        discussion: HelpText.exitStatus)

    @OptionGroup var contact: ContactArguments

    func run() throws {
        try ContactCommand.run(asJSON: contact.json) { output, _ throws(SealiftError) in
            let found = try readContact(contact.name, home: Environment.home)
            output.write(
                contact.json
                    ? ContactView.json(found).line + "\n"
                    : ContactView.text(found, style: .ofProcess()))
        }
    }
}

/// `sealift contact verify`.
struct ContactVerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Compare the safety number with the contact.",
        discussion: """
            The number is the same at both ends exactly if nobody stands between you. Compare it over a \
            channel where you know each other, such as a call: on a terminal type what they read to \
            you, or give it by --number.

            \(HelpText.exitStatus)
            """)

    @Option(
        help: ArgumentHelp("The number that they see; it is no secret.", valueName: "digits"))
    var number: String?

    @OptionGroup var contact: ContactArguments

    func run() throws {
        try ContactCommand.run(asJSON: contact.json) { output, cancellation throws(SealiftError) in
            let found = try readContact(contact.name, home: Environment.home)
            let given: String
            if let number { given = number } else { given = try ask(found, cancellation) }
            let verified = try changeContact(
                contact.name, .verify(number: given), home: Environment.home,
                passphrase: PassphraseInput.source(cancellation))
            output.write(
                contact.json
                    ? ContactView.json(verified).line + "\n"
                    : "verified: " + ContactView.line(verified, style: .ofProcess()))
        }
    }

    private func ask(
        _ contact: ContactSummary, _ cancellation: Cancellation
    ) throws(SealiftError) -> String {
        guard let terminal = PersonTerminal(cancellation: cancellation) else {
            throw SealiftError(
                .usage, "nobody can be asked for the number that the contact sees",
                advice: "Give it by --number.")
        }
        terminal.show(
            "Read this to \(contact.name), or have them read theirs to you:\n"
                + ContactView.number(contact.safetyNumber))
        let answer = try terminal.ask("Is it theirs, digit by digit? [y/N, or type theirs] ") ?? ""
        switch answer.lowercased().filter({ !$0.isWhitespace }) {
        case "y", "yes": return contact.safetyNumber.text
        case "", "n", "no":
            throw SealiftError(
                .declined, "nothing was verified",
                advice: "If the numbers differ, remove the contact and pair again by a spoken code."
            )
        default: return answer
        }
    }
}

/// `sealift contact rename`.
struct ContactRenameCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rename", abstract: "Call a contact something else.",
        discussion: HelpText.exitStatus)

    @OptionGroup var contact: ContactArguments

    @Argument(help: "The new name.")
    var newName: String

    func run() throws {
        try ContactCommand.change(
            contact.name, .rename(to: newName), asJSON: contact.json, said: "renamed")
    }
}

/// `sealift contact block`.
struct ContactBlockCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "block",
        abstract: "Hear nothing more of a contact; to them this machine is as if it were off.",
        discussion: HelpText.exitStatus)

    @OptionGroup var contact: ContactArguments

    func run() throws {
        try ContactCommand.change(contact.name, .block, asJSON: contact.json, said: "blocked")
    }
}

/// `sealift contact unblock`.
struct ContactUnblockCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unblock", abstract: "Hear of a contact again.",
        discussion: HelpText.exitStatus)

    @OptionGroup var contact: ContactArguments

    func run() throws {
        try ContactCommand.change(contact.name, .unblock, asJSON: contact.json, said: "unblocked")
    }
}

/// `sealift contact remove`.
struct ContactRemoveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Forget a contact, and every key shared with them.",
        discussion: "They are not told.\n\n\(HelpText.exitStatus)")

    @OptionGroup var contact: ContactArguments

    func run() throws {
        try ContactCommand.change(contact.name, .remove, asJSON: contact.json, said: "removed")
    }
}

/// `sealift contact export`.
struct ContactExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write an invitation to a file, and wait for its use.",
        usage: "sealift contact export [--name <name>] [--in-person] [<options>] <file>",
        discussion: """
            For pairing with no server. The file is a secret for one person: whoever has it first can \
            pair. Give it to them, and leave this command running until they have used it; the file is \
            removed at its end. Somebody may have exchanged it on its way: the contact is unverified \
            until you compare the safety number, unless both say --in-person, because it went from \
            hand to hand.

            --qr shows the invitation as a QR code too, to be read from this screen by a camera; it is as
            secret as the file. What a reader makes of it is what `sealift contact import` takes.

            \(HelpText.exitStatus)
            """)

    @Flag(help: "Show the invitation as a QR code too.")
    var qr = false

    @Flag(help: "The file goes from hand to hand: the contact counts as verified.")
    var inPerson = false

    @OptionGroup var naming: PairNaming

    @OptionGroup var listening: ListeningOptions

    @OptionGroup var network: NetworkOptions

    @Flag(help: "Write one JSON object a line to standard output; see docs/SCRIPTING.md.")
    var json = false

    @Argument(help: "The new file.")
    var file: PathArgument

    func validate() throws {
        guard !qr || !json else { throw ValidationError("--qr and --json contradict each other") }
        guard !qr || StandardStream.error.isTerminal else {
            throw ValidationError("--qr needs a terminal: the code is a secret, for eyes only")
        }
        try listening.check(against: network)
    }

    func run() throws {
        let run = PairingRun(asJSON: json, naming: naming, network: network)
        try run.run(invitation: file.printable, showsQR: qr) { _ throws(SealiftError) in
            PairOptions(.exportInvitation(to: file.bytes))
        } prepare: { options in
            options.isInPerson = inPerson
            options.listen = listening.listen.map(\.address)
            options.advertise = listening.advertise.map(\.address)
        }
    }
}

/// `sealift contact import`.
struct ContactImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Pair with whoever made an invitation.",
        usage: "sealift contact import [--name <name>] [--in-person] [<options>] <file>",
        discussion: """
            Reads the file of `sealift contact export`, whose maker must be waiting; with - as the file, \
            the text that their QR code holds, from standard input. The other end is who the file says, \
            or nobody; whether the file is theirs, the safety number tells, or \
            --in-person says.

            \(HelpText.exitStatus)
            """)

    /// An invitation is far below this.
    private static let fileLimit = 65_536

    @Flag(help: "The file went from hand to hand: the contact counts as verified.")
    var inPerson = false

    @OptionGroup var naming: PairNaming

    @OptionGroup var network: NetworkOptions

    @Flag(help: "Write one JSON object a line to standard output; see docs/SCRIPTING.md.")
    var json = false

    @Argument(help: "The file of the invitation, or - for standard input.")
    var file: PathArgument

    func validate() throws {
        guard naming.wait == nil else {
            throw ValidationError("--wait belongs to `sealift contact export`")
        }
    }

    func run() throws {
        let run = PairingRun(asJSON: json, naming: naming, network: network)
        try run.run { cancellation throws(SealiftError) in
            PairOptions(.importInvitation(try Self.text(file, cancellation)))
        } prepare: { options in
            options.isInPerson = inPerson
        }
    }

    /// The invitation in `file`; of standard input where that is a dash.
    static func text(
        _ file: PathArgument, _ cancellation: Cancellation
    ) throws(SealiftError) -> String {
        if file.bytes == Array("-".utf8) { return try typed(cancellation) }
        guard let bytes = SmallFile.read(file.bytes, limit: fileLimit) else {
            throw SealiftError(
                .ticketFileUnreadable, "cannot read the invitation \(file.printable)",
                advice: "Check the name of the file and that you may read it.")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The first line of standard input, asked for where somebody types it.
    private static func typed(_ cancellation: Cancellation) throws(SealiftError) -> String {
        let reader = LineReader(cancellation: cancellation)
        let outcome =
            StandardStream.input.isTerminal
            ? TicketPrompt.readLine(reader, asking: "Invitation: ") : reader.readLine()
        switch outcome {
        case .line(let line): return String(decoding: line, as: UTF8.self)
        case .nothing:
            throw SealiftError(
                .usage, "no invitation was given",
                advice: "Give the text that the QR code holds, on one line.")
        case .stopped:
            throw SealiftError(
                .interrupted, "stopped before the end", advice: "Run the same command again.")
        }
    }
}

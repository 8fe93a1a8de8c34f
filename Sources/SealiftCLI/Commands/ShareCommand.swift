internal import ArgumentParser
internal import Sealift
internal import SealiftPeople

/// `sealift share`: what the user shares, and with whom.
struct ShareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "share",
        abstract: "Share a file or folder with contacts; show, change and end shares.",
        discussion: """
            A share shows only for its members. Nothing is copied by making one. Each member has a \
            role: a viewer looks and downloads, an editor uploads too, an admin also brings in and \
            removes viewers and editors. The owner is you, and nobody changes that. A contact who is \
            not verified can be a viewer only.

            What ends is judged by this machine's clock, and by the latest time that it was sure of: \
            setting the clock back revives nothing.

            In a share of a contact's, such as alice/llm-v3, an admin does the same with members, grant, \
            approve and revoke: alice's machine has to run `sealift up`, and judges it. Nobody gives away \
            more than he has. Whoever is a member may leave.

            EXAMPLES:
              sealift share add ~/models/llm-v3 --with bob:viewer
              sealift share add data --with bob:editor --expires 30d --quota 200GB
              sealift share grant llm-v3 ann --path weights --path README.md
              sealift share members llm-v3
              sealift share revoke llm-v3 bob
              sealift share grant alice/llm-v3 eve:viewer --expires 7d
              sealift share leave alice/llm-v3

            \(HelpText.exitStatus)
            """,
        subcommands: [
            ShareListCommand.self, ShareAddCommand.self, ShareMembersCommand.self,
            ShareGrantCommand.self, ShareApproveCommand.self, ShareRevokeCommand.self,
            ShareLeaveCommand.self, ShareRemoveCommand.self,
        ],
        defaultSubcommand: ShareListCommand.self)
}

/// `sealift share list`.
struct ShareListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Show everything that you share, by name.",
        discussion: HelpText.exitStatus)

    @Flag(help: "Write one JSON object a line to standard output; see docs/SCRIPTING.md.")
    var json = false

    func run() throws {
        try ContactCommand.run(asJSON: json) { output, _ throws(SealiftError) in
            for share in try readShares(home: Environment.home) {
                output.write(
                    json ? ShareView.json(share).line + "\n" : ShareView.line(share))
            }
        }
    }
}

/// `sealift share add`.
struct ShareAddCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Share a file or folder.",
        usage: "sealift share add [--with <contact:role>] [<options>] <path>",
        discussion: """
            The name is the path's last part unless --name says another. The limits hold for everybody \
            named by --with; further members come by `sealift share grant`. A folder that holds \
            SEALIFT_HOME is refused.

            EXAMPLES:
              sealift share add ~/models/llm-v3 --with bob:viewer --with ann:editor
              sealift share add footage --name takes --with eva --path day-1 --expires 7d

            \(HelpText.exitStatus)
            """)

    @Option(
        help: ArgumentHelp("What you and its members call it.", valueName: "name"))
    var name: String?

    @Option(
        name: .customLong("with"), parsing: .singleValue,
        help: ArgumentHelp(
            "A contact and a role: bob:viewer (the default), bob:editor, bob:admin; repeatable.",
            valueName: "contact:role"),
        transform: MemberArgument.init(argument:))
    var members: [MemberArgument] = []

    @OptionGroup var grant: GrantOptions

    @Flag(help: "Write one JSON object to standard output; see docs/SCRIPTING.md.")
    var json = false

    @Argument(help: "The file or folder.")
    var path: PathArgument

    func validate() throws {
        let hasLimits = grant.terms != GrantTerms()
        guard !members.isEmpty || !hasLimits else {
            throw ValidationError("limits are for members: name them by --with")
        }
    }

    func run() throws {
        try ContactCommand.run(asJSON: json) { output, cancellation throws(SealiftError) in
            let made = try addShare(
                NewShare(
                    path.bytes, name: name,
                    members: members.map {
                        NewShare.Member(contact: $0.contact, role: $0.role ?? .viewer)
                    }, terms: grant.terms),
                home: Environment.home, passphrase: PassphraseInput.source(cancellation))
            output.write(
                json
                    ? ShareView.json(made).line + "\n"
                    : "shared: " + ShareView.text(made, style: .ofProcess()))
        }
    }
}

/// `sealift share remove`.
struct ShareRemoveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "End a share for all its members. The files stay.",
        discussion: HelpText.exitStatus)

    @Flag(help: "Write one JSON object to standard output; see docs/SCRIPTING.md.")
    var json = false

    @Argument(help: "The share's name.")
    var share: String

    func run() throws {
        try ContactCommand.run(asJSON: json) { output, cancellation throws(SealiftError) in
            let removed = try removeShare(
                share, home: Environment.home,
                passphrase: PassphraseInput.source(cancellation))
            output.write(
                json
                    ? ShareView.json(removed, event: "share_removed").line + "\n"
                    : "removed: " + ShareView.line(removed.share))
        }
    }
}

extension GrantOptions {
    /// What the options ask for, without a role.
    var terms: GrantTerms {
        GrantTerms(
            paths: paths.isEmpty ? nil : paths.map(\.bytes),
            expires: expires.map { .seconds($0.seconds) }, quota: quota?.bytes,
            needsApproval: approval)
    }
}

internal import ArgumentParser
internal import Sealift
internal import SealiftPeople

/// `sealift share members`.
struct ShareMembersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "members", abstract: "Show a share and everybody who is in it.",
        usage: "sealift share members [<options>] <share>",
        discussion: HelpText.exitStatus)

    @OptionGroup var reach: ReachOptions

    @Flag(help: "Write one JSON object to standard output; see docs/SCRIPTING.md.")
    var json = false

    @Argument(
        help: ArgumentHelp(
            "The share's name; with its owner in front where you are an admin of another's: "
                + "alice/llm-v3.", valueName: "share"),
        transform: ShareArgument.init(argument:))
    var share: ShareArgument

    func validate() throws { try share.check(reach) }

    func run() throws {
        try ContactCommand.run(asJSON: json) { output, cancellation throws(SealiftError) in
            switch share {
            case .own(let name):
                let found = try readShare(name, home: Environment.home)
                output.write(
                    json
                        ? ShareView.json(found).line + "\n"
                        : ShareView.text(found, style: .ofProcess()))
            case .other(let place):
                let found = try readMembers(
                    of: place, reach.reach(cancellation), cancellation: cancellation)
                output.write(
                    json
                        ? ShareView.json(found).line + "\n"
                        : ShareView.text(found, style: .ofProcess()))
            }
        }
    }
}

/// A share and one of its members, and the form of what is shown.
struct MemberArguments: ParsableArguments {
    @OptionGroup var reach: ReachOptions

    @Flag(help: "Write one JSON object to standard output; see docs/SCRIPTING.md.")
    var json = false

    @Argument(
        help: ArgumentHelp(
            "The share's name, or alice/llm-v3 in a share of a contact's.", valueName: "share"),
        transform: ShareArgument.init(argument:))
    var share: ShareArgument

    @Argument(
        help: ArgumentHelp(
            "The contact's name; in another's share also the id of one who is no contact of yours.",
            valueName: "contact"))
    var contact: String

    func validate() throws { try share.check(reach) }
}

/// `sealift share grant`.
struct ShareGrantCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "grant", abstract: "Make a contact a member, or change what a member may do.",
        usage: "sealift share grant [<options>] <share> <contact[:role]>",
        discussion: """
            For somebody who is a member, what is not said stays as it is; to take a limit away, \
            revoke the membership and grant it anew. What a member moved stays counted for good.

            In another's share you give viewers and editors at most what you have yourself: paths, \
            end and quota within your own. Whom you name has to be a contact of its owner too.

            EXAMPLES:
              sealift share grant llm-v3 bob:editor
              sealift share grant llm-v3 ann --path weights --quota 200GB --approval
              sealift share grant alice/llm-v3 bob:viewer --expires 30d

            \(HelpText.exitStatus)
            """)

    @OptionGroup var grant: GrantOptions

    @OptionGroup var reach: ReachOptions

    @Flag(help: "Write one JSON object to standard output; see docs/SCRIPTING.md.")
    var json = false

    @Argument(
        help: ArgumentHelp(
            "The share's name, or alice/llm-v3 in a share of a contact's.", valueName: "share"),
        transform: ShareArgument.init(argument:))
    var share: ShareArgument

    @Argument(
        help: ArgumentHelp(
            "The contact, with a role where it is not a viewer's or not the one before.",
            valueName: "contact[:role]"),
        transform: MemberArgument.init(argument:))
    var member: MemberArgument

    func validate() throws { try share.check(reach) }

    func run() throws {
        var terms = grant.terms
        terms.role = member.role
        let member = member.contact
        try ContactCommand.run(asJSON: json) { [terms] output, cancellation throws(SealiftError) in
            let granted: MemberSummary
            switch share {
            case .own(let name):
                granted = try grantShare(
                    name, to: member, terms, home: Environment.home,
                    passphrase: PassphraseInput.source(cancellation))
            case .other(let place):
                granted = try grantShare(
                    place, to: member, terms, reach.reach(cancellation),
                    cancellation: cancellation)
            }
            output.write(ShareView.said(granted, "granted", asJSON: json))
        }
    }
}

/// `sealift share approve`.
struct ShareApproveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve", abstract: "Say the yes that a membership waits for (--approval).",
        usage: "sealift share approve [<options>] <share> <contact>",
        discussion: HelpText.exitStatus)

    @OptionGroup var member: MemberArguments

    func run() throws {
        try ContactCommand.run(asJSON: member.json) { output, cancellation throws(SealiftError) in
            let approved: MemberSummary
            switch member.share {
            case .own(let name):
                approved = try approveMember(
                    member.contact, of: name, home: Environment.home,
                    passphrase: PassphraseInput.source(cancellation))
            case .other(let place):
                approved = try approveMember(
                    member.contact, of: place, member.reach.reach(cancellation),
                    cancellation: cancellation)
            }
            output.write(ShareView.said(approved, "approved", asJSON: member.json))
        }
    }
}

/// `sealift share revoke`.
struct ShareRevokeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "End a membership; what they have already, they have.",
        usage: "sealift share revoke [<options>] <share> <contact>",
        discussion: HelpText.exitStatus)

    @OptionGroup var member: MemberArguments

    func run() throws {
        try ContactCommand.run(asJSON: member.json) { output, cancellation throws(SealiftError) in
            let revoked: MemberSummary
            switch member.share {
            case .own(let name):
                revoked = try revokeShare(
                    name, from: member.contact, home: Environment.home,
                    passphrase: PassphraseInput.source(cancellation))
            case .other(let place):
                revoked = try revokeShare(
                    place, from: member.contact, member.reach.reach(cancellation),
                    cancellation: cancellation)
            }
            output.write(
                ShareView.said(revoked, "revoked", event: "member_revoked", asJSON: member.json))
        }
    }
}

/// `sealift share leave`.
struct ShareLeaveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "leave", abstract: "End your own membership in a share of a contact's.",
        usage: "sealift share leave [<options>] <contact>/<share>",
        discussion: """
            What you have of it you have. Only its owner or an admin brings you in again.

            EXAMPLES:
              sealift share leave alice/llm-v3

            \(HelpText.exitStatus)
            """)

    @OptionGroup var reach: ReachOptions

    @Flag(help: "Write one JSON object to standard output; see docs/SCRIPTING.md.")
    var json = false

    @Argument(
        help: ArgumentHelp("The share, with its owner in front.", valueName: "contact/share"),
        transform: ShareArgument.init(argument:))
    var share: ShareArgument

    func validate() throws {
        guard case .own = share else { return }
        throw ValidationError(
            "your own share is ended by `sealift share remove`; another's is CONTACT/SHARE")
    }

    func run() throws {
        try ContactCommand.run(asJSON: json) { output, cancellation throws(SealiftError) in
            guard case .other(let place) = share else { return }
            let left = try leaveShare(
                place, reach.reach(cancellation), cancellation: cancellation)
            output.write(
                json
                    ? ShareView.json(left, event: "share_left").line + "\n"
                    : "left: \(ShareView.place(place.contact, place.share ?? ""))\n")
        }
    }
}

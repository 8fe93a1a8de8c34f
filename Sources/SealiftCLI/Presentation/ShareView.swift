internal import Sealift
internal import SealiftBase
internal import SealiftPeople

/// What `sealift share` shows.
enum ShareView {
    /// One line of `share list`.
    static func line(_ share: ShareSummary) -> String {
        padded(share.name, 20) + padded(ByteText.count(UInt64(share.memberCount), "member"), 13)
            + PrintableText.escape(share.path) + "\n"
    }

    /// `share members`.
    static func text(_ details: ShareDetails, style: TerminalStyle) -> String {
        line(details.share)
            + details.members.map { "  " + line($0, style: style) }.joined()
    }

    /// One member.
    static func line(_ member: MemberSummary, style: TerminalStyle) -> String {
        var words = [
            padded(PersonText.name(member.person), 20) + padded(member.role.word, 8)
        ]
        if let mark = PersonText.mark(member.person, style: style) { words.append(mark) }
        if let paths = member.paths {
            let shown = paths.map(\.description) + (member.hasMorePaths ? ["others"] : [])
            words.append("only " + (shown.isEmpty ? "nothing" : shown.joined(separator: ", ")))
        }
        if let quota = member.quota {
            words.append("moved \(ByteText.fraction(member.movedBytes, of: quota))")
        } else if member.movedBytes > 0 {
            words.append("moved \(ByteText.text(member.movedBytes))")
        }
        if let expires = member.expires {
            words.append(
                member.isOver
                    ? style.error("ENDED \(LogView.time(expires))")
                    : "until \(LogView.time(expires))")
        }
        switch member.approval {
        case .notNeeded: break
        case .awaited: words.append(style.warning("WAITS FOR APPROVAL"))
        case .given: words.append("approved")
        }
        return words.joined(separator: "  ") + "\n"
    }

    /// `share members` of somebody else's share.
    static func text(_ shared: SharedMembers, style: TerminalStyle) -> String {
        padded(place(shared.owner, shared.name), 20)
            + padded(ByteText.count(UInt64(shared.members.count), "member"), 13)
            + "you: \(shared.role.word)\n"
            + shared.members.map { "  " + line($0, style: style) }.joined()
    }

    /// A share of somebody else's, as the user names it.
    static func place(_ owner: String, _ share: String) -> String {
        "\(PrintableText.escape(owner))/\(PrintableText.escape(share))"
    }

    /// What a command says of a member that it changed: the object of `event` for a script, else the
    /// member's line behind `word`.
    static func said(
        _ member: MemberSummary, _ word: String, event: String = "member", asJSON: Bool
    ) -> String {
        asJSON
            ? json(member, event: event).line + "\n"
            : "\(word): " + line(member, style: .ofProcess())
    }

    // MARK: Scripts

    /// Somebody else's share with its members.
    static func json(_ shared: SharedMembers) -> JSONText {
        JSONEvents.object(
            "share",
            [
                ("name", .string(PrintableText.escape(shared.name))),
                ("owner", .string(shared.owner)), ("role", .string(shared.role.word)),
                ("member_count", .integer(UInt64(shared.members.count))),
                ("members", .array(shared.members.map { .object(members($0)) })),
            ])
    }

    /// A share, with how many members it has.
    static func json(_ share: ShareSummary) -> JSONText {
        JSONEvents.object("share", members(share))
    }

    /// A share with its members.
    static func json(_ details: ShareDetails, event: String = "share") -> JSONText {
        JSONEvents.object(
            event,
            members(details.share) + [
                ("members", .array(details.members.map { .object(members($0)) }))
            ])
    }

    /// One member.
    static func json(_ member: MemberSummary, event: String = "member") -> JSONText {
        JSONEvents.object(event, members(member))
    }

    private static func members(_ share: ShareSummary) -> [(String, JSONText)] {
        [("name", .string(share.name)), ("id", .string(share.id.description))]
            + JSONEvents.path(share.path) + [
                ("created", .string(LogView.time(share.created))),
                ("member_count", .integer(UInt64(share.memberCount))),
            ]
    }

    private static func members(_ member: MemberSummary) -> [(String, JSONText)] {
        let (approval, approver): (String, JSONText) =
            switch member.approval {
            case .notNeeded: ("not_needed", .null)
            case .awaited: ("awaited", .null)
            case .given(let identity): ("given", .string(identity.value.hexadecimal))
            }
        let paths: JSONText =
            member.paths.map { paths in
                .array(paths.map { .object(JSONEvents.path($0.bytes)) })
            } ?? .null
        return PersonText.members(member.person) + [
            ("self", .bool(member.person.isSelf)),
            ("share", .string(PrintableText.escape(member.share))),
            ("owner", member.owner.map { .string($0) } ?? .null),
            ("role", .string(member.role.word)),
            ("paths", paths), ("more_paths", .bool(member.hasMorePaths)),
            ("expires", PersonText.time(member.expires)),
            ("expired", .bool(member.isOver)),
            ("quota", member.quota.map { .integer($0) } ?? .null),
            ("moved_bytes", .integer(member.movedBytes)), ("approval", .string(approval)),
            ("approved_by", approver),
        ]
    }

    /// A word with what separates it from the next.
    static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }
}

/// People in lists of shares, rules and offers.
enum PersonText {
    /// What the user calls them, or how their identity begins.
    static func name(_ person: PersonSummary) -> String {
        if person.isSelf { return "you" }
        return person.name.map { PrintableText.escape($0) } ?? person.identity.short.text
    }

    /// What has to be said beside the name, and never only by a colour; nil for nothing.
    static func mark(_ person: PersonSummary, style: TerminalStyle) -> String? {
        if person.isSelf { return nil }
        if person.name == nil { return style.warning("NO CONTACT") }
        if person.isBlocked { return style.warning("BLOCKED") }
        return person.isVerified ? nil : style.warning("NOT VERIFIED")
    }

    /// For a script.
    static func members(_ person: PersonSummary) -> [(String, JSONText)] {
        [
            ("contact", person.name.map { .string($0) } ?? .null),
            ("identity", .string(person.identity.value.hexadecimal)),
            ("verified", .bool(person.isVerified)), ("blocked", .bool(person.isBlocked)),
        ]
    }

    /// A time for a script; null for none.
    static func time(_ time: WallTime?) -> JSONText {
        time.map { .string(LogView.time($0)) } ?? .null
    }
}

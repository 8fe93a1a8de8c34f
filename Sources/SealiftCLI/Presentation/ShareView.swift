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
            words.append(
                "only "
                    + (paths.isEmpty ? "nothing" : paths.map(\.description).joined(separator: ", "))
            )
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

    // MARK: Scripts

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
            ("share", .string(member.share)), ("role", .string(member.role.word)),
            ("paths", paths), ("expires", PersonText.time(member.expires)),
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
        person.name.map { PrintableText.escape($0) } ?? person.identity.short.text
    }

    /// What has to be said beside the name, and never only by a colour; nil for nothing.
    static func mark(_ person: PersonSummary, style: TerminalStyle) -> String? {
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

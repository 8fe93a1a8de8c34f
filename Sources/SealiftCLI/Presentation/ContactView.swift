internal import Sealift
internal import SealiftBase
internal import SealiftPeople

/// What `sealift contact` and `sealift pair` show.
enum ContactView {
    /// One line of `contact list`.
    static func line(_ contact: ContactSummary, style: TerminalStyle) -> String {
        let name = contact.name + String(repeating: " ", count: max(1, 20 - contact.name.count))
        return name + standing(contact, style: style) + pairing(contact, style: style)
            + (contact.isBlocked ? ", blocked" : "")
            + "  \(contact.identity.short.text)\n"
    }

    /// `contact show`.
    static func text(_ contact: ContactSummary, style: TerminalStyle) -> String {
        var text =
            style.strong("name") + "      \(contact.name)\n"
            + "standing  \(standing(contact, style: style))\(pairing(contact, style: style))"
            + (contact.isBlocked ? ", blocked: nothing is heard of them" : "") + "\n"
            + "id        \(contact.identity.short.text)\n"
            + "full      \(contact.identity.value.hexadecimal)\n"
        if let added = contact.added { text += "added     \(LogView.time(added))\n" }
        for device in contact.devices { text += "device    \(IdentityView.line(device))\n" }
        return text + "safety number, the same at their end (`sealift contact verify`):\n"
            + number(contact.safetyNumber)
    }

    /// Sixty digits in three lines.
    static func number(_ number: SafetyNumber) -> String {
        stride(from: 0, to: number.groups.count, by: 4).map { start in
            "    "
                + number.groups[start..<min(start + 4, number.groups.count)]
                .joined(separator: " ") + "\n"
        }.joined()
    }

    /// How far the contact was checked: never only by a colour.
    static func standing(_ contact: ContactSummary, style: TerminalStyle) -> String {
        switch contact.verification {
        case .verified(.code): style.good("verified by code")
        case .verified(.invitation): style.good("verified in person")
        case .verified(.safetyNumber): style.good("verified by safety number")
        case .unverified: style.warning("NOT VERIFIED")
        case .mustPairAgain: style.error("RECOVERED: PAIR AGAIN")
        }
    }

    /// After this user recovered: who they are stands, and no key is left.
    private static func pairing(_ contact: ContactSummary, style: TerminalStyle) -> String {
        if case .mustPairAgain = contact.verification { return "" }
        return contact.hasKey ? "" : ", " + style.warning("PAIR AGAIN")
    }

    /// That a contact's devices are others now, loudly after a recovery; `advice` says what to do then.
    static func devicesChanged(
        _ contact: String, isRecovery: Bool, advice: String, style: TerminalStyle
    ) -> String {
        guard isRecovery else { return "\(contact) changed their devices\n" }
        return style.error(
            "\(contact) RECOVERED FROM THEIR WORDS: all their devices before that have ended. "
                + advice) + "\n"
    }

    // MARK: Scripts

    /// A contact.
    static func json(_ contact: ContactSummary, event: String = "contact") -> JSONText {
        JSONEvents.object(event, members(contact))
    }

    /// What came of pairing.
    static func json(_ summary: PairSummary) -> JSONText {
        JSONEvents.object("paired", [("new", .bool(summary.isNew))] + members(summary.contact))
    }

    /// An event of pairing; nil for what scripts do not hear of.
    static func json(_ event: PairEvent) -> JSONText? {
        switch event {
        case .code(let code): JSONEvents.line(.code(text: code))
        case .invitationWritten: JSONEvents.object("invitation_written", [])
        case .connected(let connection): JSONEvents.line(.connected(connection))
        case .devicesChanged(let contact, let isRecovery):
            devicesChanged(contact, isRecovery: isRecovery)
        case .warning(let warning): JSONEvents.line(.warning(warning))
        }
    }

    /// That a contact's devices are others now.
    static func devicesChanged(_ contact: String, isRecovery: Bool) -> JSONText {
        JSONEvents.object(
            "devices_changed", [("contact", .string(contact)), ("recovered", .bool(isRecovery))])
    }

    private static func members(_ contact: ContactSummary) -> [(String, JSONText)] {
        let (isVerified, evidence): (Bool, JSONText) =
            switch contact.verification {
            case .verified(let evidence): (true, .string(word(evidence)))
            case .unverified, .mustPairAgain: (false, .null)
            }
        let hasRecovered = if case .mustPairAgain = contact.verification { true } else { false }
        return [
            ("name", .string(contact.name)), ("verified", .bool(isVerified)),
            ("evidence", evidence), ("must_pair_again", .bool(hasRecovered || !contact.hasKey)),
            ("blocked", .bool(contact.isBlocked)),
            ("id", .string(contact.identity.short.text)),
            ("identity", .string(contact.identity.value.hexadecimal)),
            ("added", contact.added.map { .string(LogView.time($0)) } ?? .null),
            ("devices", IdentityView.devices(contact.devices)),
            ("safety_number", .string(contact.safetyNumber.text)),
        ]
    }

    private static func word(_ evidence: Contact.Evidence) -> String {
        switch evidence {
        case .code: "code"
        case .invitation: "in_person"
        case .safetyNumber: "safety_number"
        }
    }
}

internal import Sealift
internal import SealiftBase

/// What `sealift device` shows.
enum DeviceView {
    /// A device on one line.
    static func line(_ device: OwnDevice, style: TerminalStyle) -> String {
        var text = device.device.fingerprint
        if let name = device.name { text += "  \(name)" }
        text += "  added \(LogView.time(device.added))"
        if device.device.isThis { text += "  this machine" }
        if let ended = device.ended {
            let how = ended.how == .unstated ? "revoked" : ended.how.rawValue
            text += "  " + style.warning("ended \(LogView.time(ended.when)): \(how)")
        }
        return text + "\n"
    }

    /// For a script.
    static func json(_ device: OwnDevice) -> JSONText {
        JSONEvents.object("device", members(device))
    }

    private static func members(_ device: OwnDevice) -> [(String, JSONText)] {
        [
            ("device", .string(device.device.fingerprint)),
            ("name", device.name.map { .string($0) } ?? .null),
            ("this", .bool(device.device.isThis)), ("active", .bool(device.device.isActive)),
            ("added", .string(LogView.time(device.added))),
            ("ended", device.ended.map { .string(LogView.time($0.when)) } ?? .null),
            ("reason", device.ended.map { .string($0.how.rawValue) } ?? .null),
        ]
    }

    /// Who does not know the devices as they are; nothing where everybody does.
    static func unaware(_ contacts: [String], style: TerminalStyle) -> String {
        guard !contacts.isEmpty else { return "" }
        return style.warning("not known yet to") + " " + contacts.joined(separator: ", ")
            + ": they learn of it when this machine next speaks with them\n"
    }

    /// The same for a script.
    static func json(unaware contacts: [String]) -> JSONText {
        JSONEvents.object(
            "devices_known",
            [("unaware", .array(contacts.map { .string($0) }))])
    }

    /// A new device, at the one that brought it.
    static func json(_ summary: LinkSummary) -> JSONText {
        JSONEvents.object(
            "device_added",
            members(summary.device) + [("contacts", .integer(UInt64(summary.contacts)))])
    }

    /// The same at the new one.
    static func json(_ summary: JoinSummary) -> JSONText {
        JSONEvents.object(
            "joined",
            IdentityView.members(summary.identity) + [
                ("contacts", .integer(UInt64(summary.contacts)))
            ])
    }

    /// The same for a person.
    static func text(_ summary: JoinSummary, style: TerminalStyle) -> String {
        IdentityView.text(summary.identity, style: style)
            + "This machine is a device of this identity now, with "
            + ByteText.count(UInt64(summary.contacts), "contact")
            + ". Each takes it once the\nother device has spoken with them: `sealift up` there, or "
            + "`sealift browse CONTACT`.\n"
    }
}

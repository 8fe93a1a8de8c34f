internal import Sealift
internal import SealiftBase
internal import SealiftPeople

/// What `sealift id` shows.
enum IdentityView {
    /// For a person.
    static func text(_ identity: IdentitySummary, style: TerminalStyle) -> String {
        let protection =
            switch identity.protection {
            case .passphrase: "under a passphrase"
            case .fileMode: "kept by file modes alone (--no-passphrase)"
            }
        return style.strong("id") + "        \(identity.id.short.text)\n"
            + "full      \(identity.id.value.hexadecimal)\n"
            + "secrets   \(protection)\n"
            + identity.devices.map { "device    \(line($0))\n" }.joined()
    }

    /// A device on one line.
    static func line(_ device: DeviceSummary) -> String {
        device.fingerprint + (device.isThis ? "  this machine" : "")
            + (device.isActive ? "" : "  ended")
    }

    /// For a script.
    static func json(_ identity: IdentitySummary) -> JSONText {
        JSONEvents.object("identity", members(identity))
    }

    /// What scripts are told of an identity.
    static func members(_ identity: IdentitySummary) -> [(String, JSONText)] {
        [
            ("id", .string(identity.id.short.text)),
            ("identity", .string(identity.id.value.hexadecimal)),
            ("protection", .string(identity.protection.rawValue)),
            ("devices", devices(identity.devices)),
        ]
    }

    /// A list of devices.
    static func devices(_ devices: [DeviceSummary]) -> JSONText {
        .array(
            devices.map { device in
                .object([
                    ("device", .string(device.fingerprint)), ("this", .bool(device.isThis)),
                    ("active", .bool(device.isActive)),
                ])
            })
    }
}

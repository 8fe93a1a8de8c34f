internal import Sealift
internal import SealiftBase

/// What `sealift device` shows.
enum DeviceView {
    /// A device on one line.
    static func line(_ device: OwnDevice, style: TerminalStyle) -> String {
        var text = device.device.fingerprint + "  added \(LogView.time(device.added))"
        if device.device.isThis { text += "  this machine" }
        if let ended = device.ended {
            let how = ended.how == .unstated ? "revoked" : ended.how.rawValue
            text += "  " + style.warning("ended \(LogView.time(ended.when)): \(how)")
        }
        return text + "\n"
    }

    /// For a script.
    static func json(_ device: OwnDevice) -> JSONText {
        JSONEvents.object(
            "device",
            [
                ("device", .string(device.device.fingerprint)),
                ("this", .bool(device.device.isThis)), ("active", .bool(device.device.isActive)),
                ("added", .string(LogView.time(device.added))),
                ("ended", device.ended.map { .string(LogView.time($0.when)) } ?? .null),
                ("reason", device.ended.map { .string($0.how.rawValue) } ?? .null),
            ])
    }
}

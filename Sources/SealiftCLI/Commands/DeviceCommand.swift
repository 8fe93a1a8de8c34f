internal import ArgumentParser
internal import Sealift
internal import SealiftPeople

/// `sealift device`: the machines that speak for the user's identity.
struct DeviceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "device",
        abstract: "Show your devices, add one, and end one that is lost or given up.",
        discussion: """
            A device speaks for your identity until it is revoked, for which the recovery words are \
            needed. Contacts that have seen the revocation refuse it; they learn of it from your other \
            devices.

            EXAMPLES:
              sealift device list
              sealift device add
              sealift device add --join      on the new machine
              sealift device revoke --reason lost 9f3a

            \(HelpText.exitStatus)
            """,
        subcommands: [
            DeviceListCommand.self, DeviceAddCommand.self, DeviceRevokeCommand.self,
        ],
        defaultSubcommand: DeviceListCommand.self)
}

/// `sealift device list`.
struct DeviceListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Show every device, oldest first.",
        discussion: """
            Devices from before the last recovery (`sealift restore`) have all ended, and are not shown.

            \(HelpText.exitStatus)
            """)

    @Flag(help: "Write one JSON object a line to standard output; see docs/SCRIPTING.md.")
    var json = false

    func run() throws {
        try ContactCommand.run(asJSON: json) { output, _ throws(SealiftError) in
            for device in try readDevices(home: Environment.home) {
                output.write(
                    json
                        ? DeviceView.json(device).line + "\n"
                        : DeviceView.line(device, style: .ofProcess()))
            }
            let unaware = try readUnaware(home: Environment.home)
            output.write(
                json
                    ? DeviceView.json(unaware: unaware).line + "\n"
                    : DeviceView.unaware(unaware, style: .ofProcess()))
        }
    }
}

/// `sealift device revoke`.
struct DeviceRevokeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "End a device for good.",
        usage: "sealift device revoke [--reason <reason>] [--words-file <file>] [--json] <device>",
        discussion: """
            The device never speaks for you again, whatever it signs and whatever its clock says. This \
            cannot be undone: a machine that comes back is added as a new device. Change your devices \
            on one machine at a time: two lists that went apart are settled only by `sealift restore`.

            \(HelpText.exitStatus)
            """)

    /// The reasons that contacts may read.
    enum Reason: String, ExpressibleByArgument, CaseIterable {
        case unstated, retired, lost
    }

    @Option(
        help: ArgumentHelp(
            "Why, for contacts to read: unstated, retired or lost (default: unstated).",
            valueName: "reason"))
    var reason = Reason.unstated

    @Option(
        help: ArgumentHelp(
            "Read the recovery words from this file instead of asking.", valueName: "file"))
    var wordsFile: PathArgument?

    @Flag(help: "Write one JSON object to standard output; see docs/SCRIPTING.md.")
    var json = false

    @Argument(help: "The fingerprint of the device, or how it begins.")
    var device: String

    func run() throws {
        try ContactCommand.run(asJSON: json) { output, cancellation throws(SealiftError) in
            _ = try checkRevocation(of: device, home: Environment.home)
            let words = try WordsInput(cancellation: cancellation).read(
                file: wordsFile, purpose: "without which no device is ended")
            let reason: ChainEntry.RevocationReason =
                switch self.reason {
                case .unstated: .unstated
                case .retired: .retired
                case .lost: .lost
                }
            let revoked = try revokeDevice(
                device, reason: reason, words: words, home: Environment.home,
                passphrase: PassphraseInput.source(cancellation))
            output.write(
                json
                    ? DeviceView.json(revoked).line + "\n"
                    : "revoked: " + DeviceView.line(revoked, style: .ofProcess()))
        }
    }
}

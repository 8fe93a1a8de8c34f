internal import ArgumentParser
internal import Sealift

/// `sealift send`: offers files, prints the ticket, and serves its receiver.
struct SendCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send",
        abstract: "Send files and folders to whoever holds the ticket that this prints.",
        usage: "sealift send [<options>] <path> ...",
        discussion: """
            Standard output is exactly one line, the ticket; everything else goes to standard error. \
            The first receiver that accepts owns the ticket; if it is interrupted it may come back. \
            The command ends by itself when the receiver has confirmed the whole.

            EXAMPLES:
              sealift send model/ notes.txt
              sealift send --ticket-file t model/            run again: the same ticket
              sealift send --rate 200mbit --background model/   in nobody's way
              sealift send --listen 192.0.2.7:4000 model/    one address, one port
              SEALIFT_RENDEZVOUS=wss://rv.example.org sealift send model/   shows a code too
              sealift send --listen 0.0.0.0:4000 --advertise 198.51.100.2:4000 model/
              sealift send --keep --confirm model/           many receivers, each asked for
              sealift send model/ --to bob                   to a contact: no ticket, no code
              sealift send run-12/ --to alice/llm-v3/runs    into a folder of her share, as an editor
              sealift send --interface wg0 --no-signaling model/   inside a VPN, no server

            \(HelpText.exitStatus)
            """)

    @Option(
        help: ArgumentHelp(
            "Keep the ticket in this file (0600), so that a later run for the same paths serves it again.",
            valueName: "file"))
    var ticketFile: PathArgument?

    @OptionGroup var listening: ListeningOptions

    @Option(
        help: ArgumentHelp(
            "How long the ticket may be claimed, such as 30m, 24h or 7d (default: 24h).",
            valueName: "time"),
        transform: DurationArgument.init(argument:))
    var expires: DurationArgument?

    @Option(
        help: ArgumentHelp(
            "Give up when no receiver came within this time (default: wait as long as the ticket lasts).",
            valueName: "time"),
        transform: DurationArgument.init(argument:))
    var wait: DurationArgument?

    @Option(
        help: ArgumentHelp(
            """
            Offer it to this contact, who accepts by hand (`sealift inbox`) or by a rule; nobody is \
            shown a ticket. With a share of theirs, and a folder in it: put it there, where you are an \
            editor or admin.
            """, valueName: "contact[/share[/folder]]"))
    var to: String?

    @Option(
        help: ArgumentHelp(
            "With --to: dial the contact here too, repeatable.", valueName: "addr:port"),
        transform: AddressArgument.init(argument:))
    var address: [AddressArgument] = []

    @Flag(help: "Serve every receiver that comes, until Ctrl-C; the ticket is for many.")
    var keep = false

    @Flag(help: "Ask for each receiver, by its device's fingerprint, before it sees anything.")
    var confirm = false

    @Option(
        help: ArgumentHelp(
            "Write what was delivered to this file, for `sealift verify`.", valueName: "file"))
    var manifest: PathArgument?

    @OptionGroup var traffic: TrafficOptions

    @OptionGroup var network: NetworkOptions

    @Flag(
        help: "Write the code to standard output instead of the ticket; needs SEALIFT_RENDEZVOUS.")
    var code = false

    @Flag(help: "Write one JSON object a line to standard output; see docs/SCRIPTING.md.")
    var json = false

    @Argument(help: "The files and folders to send; each arrives under its own name.")
    var paths: [PathArgument]

    func validate() throws {
        try listening.check(against: network)
        guard !code || !network.noSignaling else {
            throw ValidationError("--code and --no-signaling contradict each other")
        }
        guard to == nil || !(keep || confirm || code || ticketFile != nil) else {
            throw ValidationError(
                "--to names who may have it: leave out --keep, --confirm, --code and --ticket-file")
        }
        guard to != nil || address.isEmpty else {
            throw ValidationError("--address says where the contact of --to is")
        }
        guard !keep || manifest == nil else {
            throw ValidationError(
                "--keep and --manifest contradict each other: each receiver may take another part")
        }
        let hasPerson = StandardStream.input.isTerminal && StandardStream.error.isTerminal
        guard !confirm || hasPerson else {
            throw ValidationError(
                "--confirm needs somebody to ask: standard input and error are not both a terminal")
        }
    }

    func run() throws {
        var options = try options()
        let run = TransferRun(asJSON: json)
        options.passphrase = PassphraseInput.source(run.cancellation)
        try run.run(question: .accept, result: code ? .code : .ticket) {
            [options] observer, cancellation throws(SealiftError) in
            if let to {
                return try runSend(
                    options, to: SharePath(to), reach(options), observer: observer,
                    cancellation: cancellation)
            }
            return try runSend(options, observer: observer, cancellation: cancellation)
        }
    }

    /// How the contact is reached: as the receiver will reach us.
    private func reach(_ options: SendOptions) -> ContactReach {
        var reach = ContactReach()
        reach.addresses = address.map(\.address)
        reach.rendezvous = options.rendezvous
        reach.stun = options.stun
        reach.network = options.network
        reach.relay = options.relay
        reach.home = options.home
        return reach
    }

    private func options() throws(SealiftError) -> SendOptions {
        let sources = paths.map(\.bytes)
        try SourceNames.check(sources)
        let rendezvous = try Environment.rendezvous()
        guard !code || !rendezvous.isEmpty else {
            throw SealiftError(
                .usage, "--code needs a rendezvous server, and none is named",
                advice: "Set SEALIFT_RENDEZVOUS, such as wss://rv.example.org:7440#sha256=…")
        }
        return SendOptions(
            paths: sources, listen: listening.listen.map(\.address),
            advertise: listening.advertise.map(\.address),
            expires: expires.map { .seconds($0.seconds) } ?? SendOptions.defaultExpiry,
            wait: wait.map { .seconds($0.seconds) }, ticketFile: ticketFile?.bytes,
            audience: keep ? .manyReceivers : .oneReceiver,
            admission: confirm ? .asked : .everybody, manifest: manifest?.bytes,
            traffic: traffic.policy, rendezvous: rendezvous, stun: try network.servers(),
            network: network.policy, relay: try network.relayAccess(meetingAt: rendezvous),
            home: Environment.home)
    }
}

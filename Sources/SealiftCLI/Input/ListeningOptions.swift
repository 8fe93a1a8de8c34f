internal import ArgumentParser
internal import Sealift

/// The options of a command that waits for others: where it listens, and where it says it can be reached.
struct ListeningOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Listen here, repeatable (default: 0.0.0.0:0 and [::]:0; port 0 takes a free one).",
            valueName: "addr:port"),
        transform: AddressArgument.init(argument:))
    var listen: [AddressArgument] = []

    @Option(
        help: ArgumentHelp(
            "Put this address into the ticket instead of those of this machine, repeatable.",
            valueName: "addr:port"),
        transform: AddressArgument.init(argument:))
    var advertise: [AddressArgument] = []

    /// Whether none of the options was given.
    var isUnused: Bool { listen.isEmpty && advertise.isEmpty }

    func validate() throws {
        guard !advertise.contains(where: { $0.address.port == 0 }) else {
            throw ValidationError("--advertise needs a real port: nobody can reach port 0")
        }
    }

    /// - Throws: what contradicts each other.
    func check(against network: NetworkOptions) throws {
        guard listen.isEmpty || network.bind.isEmpty else {
            throw ValidationError("--listen names addresses already: leave out --bind")
        }
    }
}

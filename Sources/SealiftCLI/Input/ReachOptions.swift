internal import ArgumentParser
internal import Sealift

/// The options of a command that goes to a contact.
struct ReachOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            Dial the contact here too, repeatable; needed only where neither the local network nor a \
            server (SEALIFT_RENDEZVOUS) leads to them.
            """, valueName: "addr:port"),
        transform: AddressArgument.init(argument:))
    var address: [AddressArgument] = []

    @OptionGroup var network: NetworkOptions

    func validate() throws {
        guard !address.contains(where: { $0.address.port == 0 }) else {
            throw ValidationError("--address needs a real port: nobody can be reached at port 0")
        }
    }

    /// What the options and the environment ask for.
    func reach(_ cancellation: Cancellation) throws(SealiftError) -> ContactReach {
        var reach = ContactReach()
        reach.addresses = address.map(\.address)
        reach.rendezvous = network.noSignaling ? [] : try Environment.rendezvous()
        reach.stun = try network.servers()
        reach.network = network.policy
        reach.relay = try network.relayAccess(meetingAt: reach.rendezvous)
        reach.home = Environment.home
        reach.passphrase = PassphraseInput.source(cancellation)
        return reach
    }
}

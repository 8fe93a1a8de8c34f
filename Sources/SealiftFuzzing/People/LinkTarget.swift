import SealiftBase
import SealiftCrypto
import SealiftPeople
import SealiftTestSupport

extension FuzzTarget {
    /// What the other end says in the session in which a machine becomes a device, however it arrives, and what
    /// a device gives to a new one.
    ///
    /// Messages are read again as they are written; whatever is said, nobody is asked about a device that is not
    /// at the other end, and nothing is stored but a chain that has both devices.
    static let link = FuzzTarget(
        "link", maximumLength: 32_768,
        seeds: { LinkRun.seeds }
    ) { input throws(BrokenRule) in
        let isHost = input.choice(2) == 0
        let step = 1 + input.choice(64) * 64
        let stream = input.rest()
        try LinkRun.demandStable(stream)
        var session = LinkRun.session(isHost: isHost)
        for start in stride(from: 0, to: stream.count, by: step) {
            session.receive(Array(stream[start..<min(start + step, stream.count)]))
            while let action = session.pollAction() {
                switch action {
                case .met:
                    try demand(!isHost, "the device that is there met itself")
                    session.consent(LinkRun.consent, suggestion: nil)
                case .asked(let guest):
                    try demand(
                        isHost && guest.certificate.device == LinkRun.laptop.publicKeys.id,
                        "somebody was asked about a device that is not there")
                    session.give(LinkRun.bundle)
                case .store(let gift):
                    try demand(
                        !isHost && gift.devices.isActive(LinkRun.laptop.publicKeys.id)
                            && gift.devices.isActive(LinkRun.desktop.publicKeys.id),
                        "a chain was stored that does not have both devices")
                    session.didStore()
                case .send, .finished, .failed: break
                }
            }
        }
    }
}

private enum LinkRun {
    static let desktop = device(1)
    static let laptop = device(2)
    private static let time = WallTime(secondsSince1970: 1_795_000_000)

    private static func device(_ seed: UInt64) -> DeviceKeyPair {
        var entropy = SeededEntropy(seed: seed)
        return DeviceKeyPair.generate(entropy: &entropy)
    }

    private static func root(_ byte: UInt8) -> HybridSigningKey {
        guard
            let root = HybridSigningKey(
                seed: SecretBytes(copying: [UInt8](repeating: byte, count: 32)))
        else { preconditionFailure("a seed makes a root") }
        return root
    }

    static let consent: DeviceCertificate = {
        guard
            let certificate = DeviceCertificate(
                consentOf: laptop, to: IdentityID(of: root(11).publicKey), generation: 0)
        else { preconditionFailure("a device consents") }
        return certificate
    }()

    private static let chains: (before: DeviceChain, after: DeviceChain) = {
        guard var author = try? ChainAuthor(beginning: root(11), with: desktop, time: time) else {
            preconditionFailure("keys of a seed begin a chain")
        }
        let before = author.chain
        guard (try? author.add(consent, time: time)) != nil else {
            preconditionFailure("a device is added")
        }
        return (before, author.chain)
    }()

    static let bundle: [UInt8] = {
        let friend = device(3)
        guard let author = try? ChainAuthor(beginning: root(12), with: friend, time: time),
            let view = try? ChainView(
                verifying: author.chain, of: author.chain.entries[0].identity),
            let name = try? ContactName("bob"),
            let bytes = LinkBundle(
                chain: chains.after, names: [laptop.publicKeys.id: name],
                contacts: [
                    LinkBundle.KnownContact(
                        contact: Contact(name: name, devices: view, verification: .verified(.code)),
                        chain: author.chain, reachable: [friend.publicKeys.id])
                ]
            ).encoded
        else { preconditionFailure("a bundle is joined") }
        return bytes
    }()

    private static let pair: SessionPair = {
        guard
            let pair = try? SessionPair(
                seed: 5, dialing: laptop, waiting: desktop, role: .deviceLink)
        else { preconditionFailure("two devices have a session") }
        return pair
    }()

    private static func fresh(isHost: Bool) -> LinkSession {
        isHost
            ? LinkSession(pair.responder, of: desktop.publicKeys.id, showing: chains.before)
            : LinkSession(pair.initiator, of: laptop.publicKeys.id, expecting: nil)
    }

    static func session(isHost: Bool) -> LinkSession {
        var session = fresh(isHost: isHost)
        while session.pollAction() != nil {}
        return session
    }

    /// What an honest end says, for either side.
    static let seeds: [[UInt8]] = {
        var host = fresh(isHost: true)
        let shown = drain(&host)
        let said = LinkMessage.consent(consent, suggestion: Array("laptop".utf8)).encoded
        host.receive(said)
        _ = drain(&host)
        host.give(bundle)
        let given = drain(&host)
        return [(false, shown), (false, shown + given), (true, said + LinkMessage.stored.encoded)]
            .map { isHost, stream in
                seed {
                    $0.write(UInt8(isHost ? 0 : 1))
                    $0.write(UInt8(40))
                    $0.write(stream)
                }
            }
    }()

    private static func drain(_ session: inout LinkSession) -> [UInt8] {
        var sent: [UInt8] = []
        while let action = session.pollAction() {
            if case .send(let bytes) = action { sent += bytes }
        }
        return sent
    }

    /// Messages that were read are written and read again as themselves.
    static func demandStable(_ stream: [UInt8]) throws(BrokenRule) {
        var unread = stream
        while let message = try? LinkMessage.cut(from: &unread) {
            var again = message.encoded
            let read = try? LinkMessage.cut(from: &again)
            try demand(read == message && again.isEmpty, "a message is not read as it is written")
        }
    }
}

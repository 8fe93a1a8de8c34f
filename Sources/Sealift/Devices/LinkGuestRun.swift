import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftPeople
import SealiftStore
import SealiftTransfer
import SealiftTransport

/// Refuses, before anybody is asked for anything, to join where an identity lives.
public func checkJoin(home: [UInt8]?) throws(SealiftError) {
    guard try StateHome(home).identity() == nil else { throw .identityIsHere }
}

/// Meets a device of the user, and makes this machine a further one.
///
/// Blocks; call it from a thread that may.
/// - Parameters:
///   - options: dials; ``PairOptions/suggestion`` is what this machine calls itself.
///   - passphrase: keeps the secrets of this machine from now on; nil leaves that to the modes of folder and
///     file.
/// - Throws: why this machine is no device of anybody's; nothing changed then.
public func runLinkGuest(
    _ options: PairOptions, passphrase: Passphrase?, observer: any LinkObserver,
    cancellation: Cancellation
) throws(SealiftError) -> JoinSummary {
    try options.network.check()
    try options.relay?.check(options.network)
    try checkJoin(home: options.home)
    guard let target = try options.target(for: .device, cancellation) else {
        throw SealiftError(.usage, "the new machine dials", advice: "Give it the code or the file.")
    }
    let home = try StateHome(options.home, passphrase: options.passphrase)
    return try LinkGuestRun(
        options, target, home, passphrase, observer: observer, cancellation: cancellation
    ).run()
}

/// The run at the new machine.
final class LinkGuestRun: MeetingRun<LinkEndpoint> {
    private let observer: any LinkObserver
    private let home: StateHome
    private let passphrase: Passphrase?
    private var summary: JoinSummary?

    init(
        _ options: PairOptions, _ target: PairTarget, _ home: StateHome,
        _ passphrase: Passphrase?, observer: any LinkObserver, cancellation: Cancellation
    ) throws(SealiftError) {
        self.observer = observer
        self.home = home
        self.passphrase = passphrase
        let waker: Waker
        do throws(SystemError) { waker = try Waker() } catch {
            throw SealiftError(listening: error)
        }
        let device = try home.device()
        let own = device.publicKeys.id
        try super.init(
            dialing: target, options, for: .device, device: device, waker: waker,
            observer: observer, cancellation: cancellation
        ) { dial throws(HandshakeError) in
            try LinkEndpoint(
                dialing: dial.paths, groups: dial.groups, of: own, expecting: target.identity,
                configuration: dial.configuration, contactTimeout: dial.contactTimeout,
                now: dial.now, beginHandshake: dial.beginHandshake)
        }
    }

    func run() throws(SealiftError) -> JoinSummary {
        let loopFailure = runToEnd()
        // Everything is here, whatever the other end heard of it.
        if let summary { return summary }
        throw loopFailure ?? failure
            ?? SealiftError(.internalFailure, "the run ended without a result", advice: "")
    }

    private static let words = MeetingWords(
        declined: "Nothing was stored. Look at what it says there, then run it again.",
        notStored: "Nothing was stored here. Look at what it says there, then run it again.",
        lost: "Nothing was stored here. Run it again at both ends.")

    override func settle(now: Instant) {
        endpoint.process(now: now)
        while let event = endpoint.pollEvent() {
            switch event {
            case .connected(let peer, let path): tellConnected(peer, path)
            case .met(let host): consent(to: host, now: now)
            case .asked: break
            case .store(let gift): store(gift, now: now)
            case .finished: break
            case .failed(let refusal): failure = failure ?? SealiftError(link: refusal)
            case .ended(let ending):
                if failure == nil, summary == nil {
                    failure = error(of: ending, Self.words, now: now)
                }
                stop()
            }
            endpoint.process(now: now)
        }
    }

    /// Who typed the code, or has the file, wants to join whoever waits with it.
    private func consent(to host: LinkSession.Host, now: Instant) {
        guard
            let certificate = DeviceCertificate(
                consentOf: device, to: host.identity,
                generation: host.devices.head.position.generation)
        else {
            return end(
                SealiftError(
                    .internalFailure, "the consent could not be signed",
                    advice: "Run the same command again."), .interrupted, now: now)
        }
        observer.joining(host.identity, askedAt: host.device.fingerprint.description)
        endpoint.consent(certificate, suggestion: options.suggestion)
    }

    private func store(_ gift: LinkSession.Gift, now: Instant) {
        do throws(SealiftError) {
            let isNew: Bool
            do throws(StoreFailure) {
                isNew = try AuditLog(Store(in: home.folder), of: device).join(
                    gift, with: device, passphrase.map { .passphrase($0.secret) } ?? .fileMode)
            } catch {
                throw SealiftError(log: error)
            }
            guard isNew, let identity = try home.identity() else { throw .identityIsHere }
            try home.moveToVault(device)
            summary = JoinSummary(
                identity: try home.summary(of: identity), contacts: gift.bundle.contacts.count)
        } catch {
            return end(error, .storage, now: now)
        }
        endpoint.didStore()
    }
}

extension PairOptions {
    /// What the user wants to call a device; nil where he did not say.
    func deviceName() throws(SealiftError) -> ContactName? {
        guard let name else { return nil }
        do throws(ContactNameError) { return try ContactName(name) } catch {
            throw SealiftError(name: error)
        }
    }
}

extension SealiftError {
    /// An identity lives where a machine was to join another.
    static var identityIsHere: SealiftError {
        SealiftError(
            .identityConflict, "there is an identity on this machine already",
            advice: "Nothing was changed. Join with an empty folder: name one by SEALIFT_HOME. A "
                + "machine that joined already needs nothing more; `sealift id` shows it.")
    }

    /// The other end showed what nobody takes.
    init(link failure: LinkFailure) {
        switch failure {
        case .violation:
            self.init(
                .protocolViolation, "the other end broke the protocol",
                advice: "Check that both ends run a released sealift.")
        case .unexpectedIdentity(let expected, let offered):
            self.init(
                .introductionRefused,
                "the file names the identity \(expected.short.text), and \(offered.short.text) answered",
                advice: "Nothing was stored. Make a new file by `sealift device add --export`.")
        case .chain(let error):
            self.init(
                .introductionRefused, "the list of devices that the other end shows is refused",
                advice: "Nothing was stored. Run it again at both ends.", cause: "\(error)")
        case .deviceNotTheirs:
            self.init(
                .introductionRefused,
                "the device at the other end does not speak for the identity that it shows",
                advice: "Nothing was stored. Run `sealift device add` on a device that does.")
        case .endedDevice:
            self.init(
                .identityConflict,
                "this machine was a device of this identity, and was ended: its keys never come back",
                advice: "Join with an empty folder as SEALIFT_HOME: then it is a new device.")
        }
    }
}

import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftPeople
import SealiftStore
import SealiftTransfer

/// Meets the other end, and makes its user a contact.
///
/// Blocks; call it from a thread that may.
/// - Throws: why nobody became a contact; or, with `connection_lost`, that the contact is stored here and
///   may not be at the other end.
public func runPair(
    _ options: PairOptions, observer: any PairObserver, cancellation: Cancellation
) throws(SealiftError) -> PairSummary {
    try options.network.check()
    try options.relay?.check(options.network)
    let home = try StateHome(options.home, passphrase: options.passphrase)
    let own = try home.requireIdentity()
    if let name = options.name {
        do throws(ContactNameError) { _ = try ContactName(name) } catch {
            throw SealiftError(name: error)
        }
    }
    let target = try options.target(for: .contact, cancellation)
    let access = try home.access()
    guard own.devices.isActive(access.device.publicKeys.id) else {
        throw SealiftError(
            .identityConflict, "this device does not speak for the identity any more",
            advice: "Pair from another device of yours.")
    }
    let state: PairRun.State
    do throws(StoreFailure) {
        let store = try Store(in: home.folder)
        state = PairRun.State(
            own: own, access: access, store: store,
            log: try AuditLog(store, of: access.device))
    } catch {
        throw SealiftError(log: error)
    }
    return try PairRun(
        options, target, state, observer: observer, cancellation: cancellation
    ).run()
}

/// A run in which two people become contacts.
final class PairRun: MeetingRun<PairingEndpoint> {
    /// What of this machine's state it needs.
    struct State {
        let own: OwnIdentity
        let access: DeviceAccess
        let store: Store
        let log: AuditLog
    }

    let observer: any PairObserver
    let store: Store
    let log: AuditLog
    let access: DeviceAccess
    let own: OwnIdentity
    var introduction: PairingSession.Introduction?
    var name: ContactName?
    let answers: NameBox
    var summary: PairSummary?
    var isMutual = false

    init(
        _ options: PairOptions, _ target: PairTarget?, _ state: State,
        observer: any PairObserver, cancellation: Cancellation
    ) throws(SealiftError) {
        self.observer = observer
        (own, access, store, log) = (state.own, state.access, state.store, state.log)
        let waker: Waker
        do throws(SystemError) { waker = try Waker() } catch {
            throw SealiftError(listening: error)
        }
        answers = NameBox(waker)
        var profile = PairingEndpoint.Profile(
            chain: state.own.chain, suggestion: options.suggestion)
        profile.expected = target?.identity
        let shown = profile
        if let target {
            try super.init(
                dialing: target, options, for: .contact, device: state.access.device,
                waker: waker, observer: observer, cancellation: cancellation
            ) { dial throws(HandshakeError) in
                try PairingEndpoint(
                    dialing: dial.paths, groups: dial.groups, as: shown,
                    configuration: dial.configuration, contactTimeout: dial.contactTimeout,
                    now: dial.now, beginHandshake: dial.beginHandshake)
            }
        } else {
            try super.init(
                waiting: options, for: .contact, identity: state.own.id,
                device: state.access.device, waker: waker, observer: observer,
                cancellation: cancellation
            ) { responder, configuration in
                PairingEndpoint(waiting: responder, as: shown, configuration: configuration)
            }
        }
    }

    func run() throws(SealiftError) -> PairSummary {
        let loopFailure = runToEnd()
        // Nobody needs the answer any more: wake whoever thinks about it.
        if question != nil, name == nil { cancellation.request() }
        question?.join()
        if let error = loopFailure ?? failure, summary == nil { throw error }
        guard let summary else {
            throw SealiftError(.internalFailure, "the run ended without a result", advice: "")
        }
        guard isMutual else {
            throw SealiftError(
                .connectionLost,
                "\(summary.contact.name) is stored here, but whether you are at the other end is "
                    + "not known: the connection was lost",
                advice: "If they do not list you, pair again at both ends: that mends it.")
        }
        return summary
    }

    private static let words = MeetingWords(
        declined: "Nothing was stored. Ask them, then pair again.",
        notStored: "Nothing was stored here. Have them look at it, then pair again.",
        lost: "Nothing was stored. Pair again at both ends.")

    override func takeAnswers(now: Instant) { takeName(now: now) }

    override func settle(now: Instant) {
        endpoint.process(now: now)
        while let event = endpoint.pollEvent() {
            switch event {
            case .connected(let peer, let path): tellConnected(peer, path)
            case .introduced(let introduction): meet(introduction, now: now)
            case .store: storeContact(now: now)
            case .finished: confirm()
            case .failed(let refusal): failure = failure ?? SealiftError(pairing: refusal)
            case .ended(let ending):
                if failure == nil, summary == nil {
                    failure = error(of: ending, Self.words, now: now)
                }
                stop()
            }
            endpoint.process(now: now)
        }
    }
}

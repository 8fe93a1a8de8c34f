import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftPeople
import SealiftStore
import SealiftTransfer
import SealiftTransport
import SealiftTraversal

/// Meets the other end, and makes its user a contact.
///
/// Blocks; call it from a thread that may.
/// - Throws: why nobody became a contact; or, with `connection_lost`, that the contact is stored here and
///   may not be at the other end.
public func runPair(
    _ options: PairOptions, observer: any PairObserver, cancellation: Cancellation
) throws(SealiftError) -> PairSummary {
    try PairRun(options, observer: observer, cancellation: cancellation).run()
}

/// The socket thread's loop around a ``PairingEndpoint``.
final class PairRun {
    /// How long farewells are sent once the run is over.
    private static let farewellTime = Duration.milliseconds(300)
    /// How long who agreed on a code has to dial: its own time to dial, and a little more.
    private static let dialTime = Duration.seconds(40)

    let options: PairOptions
    let observer: any PairObserver
    private let cancellation: Cancellation
    private let waker: Waker
    private let pump: DatagramPump
    private let finder: PathFinder
    private let lan: LanListener?
    private let codes: CodeDesk?
    let store: Store
    let log: AuditLog
    let access: DeviceAccess
    let own: OwnIdentity
    /// The invitation's file, taken back where nobody used it.
    private let invitation: [UInt8]?
    var endpoint: PairingEndpoint
    private let pathCount: Int
    /// When waiting for the other end is over.
    private var patience: Instant
    var introduction: PairingSession.Introduction?
    var name: ContactName?
    let answers: NameBox
    var question: NamedThread?
    var summary: PairSummary?
    var isMutual = false
    var failure: SealiftError?
    private var isOver = false
    private var farewell: Instant?

    init(
        _ options: PairOptions, observer: any PairObserver, cancellation: Cancellation
    ) throws(SealiftError) {
        self.options = options
        self.observer = observer
        self.cancellation = cancellation
        try options.network.check()
        try options.relay?.check(options.network)
        let home = try StateHome(options.home, passphrase: options.passphrase)
        own = try home.requireIdentity()
        if let name = options.name { try Self.check(name) }
        let target = try options.target(cancellation)
        access = try home.access()
        guard own.devices.isActive(access.device.publicKeys.id) else {
            throw SealiftError(
                .identityConflict, "this device does not speak for the identity any more",
                advice: "Pair from another device of yours.")
        }
        do throws(StoreFailure) {
            store = try Store(in: home.folder)
            log = try AuditLog(store, of: access.device)
        } catch {
            throw SealiftError(log: error)
        }
        let device = access.device
        do throws(SystemError) {
            let waker = try Waker()
            self.waker = waker
            answers = NameBox(waker)
            cancellation.whenRequested { waker.wake() }
            let listen = options.listen.compactMap {
                SocketAddress(bytes: $0.bytes, port: $0.port)
            }
            pump = DatagramPump(
                sockets: try options.network.openSockets(listen: listen), waker: waker,
                policy: options.network)
            finder = try PathFinder(
                pump, role: options.isWaiting ? .callee : .caller, device: device.publicKeys.id,
                policy: options.network, stun: options.stun,
                rendezvous: options.contactedServers, relay: options.contactedRelay, waker: waker)
        } catch {
            throw SealiftError(listening: error)
        }
        let now = MonotonicClock.now()
        patience = now + (options.wait ?? PairOptions.defaultWait)
        var profile = PairingEndpoint.Profile(chain: own.chain, suggestion: options.suggestion)
        profile.expected = target?.identity
        let configuration = try ConnectionConfiguration.forMeasuring(TrafficPolicy())
        if let target {
            let paths = target.addresses
                .compactMap { SocketAddress(bytes: $0.bytes, port: $0.port) }
                .compactMap(pump.path(to:))
            pathCount = paths.count
            (lan, codes, invitation) = (nil, nil, nil)
            guard !paths.isEmpty || !pump.groupPaths.isEmpty || !options.contactedServers.isEmpty
            else { throw .noAddressMayBeDialled }
            do throws(HandshakeError) {
                endpoint = try PairingEndpoint(
                    dialing: paths, groups: pump.groupPaths, as: profile,
                    configuration: configuration, contactTimeout: options.connectTimeout, now: now
                ) { () throws(HandshakeError) in
                    var entropy = SealiftCrypto.SystemEntropy()
                    return try HandshakeInitiator(
                        psk: target.secret, role: .introduction, local: device,
                        expectedPeer: target.device, entropy: &entropy)
                }
            } catch {
                throw SealiftError(.handshakeFailed(error), waited: .zero)
            }
            do throws(SystemError) {
                try finder.call(target.secret, from: now + .milliseconds(300))
            } catch {
                throw SealiftError(.internalFailure, error)
            }
            return
        }
        pathCount = 0
        endpoint = PairingEndpoint(
            waiting: HandshakeResponder(local: device, entropy: SealiftCrypto.SystemEntropy()),
            as: profile, configuration: configuration)
        let addresses =
            options.advertise.isEmpty
            ? try options.network.ticketAddresses(
                of: pump.sockets, reflexive: finder.settledReflexive(cancellation))
            : options.advertise.compactMap { PeerAddress(bytes: $0.bytes, port: $0.port) }
        let expires = SystemWallClock.now().adding(
            seconds: (options.wait ?? PairOptions.defaultWait).components.seconds)
        var entropy = SealiftCrypto.SystemEntropy()
        let secret = PreSharedKey.generate(entropy: &entropy)
        guard
            let invited = Invitation(
                identity: own.id, device: device.publicKeys.id.fingerprint, secret: secret,
                expires: expires, addresses: addresses)
        else {
            throw SealiftError(
                .usage, "too many addresses, or none",
                advice: "Name between one and 16 addresses by --listen or --advertise.")
        }
        do throws(SystemError) {
            lan =
                pump.sockets.allSatisfy(\.localAddress.isLoopback)
                ? nil : try LanListener(options.network, notify: waker)
            if case .exportInvitation(let file) = options.way {
                codes = nil
                invitation = file
                endpoint.accept(secret)
                try finder.awaitCalls(secret)
            } else {
                invitation = nil
                codes = try CodeDesk(
                    servers: options.contactedServers, meeting: Meeting(invited),
                    purpose: .contact, audience: .oneReceiver, waker: waker)
            }
        } catch {
            throw SealiftError(.internalFailure, error)
        }
        if let invitation {
            do throws(SystemError) { try TicketFile.create(invitation, invited.text + "\n") } catch
            {
                throw SealiftError(StorageFailure(error), doing: .send)
            }
        }
    }

    private static func check(_ name: String) throws(SealiftError) {
        do throws(ContactNameError) { _ = try ContactName(name) } catch {
            throw SealiftError(name: error)
        }
    }

    // MARK: The loop

    func run() throws(SealiftError) -> PairSummary {
        NamedThread.sharpenTimers()
        if invitation != nil { observer.handle(.invitationWritten) }
        let loopFailure = loop()
        finder.finish()
        lan?.finish()
        codes?.finish()
        // Nobody needs the answer any more: wake whoever thinks about it.
        if question != nil, name == nil { cancellation.request() }
        question?.join()
        if let invitation { Self.remove(invitation) }
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

    /// What was used opens nothing any more; it need not lie about.
    private static func remove(_ file: [UInt8]) {
        guard let (directory, name) = try? TicketFile.place(of: file) else { return }
        try? directory.unlink(name)
    }

    private func loop() -> SealiftError? {
        while !isOver {
            let now = MonotonicClock.now()
            let isMoreIn = pump.receive { datagram, path, ecn in
                if PathFinder.concerns(datagram) {
                    return finder.receive(datagram, on: path, now: now)
                }
                endpoint.receive(datagram, on: path, ecn: ecn, now: now)
            }
            finder.advance(now: now)
            takeFindings(now: now)
            takeCodes(now: now)
            takeAnswers(now: now)
            if let due = endpoint.nextTimeout, due <= now { endpoint.handleTimeout(now: now) }
            settle(now: now)
            judgeEnd(now: now)
            let isMoreOut = pump.transmit {
                endpoint.pollTransmit(into: $0, now: now)
            } refused: {
                endpoint.sendFailed($0, $1, now: now)
            }
            if isOver { break }
            do throws(SystemError) {
                try pump.wait(until: isMoreIn || isMoreOut ? now : deadline)
            } catch {
                return SealiftError(.internalFailure, error)
            }
        }
        return nil
    }

    private var deadline: Instant {
        var deadline = farewell ?? .distantFuture
        if !endpoint.hasSession { deadline = min(deadline, patience) }
        for timeout in [endpoint.nextTimeout, finder.nextTimeout] {
            deadline = min(deadline, timeout ?? .distantFuture)
        }
        return deadline
    }

    private func takeFindings(now: Instant) {
        while let arrival = lan?.takeArrival() {
            guard let path = pump.answerPath(to: arrival.source) else { continue }
            arrival.datagram.withUnsafeBytes {
                endpoint.receive($0, on: path, ecn: .notCapable, now: now)
            }
        }
        while let words = finder.takeRelayTrouble() { warn(words) }
        while let path = finder.takePath() { endpoint.addPath(path, now: now) }
        while let failure = finder.takeFailure() {
            guard options.isWaiting, !endpoint.hasSession else { continue }
            observer.handle(.warning(TransferWarning(failedCall: failure)))
        }
    }

    private func takeCodes(now: Instant) {
        while let event = codes?.takeEvent() {
            switch event {
            case .code(let code): observer.handle(.code(code.text))
            case .agreed(let key):
                endpoint.accept(key)
                try? finder.awaitCalls(key)
                patience = now + Self.dialTime
            case .trouble(let words): warn(words)
            case .exhausted(let words):
                end(
                    SealiftError(
                        .codeWrong, words,
                        advice: "Somebody is guessing, or the other end mistypes: speak to them, "
                            + "then run this again."), .interrupted, now: now)
            }
        }
    }

    private func settle(now: Instant) {
        endpoint.process(now: now)
        while let event = endpoint.pollEvent() {
            take(event, now: now)
            endpoint.process(now: now)
        }
    }

    private func take(_ event: PairingEndpoint.Event, now: Instant) {
        switch event {
        case .connected(let peer, let path):
            finder.stopCalling()
            observer.handle(
                .connected(
                    PeerConnection(
                        peerFingerprint: peer.id.fingerprint.description,
                        ownFingerprint: access.device.publicKeys.id.fingerprint.description,
                        address: EndpointAddress(path.address), path: finder.kind(of: path),
                        route: finder.proven.contains(path) ? .punched : .dialled)))
        case .introduced(let introduction): meet(introduction, now: now)
        case .store: storeContact(now: now)
        case .finished: confirm()
        case .failed(let refusal): failure = failure ?? SealiftError(pairing: refusal)
        case .ended(let ending):
            if failure == nil, summary == nil { failure = error(of: ending, now: now) }
            isOver = true
        }
    }

    private func judgeEnd(now: Instant) {
        if cancellation.isRequested, farewell == nil, !isOver {
            end(
                SealiftError(
                    .interrupted, "stopped before the end", advice: "Run the same command again."),
                .interrupted, now: now)
        }
        if !endpoint.hasSession, farewell == nil, options.isWaiting, now >= patience {
            end(
                SealiftError(
                    .nobodyCame, "the other end did not come in time",
                    advice: "Run this again, and have the other end answer while it waits."),
                .interrupted, now: now)
        }
        if let farewell, now >= farewell { isOver = true }
    }

    /// Ends the run with an error, after a farewell where there is a session.
    func end(_ error: SealiftError, _ code: CloseCode, now: Instant) {
        failure = failure ?? error
        farewell = farewell ?? now + Self.farewellTime
        endpoint.close(code: code, reason: error.code.rawValue, now: now)
    }

    private func error(of ending: SessionEnding, now: Instant) -> SealiftError {
        switch ending {
        case .noAnswer:
            .cannotConnect(
                finder.diagnosis(dialled: pathCount, now: now), waited: options.connectTimeout)
        case .closedByPeer(.declined, _):
            SealiftError(
                .declined, "the other end said no",
                advice: "Nothing was stored. Ask them, then pair again.")
        case .closedByPeer(.violation, let reason):
            SealiftError(
                .introductionRefused, "the other end refused what it was shown",
                advice: "Ask what it said there.", cause: PrintableText.escape(reason))
        case .closedByPeer(.storage, _):
            SealiftError(
                .peerStopped, "the other end could not store the contact",
                advice: "Nothing was stored here. Have them look at it, then pair again.")
        default:
            SealiftError(
                .connectionLost, "the session ended before both had said yes",
                advice: "Nothing was stored. Pair again at both ends.")
        }
    }

    func warn(_ words: String) { observer.handle(.warning(TransferWarning(words))) }
}

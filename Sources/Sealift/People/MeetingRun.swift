import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftPeople
import SealiftTransfer
import SealiftTransport
import SealiftTraversal

/// The socket thread's loop around the one session that a code or an invitation leads to.
///
/// What is said in the session is the subclass's: ``settle(now:)`` and ``takeAnswers(now:)``.
class MeetingRun<Endpoint: MeetingEndpoint> {
    /// How long farewells are sent once the run is over.
    private static var farewellTime: Duration { .milliseconds(300) }
    /// How long who agreed on a code has to dial: its own time to dial, and a little more.
    private static var dialTime: Duration { .seconds(40) }

    let options: PairOptions
    private let purpose: Invitation.Purpose
    private let watcher: any MeetingObserver
    let cancellation: Cancellation
    let device: DeviceKeyPair
    private let pump: DatagramPump
    private let finder: PathFinder
    private let lan: LanListener?
    private let codes: CodeDesk?
    /// The invitation, and its file, which is taken back where nobody used it.
    private let invitation: (file: [UInt8], text: String)?
    var endpoint: Endpoint
    private let pathCount: Int
    /// When waiting for the other end is over.
    private var patience: Instant
    var question: NamedThread?
    var failure: SealiftError?
    private var isOver = false
    private var farewell: Instant?

    /// Dials who waits.
    init(
        dialing target: PairTarget, _ options: PairOptions, for purpose: Invitation.Purpose,
        device: DeviceKeyPair, waker: Waker, observer: any MeetingObserver,
        cancellation: Cancellation,
        _ dial: (MeetingDial) throws(HandshakeError) -> Endpoint
    ) throws(SealiftError) {
        self.options = options
        self.purpose = purpose
        watcher = observer
        self.cancellation = cancellation
        self.device = device
        (pump, finder) = try Self.sockets(options, device, waker, cancellation)
        let now = MonotonicClock.now()
        patience = now + (options.wait ?? PairOptions.defaultWait)
        let paths = target.addresses
            .compactMap { SocketAddress(bytes: $0.bytes, port: $0.port) }
            .compactMap(pump.path(to:))
        pathCount = paths.count
        (lan, codes, invitation) = (nil, nil, nil)
        guard !paths.isEmpty || !pump.groupPaths.isEmpty || !options.contactedServers.isEmpty
        else { throw .noAddressMayBeDialled }
        let configuration = try ConnectionConfiguration.forMeasuring(TrafficPolicy())
        do throws(HandshakeError) {
            endpoint = try dial(
                MeetingDial(
                    paths: paths, groups: pump.groupPaths, configuration: configuration,
                    contactTimeout: options.connectTimeout, now: now
                ) { () throws(HandshakeError) in
                    var entropy = SealiftCrypto.SystemEntropy()
                    return try HandshakeInitiator(
                        psk: target.secret, role: purpose.role, local: device,
                        expectedPeer: target.device, features: .dailyMailboxes,
                        entropy: &entropy)
                })
        } catch {
            throw SealiftError(.handshakeFailed(error), waited: .zero)
        }
        do throws(SystemError) {
            try finder.call(target.secret, from: now + .milliseconds(300))
        } catch {
            throw SealiftError(.internalFailure, error)
        }
    }

    /// Waits for who has the code or the file.
    init(
        waiting options: PairOptions, for purpose: Invitation.Purpose, identity: IdentityID,
        device: DeviceKeyPair, waker: Waker, observer: any MeetingObserver,
        cancellation: Cancellation,
        _ wait: (HandshakeResponder, ConnectionConfiguration) -> Endpoint
    ) throws(SealiftError) {
        self.options = options
        self.purpose = purpose
        watcher = observer
        self.cancellation = cancellation
        self.device = device
        (pump, finder) = try Self.sockets(options, device, waker, cancellation)
        patience = MonotonicClock.now() + (options.wait ?? PairOptions.defaultWait)
        pathCount = 0
        let configuration = try ConnectionConfiguration.forMeasuring(TrafficPolicy())
        endpoint = wait(
            HandshakeResponder(
                local: device, features: .dailyMailboxes, entropy: SealiftCrypto.SystemEntropy()),
            configuration)
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
                for: purpose, identity: identity, device: device.publicKeys.id.fingerprint,
                secret: secret, expires: expires, addresses: addresses)
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
                invitation = (file, invited.text)
                endpoint.link.accept(secret)
                try finder.awaitCalls(secret)
            } else {
                invitation = nil
                codes = try CodeDesk(
                    servers: options.contactedServers, meeting: Meeting(invited),
                    purpose: purpose.code, audience: .oneReceiver, waker: waker)
            }
        } catch {
            throw SealiftError(.internalFailure, error)
        }
        if let invitation {
            do throws(SystemError) {
                try TicketFile.create(invitation.file, invitation.text + "\n")
            } catch {
                throw SealiftError(StorageFailure(error), doing: .send)
            }
        }
    }

    private static func sockets(
        _ options: PairOptions, _ device: DeviceKeyPair, _ waker: Waker,
        _ cancellation: Cancellation
    ) throws(SealiftError) -> (DatagramPump, PathFinder) {
        do throws(SystemError) {
            cancellation.whenRequested { waker.wake() }
            let listen = options.listen.compactMap {
                SocketAddress(bytes: $0.bytes, port: $0.port)
            }
            let pump = DatagramPump(
                sockets: try options.network.openSockets(listen: listen), waker: waker,
                policy: options.network)
            let finder = try PathFinder(
                pump, role: options.isWaiting ? .callee : .caller, device: device.publicKeys.id,
                policy: options.network, stun: options.stun,
                rendezvous: options.contactedServers, relay: options.contactedRelay, waker: waker)
            return (pump, finder)
        } catch {
            throw SealiftError(listening: error)
        }
    }

    // MARK: What is said

    /// Moves the endpoint on and takes its events.
    func settle(now: Instant) {}

    /// Takes what the user answered.
    func takeAnswers(now: Instant) {}

    // MARK: The loop

    /// Runs to the end, and puts everything away.
    /// - Returns: why the loop itself failed; nil where it did not.
    func runToEnd() -> SealiftError? {
        NamedThread.sharpenTimers()
        if let invitation { watcher.handle(.invitationWritten(text: invitation.text)) }
        let loopFailure = loop()
        finder.finish()
        lan?.finish()
        codes?.finish()
        if let invitation { Self.remove(invitation.file) }
        return loopFailure
    }

    /// What was used opens nothing any more; it need not lie about.
    private static func remove(_ file: [UInt8]) {
        guard let (directory, name) = try? TicketFile.place(of: file) else { return }
        try? directory.unlink(name)
    }

    private func loop() -> SealiftError? {
        while !isOver {
            let isMoreIn = pump.receive { datagram, path, ecn, now in
                if PathFinder.concerns(datagram) {
                    return finder.receive(datagram, on: path, now: now)
                }
                endpoint.link.receive(datagram, on: path, ecn: ecn, now: now)
            }
            let now = MonotonicClock.now()
            finder.advance(now: now)
            takeFindings(now: now)
            takeCodes(now: now)
            takeAnswers(now: now)
            if let due = endpoint.link.nextTimeout, due <= now {
                endpoint.link.handleTimeout(now: now)
            }
            settle(now: now)
            judgeEnd(now: now)
            let isMoreOut = pump.transmit {
                endpoint.link.pollTransmit(into: $0, now: now)
            } refused: {
                endpoint.link.sendFailed($0, $1, now: now)
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
        if !endpoint.link.hasSession { deadline = min(deadline, patience) }
        for timeout in [endpoint.link.nextTimeout, finder.nextTimeout] {
            deadline = min(deadline, timeout ?? .distantFuture)
        }
        return deadline
    }

    private func takeFindings(now: Instant) {
        while let arrival = lan?.takeArrival() {
            guard let path = pump.answerPath(to: arrival.source) else { continue }
            arrival.datagram.withUnsafeBytes {
                endpoint.link.receive($0, on: path, ecn: .notCapable, now: now)
            }
        }
        while let words = finder.takeRelayTrouble() { warn(words) }
        while let path = finder.takePath() { endpoint.link.addPath(path, now: now) }
        while let failure = finder.takeFailure() {
            guard options.isWaiting, !endpoint.link.hasSession else { continue }
            watcher.handle(.warning(TransferWarning(failedCall: failure)))
        }
    }

    private func takeCodes(now: Instant) {
        while let event = codes?.takeEvent() {
            switch event {
            case .code(let code): watcher.handle(.code(code.text))
            case .agreed(let key):
                endpoint.link.accept(key)
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

    /// The session stands.
    func tellConnected(_ peer: DevicePublicKeys, _ path: PathID) {
        finder.stopCalling()
        watcher.handle(
            .connected(
                PeerConnection(
                    peerFingerprint: peer.id.fingerprint.description,
                    ownFingerprint: device.publicKeys.id.fingerprint.description,
                    address: EndpointAddress(path.address), path: finder.kind(of: path),
                    route: finder.proven.contains(path) ? .punched : .dialled)))
    }

    /// Nothing more will come.
    func stop() { isOver = true }

    private func judgeEnd(now: Instant) {
        if cancellation.isRequested, farewell == nil, !isOver {
            end(
                SealiftError(
                    .interrupted, "stopped before the end", advice: "Run the same command again."),
                .interrupted, now: now)
        }
        if !endpoint.link.hasSession, farewell == nil, options.isWaiting, now >= patience {
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
        endpoint.link.close(code: code, reason: error.code.rawValue, now: now)
    }

    /// Why the session ended before anything was done.
    func error(of ending: SessionEnding, _ words: MeetingWords, now: Instant) -> SealiftError {
        switch ending {
        case .noAnswer:
            .cannotConnect(
                finder.diagnosis(dialled: pathCount, now: now), waited: options.connectTimeout)
        case .closedByPeer(.declined, _):
            SealiftError(.declined, "the other end said no", advice: words.declined)
        case .closedByPeer(.violation, let reason):
            SealiftError(
                .introductionRefused, "the other end refused what it was shown",
                advice: "Ask what it said there.", cause: PrintableText.escape(reason))
        case .closedByPeer(.storage, _):
            SealiftError(
                .peerStopped, "the other end could not store it", advice: words.notStored)
        default:
            SealiftError(
                .connectionLost, "the session ended before both had said yes",
                advice: words.lost)
        }
    }

    func warn(_ words: String) { watcher.handle(.warning(TransferWarning(words))) }
}

/// What to do after a session that came to nothing.
struct MeetingWords {
    let declined: String
    let notStored: String
    let lost: String
}

/// How the end that dials begins.
struct MeetingDial {
    let paths: [PathID]
    let groups: [PathID]
    let configuration: ConnectionConfiguration
    let contactTimeout: Duration
    let now: Instant
    let beginHandshake: @Sendable () throws(HandshakeError) -> HandshakeInitiator
}

extension Invitation.Purpose {
    /// The role of its session.
    var role: SessionRole {
        switch self {
        case .contact: .introduction
        case .device: .deviceLink
        }
    }

    /// What a code of the same purpose is for.
    var code: CodePurpose {
        switch self {
        case .contact: .contact
        case .device: .device
        }
    }
}

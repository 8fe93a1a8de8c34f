import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftPeople
import SealiftStore
import SealiftTransfer
import SealiftTransport
import SealiftTraversal

/// The socket thread's loop around a ``ContactCaller``.
final class ContactCallRun {
    /// How long the addresses that are known, and this machine's links, have before the contact is called
    /// through servers: who answers at once needs none.
    private static let dialPatience = Duration.milliseconds(300)
    /// How long an answer is waited for once the session stands.
    private static let answerPatience = Duration.seconds(90)

    private let call: ContactCall
    private let contact: Contact
    private let pair: ContactPair
    private let patience: Duration
    private let ownHead: ChainPosition?
    private let pump: DatagramPump
    private let finder: PathFinder
    private var caller: ContactCaller
    private var answers: [ContactAnswer] = []
    private var deadline: Instant?
    private var failure: SealiftError?
    private let dialled: Int
    /// What was asked last.
    private var asked: ContactRequest

    init(
        _ call: ContactCall, _ question: ContactCaller.Question, _ pair: ContactPair,
        patience: Duration
    ) throws(SealiftError) {
        self.call = call
        self.pair = pair
        self.patience = patience
        asked = question.request
        ownHead = question.own.entries.last?.head.position
        contact = question.contact
        let (reach, device) = (call.reach, call.access.device)
        try reach.network.check()
        try reach.relay?.check(reach.network)
        do throws(SystemError) {
            let waker = try Waker()
            call.cancellation.whenRequested { waker.wake() }
            pump = DatagramPump(
                sockets: try reach.network.openSockets(), waker: waker, policy: reach.network)
            finder = try PathFinder(
                pump, role: .caller, device: device.publicKeys.id, policy: reach.network,
                stun: reach.stun, rendezvous: reach.contactedServers,
                relay: reach.contactedRelay, waker: waker)
        } catch {
            throw SealiftError(listening: error)
        }
        let paths = reach.addresses
            .compactMap { SocketAddress(bytes: $0.bytes, port: $0.port) }
            .compactMap(pump.path(to:))
        dialled = paths.count
        guard !paths.isEmpty || !pump.groupPaths.isEmpty || !reach.contactedServers.isEmpty else {
            throw .noAddressMayBeDialled
        }
        let now = MonotonicClock.now()
        let hour = ContactPair.hour(at: question.time)
        let chainHead = question.own.headHash
        let configuration = try ConnectionConfiguration.forMeasuring(TrafficPolicy())
        do throws(HandshakeError) {
            caller = try ContactCaller(
                question, paths: paths, groups: pump.groupPaths,
                configuration: configuration, contactTimeout: patience, now: now
            ) { () throws(HandshakeError) in
                var entropy = SealiftCrypto.SystemEntropy()
                return try HandshakeInitiator(
                    psk: pair.secret, role: .devicePair, local: device,
                    expectedPeer: pair.device.fingerprint, hour: hour,
                    features: .dailyMailboxes, chainHead: chainHead, entropy: &entropy)
            }
        } catch {
            throw SealiftError(.handshakeFailed(error), waited: .zero)
        }
        do throws(SystemError) {
            let isAnyoneNear = !paths.isEmpty || !pump.groupPaths.isEmpty
            try finder.call(
                pair.secret, at: pair.mailboxes,
                from: isAnyoneNear ? now + Self.dialPatience : now)
        } catch {
            throw SealiftError(.internalFailure, error)
        }
    }

    func run(_ followUp: ContactCall.FollowUp) throws(SealiftError) -> ContactCall.Reply {
        defer { finder.finish() }
        NamedThread.sharpenTimers()
        while true {
            let isMoreIn = pump.receive { datagram, path, ecn, now in
                if PathFinder.concerns(datagram) {
                    return finder.receive(datagram, on: path, now: now)
                }
                caller.receive(datagram, on: path, ecn: ecn, now: now)
            }
            let now = MonotonicClock.now()
            finder.advance(now: now)
            while let path = finder.takePath() { caller.addPath(path, now: now) }
            if let due = caller.nextTimeout, due <= now { caller.handleTimeout(now: now) }
            if call.cancellation.isRequested { stop(.interrupted(byUserOf: .receive), now: now) }
            if let deadline, now >= deadline {
                stop(
                    SealiftError(
                        .connectionLost, "\(contact.name) did not answer in time",
                        advice: "Run the same command again."), now: now)
            }
            if let reply = settle(followUp, now: now) { return try reply.get() }
            let isMoreOut = pump.transmit {
                caller.pollTransmit(into: $0, now: now)
            } refused: {
                caller.sendFailed($0, $1, now: now)
            }
            var due = deadline ?? .distantFuture
            for timeout in [caller.nextTimeout, finder.nextTimeout] {
                due = min(due, timeout ?? .distantFuture)
            }
            do throws(SystemError) {
                try pump.wait(until: isMoreIn || isMoreOut ? now : due)
            } catch {
                throw SealiftError(.internalFailure, error)
            }
        }
    }

    /// Moves everything on; the result once there is one.
    private func settle(
        _ followUp: ContactCall.FollowUp, now: Instant
    ) -> Result<ContactCall.Reply, SealiftError>? {
        caller.process(now: now)
        while let event = caller.pollEvent() {
            switch event {
            case .connected:
                finder.stopCalling()
                deadline = now + Self.answerPatience
                call.access.confirm(pair)
            case .learned(let contact, let chain, _):
                do throws(SealiftError) {
                    try call.access.learn(chain, of: contact, from: pair.device)
                } catch {
                    stop(error, now: now)
                }
            case .caughtUp(let chain, let former):
                keep(now: now) { () throws(SealiftError) in
                    let warning = try call.access.catchUp(
                        to: chain, from: former, by: pair.device, of: contact)
                    if let warning { call.reach.notice?(warning) }
                }
            case .greeted(let time):
                confirm(time, now: now)
                call.access.noteSeen(caller.seen, by: contact.identity)
            case .introduced(let introduction):
                keep(now: now) { () throws(SealiftError) in
                    try call.access.take(
                        introduction, of: contact.identity, from: pair.device)
                }
            case .renewed(let born):
                keep(now: now) { () throws(SealiftError) in
                    _ = try call.access.renew(pair, with: born)
                }
            case .answer(let answer):
                guard answers.count < ContactCall.maximumAnswerCount else {
                    stop(
                        SealiftError(
                            .protocolViolation, "\(contact.name) sent more than is sensible",
                            advice: "Nothing of it was kept."), now: now)
                    break
                }
                answers.append(answer)
                if answer.isLast { goOn(followUp, now: now) }
            case .failed(let reason):
                failure = failure ?? SealiftError(session: reason, with: contact)
            case .ended(let ending):
                return result(ending, now: now)
            }
            caller.process(now: now)
        }
        return nil
    }

    /// Puts something on the disk; where that fails, the session ends.
    private func keep(now: Instant, _ body: () throws(SealiftError) -> Void) {
        do throws(SealiftError) { try body() } catch { stop(error, now: now) }
    }

    /// The answer is whole: asks further, or ends.
    private func goOn(_ followUp: ContactCall.FollowUp, now: Instant) {
        do throws(SealiftError) {
            guard let next = try followUp(reply) else { return caller.finish() }
            answers = []
            deadline = now + Self.answerPatience
            asked = next
            caller.ask(next)
        } catch {
            failure = error
            caller.finish()
        }
    }

    private var reply: ContactCall.Reply {
        ContactCall.Reply(device: pair.device, answers: answers)
    }

    private func confirm(_ time: WallTime, now: Instant) {
        do throws(SealiftError) { try call.access.confirmClock(time, by: pair) } catch {
            stop(error, now: now)
        }
    }

    private func result(
        _ ending: SessionEnding, now: Instant
    ) -> Result<ContactCall.Reply, SealiftError> {
        if let failure { return .failure(failure) }
        if answers.last?.isLast == true {
            // It answers who showed it everything.
            call.access.noteSeen(ownHead, by: contact.identity)
            return .success(reply)
        }
        if case .noAnswer = ending {
            var error = SealiftError.cannotConnect(
                finder.diagnosis(dialled: dialled, now: now), waited: patience)
            error.message =
                "\(contact.name) could not be reached: their machine is off, does not run "
                + "`sealift up`, or has not added you"
            error.advice =
                "Ask them to run `sealift up`. On different networks both need the same "
                + "SEALIFT_RENDEZVOUS; or name their address by --address. `sealift doctor` looks at "
                + "this machine's network."
            return .failure(error)
        }
        return .failure(SealiftError(unanswered: asked, by: contact, ending))
    }

    private func stop(_ error: SealiftError, now: Instant) {
        guard failure == nil else { return }
        failure = error
        caller.close(code: .interrupted, reason: "", now: now)
    }
}

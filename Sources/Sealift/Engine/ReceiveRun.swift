import SealiftBase
import SealiftContent
import SealiftCrypto
import SealiftIO
import SealiftPeople
import SealiftTransfer
import SealiftTransport
import SealiftTraversal

/// One run of a receiver: the socket thread's loop around a ``ReceiveAttempt``, and a second one
/// while a sender that went away is waited for.
///
/// Everything that blocks is elsewhere: proving and writing in ``ReceiverDisk``, the user in
/// ``ObserverThread``. This thread only moves datagrams, messages and commands.
final class ReceiveRun {
    /// How often progress is told.
    private static let progressInterval = Duration.milliseconds(100)
    /// How long the ticket's own addresses have before the sender is called: who answers at once needs no
    /// server.
    private static let dialPatience = Duration.milliseconds(300)
    /// How often it is told that the sender is waited for.
    private static let outageInterval = Duration.seconds(1)
    /// How long a receipt is waited for, once everything is here.
    private static let receiptPatience = Duration.seconds(5)

    private let options: ReceiveOptions
    private let cancellation: Cancellation
    private let observer: ObserverThread
    private let waker: Waker
    private let pump: DatagramPump
    private let finder: PathFinder
    private let home: StateHome
    /// What this run did, in the machine's log.
    private let records: TransferRecords
    /// The device that answered first; a ticket leads to one only.
    private var sender: DeviceID?
    private var senderKeys: DevicePublicKeys?
    /// What this end signed, until the sender signs it too.
    private var proposal: ReceiptProposal?
    /// When a receipt is waited for no longer.
    private var receiptDeadline: Instant?
    private let manifest: ManifestFile?
    private let dialer: ReceiverDialer
    /// The session that counts: the first dial, then the newest that somebody answered.
    private var current: ReceiveAttempt
    /// The dial beside it while the sender is waited for.
    private var fresh: ReceiveAttempt?
    /// The wait for a sender that went away; nil while it is there.
    private var outage: Outage?
    /// When a better way than the present one is looked for.
    private var furtherSearch: FurtherSearch
    /// The newest disk thread; each waits for the one before.
    private var newestDisk: ReceiverDisk?
    private var consent: Consent
    private var completion: Completion?
    private var failure: SealiftError?
    private var ending: SessionEnding?
    private var isOver = false
    private var progress = ReceiveProgress()
    private var nextReport = Instant.zero
    private var refutedFiles: UInt64 = 0

    init(
        _ options: ReceiveOptions, observer: any TransferObserver, cancellation: Cancellation
    ) throws(SealiftError) {
        self.options = options
        self.cancellation = cancellation
        try options.network.check()
        try Destination.check(options.output)
        try options.relay?.check(options.network)
        home = try StateHome(options.home, passphrase: options.passphrase)
        let device = try home.device()
        records = try TransferRecords(home: home, device: device, direction: .received)
        manifest = try options.manifest.map { path throws(SealiftError) in
            try ManifestFile(named: path)
        }
        let addresses = options.ticket.addresses.compactMap {
            SocketAddress(bytes: $0.bytes, port: $0.port)
        }
        do throws(SystemError) {
            let waker = try Waker()
            self.waker = waker
            cancellation.whenRequested { waker.wake() }
            pump = DatagramPump(
                sockets: try options.network.openSockets(), waker: waker, policy: options.network)
            finder = try PathFinder(
                pump, role: .caller, device: device.publicKeys.id, policy: options.network,
                stun: options.stun, rendezvous: options.contactedServers,
                relay: options.contactedRelay, waker: waker)
            self.observer = try ObserverThread(observer)
            consent = Consent(self.observer) { waker.wake() }
        } catch {
            throw SealiftError(listening: error)
        }
        dialer = ReceiverDialer(
            ticket: options.ticket, role: options.role, device: device,
            paths: addresses.compactMap(pump.path(to:)), groups: pump.groupPaths)
        guard dialer.hasWay || !options.contactedServers.isEmpty else {
            throw .noAddressMayBeDialled
        }
        let now = MonotonicClock.now()
        furtherSearch = FurtherSearch(now: now)
        do throws(DialFailure) {
            current = ReceiveAttempt(try dialer.dial(for: options.connectTimeout, now: now))
        } catch {
            throw SealiftError(error)
        }
        try call(from: dialer.hasReachablePath ? now + Self.dialPatience : now)
    }

    /// Calls the sender through rendezvous servers, from `start` on, unless somebody answers before.
    private func call(from start: Instant) throws(SealiftError) {
        do throws(SystemError) {
            try finder.call(options.ticket.secret, from: start)
        } catch {
            throw SealiftError(.internalFailure, error)
        }
    }

    /// Runs until the session is over and everything proven is on disk.
    func run() throws(SealiftError) -> TransferSummary {
        NamedThread.sharpenTimers()
        let loopFailure = loop()
        finder.finish()
        current.retire()
        newestDisk?.finish()
        // Nobody needs the answer any more: wake whoever thinks about it.
        if consent.isAsking { cancellation.request() }
        observer.finish()
        return try logged(loopFailure)
    }

    /// The result, with its entry in the log.
    private func logged(_ loopFailure: SealiftError?) throws(SealiftError) -> TransferSummary {
        if let sender { records.count(progress.received(current.tally), to: sender) }
        let summary: TransferSummary
        do throws(SealiftError) {
            if let loopFailure { throw loopFailure }
            summary = try result()
        } catch {
            // Why the transfer ended is what the user has to know first.
            try? records.finish(error)
            throw error
        }
        if let sender, let completion {
            try records.ended(
                sender, with: completion, isWhole: summary.isWhole, bytes: summary.received)
        }
        return summary
    }

    private func loop() -> SealiftError? {
        while !isOver {
            let now = MonotonicClock.now()
            let isMoreIn = pump.receive { datagram, path, ecn in
                if PathFinder.concerns(datagram) {
                    return finder.receive(datagram, on: path, now: now)
                }
                current.endpoint.receive(datagram, on: path, ecn: ecn, now: now)
                fresh?.endpoint.receive(datagram, on: path, ecn: ecn, now: now)
            }
            finder.advance(now: now)
            while let words = finder.takeRelayTrouble() {
                observer.tell(.warning(TransferWarning(words)))
            }
            while let path = finder.takePath() {
                add(path, to: current, now: now)
                if let fresh { add(path, to: fresh, now: now) }
            }
            do throws(SealiftError) {
                takeAnswers(now: now)
                stopIfAsked(now: now)
                if let receiptDeadline, now >= receiptDeadline { endReceipt() }
                try watch(now: now)
                lookFurther(now: now)
                try serve(current, now: now)
                if let fresh { try serve(fresh, now: now) }
            } catch {
                return error
            }
            tellProgress(now: now)
            let isMoreOut = pump.transmit { buffer in
                current.endpoint.pollTransmit(into: buffer, now: now)
                    ?? fresh?.endpoint.pollTransmit(into: buffer, now: now)
            } refused: {
                current.endpoint.sendFailed($0, $1, now: now)
                fresh?.endpoint.sendFailed($0, $1, now: now)
            }
            if isOver { break }
            do throws(SystemError) {
                try pump.wait(until: isMoreIn || isMoreOut ? now : deadline(now: now))
            } catch {
                return SealiftError(.internalFailure, error)
            }
        }
        return nil
    }

    private func deadline(now: Instant) -> Instant {
        var deadline = min(current.deadline(now: now), finder.nextTimeout ?? .distantFuture)
        if let fresh { deadline = min(deadline, fresh.deadline(now: now)) }
        if let receiptDeadline { deadline = min(deadline, receiptDeadline) }
        guard isWanted else { return deadline }
        if let outage {
            deadline = min(deadline, outage.end, nextReport)
            if fresh == nil { deadline = min(deadline, outage.nextDial) }
        } else if current.connection != nil {
            if current.isAccepted { deadline = min(deadline, nextReport) }
            deadline = min(deadline, furtherSearch.due)
            if let heard = current.endpoint.lastHeard {
                deadline = min(deadline, heard + Outage.silenceBeforeDialing)
            }
        }
        return deadline
    }

    private func serve(_ attempt: ReceiveAttempt, now: Instant) throws(SealiftError) {
        attempt.advance(now: now)
        attempt.endpoint.process(now: now)
        while let action = attempt.endpoint.pollAction() {
            try perform(action, of: attempt, now: now)
            attempt.endpoint.process(now: now)
        }
        attempt.giveWork()
    }

    private func stopIfAsked(now: Instant) {
        guard cancellation.isRequested, isWanted else { return }
        failure = .interrupted(byUserOf: .receive)
        fresh = nil
        if current.endpoint.isOver { isOver = true }
        current.endpoint.close(code: .interrupted, reason: "the receiver stopped", now: now)
    }

    /// Whether the session is still to come to a good end.
    private var isWanted: Bool { failure == nil && completion == nil }

    // MARK: Waiting for a sender that went away

    /// Begins, continues or ends the wait for a sender that is silent or gone.
    private func watch(now: Instant) throws(SealiftError) {
        guard isWanted, current.connection != nil else { return }
        if outage == nil {
            guard let heard = current.endpoint.lastHeard,
                now - heard >= Outage.silenceBeforeDialing
            else { return }
            try begin(Outage(since: heard, now: now))
        }
        guard let outage else { return }
        if let heard = current.endpoint.lastHeard, heard > outage.since, !isHandedOver {
            // The session lives: what silenced it is over.
            fresh = nil
            self.outage = nil
            finder.stopCalling()
            if let connection = current.connection { observer.tell(.connected(connection)) }
            return
        }
        guard now < outage.end else {
            isOver = true
            return
        }
        guard fresh == nil, now >= outage.nextDial else { return }
        do throws(DialFailure) {
            fresh = ReceiveAttempt(try dialer.dial(for: Outage.dialTime, now: now))
        } catch {
            throw SealiftError(error)
        }
        if let fresh { for path in finder.proven { add(path, to: fresh, now: now) } }
    }

    private func add(_ path: PathID, to attempt: ReceiveAttempt, now: Instant) {
        attempt.endpoint.addPath(path, PathRank(finder.kind(of: path)), now: now)
    }

    // MARK: A better way

    /// Looks at the machine's addresses and calls the sender again, where that may find a better way than
    /// the one the session goes.
    private func lookFurther(now: Instant) {
        guard isWanted, outage == nil, let connection = current.connection else { return }
        switch furtherSearch.fire(
            isRelayed: connection.path == .relayed,
            ownAddresses: { ownAddresses }, now: now)
        {
        case .nothing: break
        case .networkChanged: current.endpoint.networkChanged(now: now)
        case .call: finder.callAgain(options.ticket.secret, now: now)
        }
    }

    private var ownAddresses: Set<SocketAddress> {
        Set(((try? NetworkInterfaces.addresses()) ?? []).map(\.address))
    }

    /// Packets go another way from now on.
    private func moved(_ attempt: ReceiveAttempt, to path: PathID, now: Instant) {
        guard attempt === current, let sender else { return }
        let connection = connection(to: sender, on: path)
        attempt.connection = connection
        finder.socketsInUse = [path.socket]
        furtherSearch.moved(now: now)
        observer.tell(.moved(connection))
    }

    private func connection(to peer: DeviceID, on path: PathID) -> PeerConnection {
        PeerConnection(
            peerFingerprint: peer.fingerprint.description,
            ownFingerprint: dialer.device.publicKeys.id.fingerprint.description,
            address: EndpointAddress(path.address),
            path: finder.kind(of: path),
            route: finder.proven.contains(path) ? .punched : .dialled)
    }

    /// Whether a handshake beside the session came so far that the sender may have let go of the
    /// session.
    private var isHandedOver: Bool { fresh?.endpoint.statistics != nil }

    private func begin(_ outage: Outage) throws(SealiftError) {
        self.outage = outage
        nextReport = .zero
        try call(from: MonotonicClock.now())
    }

    /// The session that counted is gone, or a dial beside it came to nothing.
    private func attemptEnded(
        _ attempt: ReceiveAttempt, _ ending: SessionEnding, now: Instant
    ) throws(SealiftError) {
        guard attempt === current else {
            fresh = nil
            outage?.dialFailed(now: now)
            return
        }
        attempt.retire()
        self.ending = ending
        if case .noAnswer = ending, attempt.connection == nil, failure == nil {
            failure = .cannotConnect(
                finder.diagnosis(dialled: dialer.paths.count, now: now),
                waited: options.connectTimeout)
        }
        guard isWanted, attempt.connection != nil, ending.canComeBack else {
            isOver = true
            return
        }
        if outage == nil { try begin(Outage(since: now, now: now)) }
    }

    /// Somebody answered: from now on this attempt counts.
    private func connected(
        _ attempt: ReceiveAttempt, _ connection: PeerConnection
    ) throws(SealiftError) {
        if attempt !== current {
            progress.handOver(current.tally)
            current.retire()
            current = attempt
            fresh = nil
        }
        outage = nil
        nextReport = .zero
        finder.stopCalling()
        attempt.connection = connection
        do throws(SystemError) {
            let spool = try ListingSpool(in: home.folder)
            let store = try ReceiverFileStore(
                output: options.output, sender: options.ticket.fingerprint, spool: spool,
                home: home.folder, manifest: manifest)
            let disk = try ReceiverDisk(
                store: store, choices: options.choices, after: newestDisk, waker: waker)
            newestDisk = disk
            attempt.open(spool: spool, disk: disk)
        } catch {
            throw SealiftError(.internalFailure, error)
        }
        observer.tell(.connected(connection))
    }

    // MARK: The question

    private func ask(
        _ summary: ListingSummary, of attempt: ReceiveAttempt, now: Instant
    ) {
        attempt.summary = summary
        guard let listing = attempt.listing, let spool = attempt.spool else { return }
        if consent.covers(listing) { return proceed(attempt, now: now) }
        guard !consent.isAsking(about: listing) else { return }
        let question = OfferSummary(
            entries: summary.totals.entries, files: summary.totals.files,
            bytes: summary.totals.bytes, dataBytes: summary.totals.dataBytes,
            reusableBytes: summary.reusableBytes, output: options.output,
            freeSpace: summary.freeSpace,
            isContinued: attempt.endpoint.offer?.claim == .yours, plan: ReceptionPlan(summary),
            forEachEntry: { visit throws(SealiftError) in try spool.forEachEntry(visit) })
        consent.ask(question, about: listing)
    }

    private func takeAnswers(now: Instant) {
        for (listing, decision) in consent.takeAnswers() {
            guard decision == .accept else {
                fail(
                    SealiftError(
                        .declined, "nothing was received: the answer was no",
                        advice: "The ticket is still good; run the same command again to accept."),
                    now: now)
                return
            }
            if current.listing == listing, current.summary != nil { proceed(current, now: now) }
        }
    }

    /// Accepts what the user said yes to, unless something stands in the way.
    private func proceed(_ attempt: ReceiveAttempt, now: Instant) {
        if let failure = attempt.summary?.obstacle {
            fail(failure, now: now)
            return
        }
        do throws(SealiftError) {
            if let sender {
                try records.started(
                    sender, decision: options.role == .pairingCode ? .code : .ticket,
                    subject: [options.absoluteOutput])
            }
        } catch {
            // Nothing is received on an entry of the log that is not on disk.
            fail(error, now: now)
            return
        }
        attempt.isAccepted = true
        attempt.endpoint.accept()
    }

    /// Ends the run before anything was accepted.
    private func fail(_ failure: SealiftError, now: Instant) {
        guard self.failure == nil else { return }
        self.failure = failure
        if let sender, current.summary != nil {
            do throws(SealiftError) {
                try records.denied(sender, failure.code, paths: [options.absoluteOutput])
            } catch {
                self.failure = error
            }
        }
        fresh = nil
        if current.endpoint.isOver { isOver = true }
        if current.summary != nil {
            current.endpoint.decline()
        } else {
            // An answer that comes after a new session began, before its listing was here.
            current.endpoint.close(code: .declined, reason: "declined", now: now)
        }
    }

    // MARK: Actions

    private func perform(
        _ action: ReceiverEndpoint.Action, of attempt: ReceiveAttempt, now: Instant
    ) throws(SealiftError) {
        switch action {
        case .connected(let peer, let path):
            sender = peer.id
            senderKeys = peer
            try connected(attempt, connection(to: peer.id, on: path))
            finder.socketsInUse = [path.socket]
            furtherSearch.moved(now: now)
        case .moved(let path):
            moved(attempt, to: path, now: now)
        case .work(let command):
            attempt.enqueue(command)
        case .ask(let summary):
            ask(summary, of: attempt, now: now)
        case .report(.witnessed(let witness)):
            sign(witness, of: attempt)
        case .report(.countersigned(let signature)):
            keepReceipt(countersigned: signature)
        case .report(let report):
            take(report, now: now)
        case .ended(let ending):
            try attemptEnded(attempt, ending, now: now)
        }
    }

    private func take(_ report: ReceiverSession.Report, now: Instant) {
        switch report {
        case .refused(let reason):
            failure = SealiftError(reason)
        case .fileDone(let path, let content, let result):
            if result == .rootRefuted || result == .diskRefuted { refutedFiles += 1 }
            observer.tell(
                .file(
                    FileReport(
                        path: path.bytes, size: content.length,
                        root: result.isAtDestination && content.length > 0 ? content.root : nil,
                        result: FileReport.Result(result), placedAs: result.givenPath)))
        case .completed(let completion):
            self.completion = completion
            receiptDeadline = now + Self.receiptPatience
            if let report = progressReport(.verifying, now: now) { observer.tellLast(report) }
        case .rootsDiffer(let ours, let theirs):
            failure = .rootsDiffer(ours: ours, theirs: theirs)
        case .pieceRefuted:
            failure = SealiftError(
                .rootMismatch, "a piece that arrived is not what its hash says",
                advice: "Run the same command again; what was proven is kept. If it happens again, "
                    + "one of the two machines has failing memory or a failing disk.")
        case .storageFailed(let storage):
            failure = SealiftError(storage, doing: .receive)
        case .violated(let violation):
            failure = SealiftError(violation)
        case .witnessed, .countersigned:
            break
        }
    }

    // MARK: The receipt

    /// Everything is here, and the sender said where its log stands: logs the end, and signs.
    private func sign(_ witness: ReceiptWitness, of attempt: ReceiveAttempt) {
        do throws(SealiftError) {
            guard let senderKeys, let completion, failure == nil, refutedFiles == 0 else {
                return attempt.endpoint.renounceReceipt()
            }
            try records.keep(former: witness.former, with: senderKeys)
            let tally = attempt.tally
            let end = try records.ended(
                senderKeys.id, with: completion, isWhole: tally.isWhole,
                bytes: progress.received(tally))
            guard let end,
                let proposal = try records.proposal(
                    witness, from: senderKeys, with: completion,
                    isReadBack: options.choices.verifiesDisk, log: end.log)
            else { return attempt.endpoint.renounceReceipt() }
            self.proposal = proposal
            attempt.endpoint.propose(proposal)
        } catch {
            failure = error
            attempt.endpoint.renounceReceipt()
        }
    }

    /// A receipt is waited for no longer: what was received stays so.
    private func endReceipt() {
        receiptDeadline = nil
        current.endpoint.renounceReceipt()
    }

    /// The sender signed too.
    private func keepReceipt(countersigned signature: [UInt8]) {
        guard let proposal else { return }
        guard
            let receipt = Receipt(
                proposal.statement, sender: signature, receiver: proposal.signature)
        else {
            observer.tell(
                .warning(TransferWarning("the sender's signature under the receipt is wrong")))
            return
        }
        do throws(SealiftError) { try records.keep(receipt) } catch {
            observer.tell(.warning(TransferWarning("no receipt was kept: \(error.message)")))
        }
    }

    private func tellProgress(now: Instant) {
        guard now >= nextReport, isWanted else { return }
        if let outage {
            nextReport = now + Self.outageInterval
            observer.tell(
                .reconnecting(
                    Reconnection(cause: outageCause, timeLeft: outage.timeLeft(now: now))))
        } else if current.isAccepted, let report = progressReport(.transferring, now: now) {
            nextReport = now + Self.progressInterval
            observer.tell(.progress(report))
        }
    }

    private func progressReport(_ phase: TransferProgress.Phase, now: Instant) -> TransferProgress?
    {
        guard let totals = current.endpoint.offer?.totals else { return nil }
        return progress.report(
            phase, of: totals, current.tally, statistics: current.endpoint.statistics, now: now)
    }

    private var outageCause: Reconnection.Cause {
        if case .closedByPeer = ending { return .peerStopped }
        return .connectionLost
    }

    // MARK: Result

    private func result() throws(SealiftError) -> TransferSummary {
        guard let completion, failure == nil else {
            throw failure ?? SealiftError(ending, waited: options.connectTimeout)
        }
        guard refutedFiles == 0 else {
            throw SealiftError(
                .rootMismatch,
                "\(refutedFiles) file(s) are not what the sender says they are",
                advice: "Run the same command again; everything else is delivered and kept.")
        }
        try manifest?.publish(completion)
        let tally = current.tally
        return TransferSummary(
            root: completion.root, files: completion.files, bytes: completion.bytes,
            received: progress.received(tally), reused: progress.reused(tally),
            resentProven: progress.resent(tally),
            skipped: tally.filesSkipped, failed: tally.filesFailed,
            isWhole: tally.isWhole,
            verifiedDisk: options.choices.verifiesDisk)
    }
}

extension SessionEnding {
    /// Whether the other end may be there again soon: it vanished, it was stopped, or new keys are
    /// all that is needed.
    fileprivate var canComeBack: Bool {
        switch self {
        case .lost, .closedByPeer(.interrupted, _), .closedByPeer(.keyExhausted, _),
            .closed(.keyExhausted, _):
            true
        case .noAnswer, .handshakeFailed, .closed, .closedByPeer: false
        }
    }
}

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

    let options: ReceiveOptions
    private let cancellation: Cancellation
    let observer: ObserverThread
    let waker: Waker
    private let pump: DatagramPump
    let finder: PathFinder
    let home: StateHome
    /// What this run did, in the machine's log.
    let records: TransferRecords
    /// The device that answered first; a ticket leads to one only.
    var sender: DeviceID?
    var senderKeys: DevicePublicKeys?
    /// What this end signed, until the sender signs it too.
    var proposal: ReceiptProposal?
    /// When a receipt is waited for no longer.
    var receiptDeadline: Instant?
    let manifest: ManifestFile?
    let dialer: ReceiverDialer
    /// The session that counts: the first dial, then the newest that somebody answered.
    var current: ReceiveAttempt
    /// The dial beside it while the sender is waited for.
    var fresh: ReceiveAttempt?
    /// The wait for a sender that went away; nil while it is there.
    var outage: Outage?
    /// When a better way than the present one is looked for.
    var furtherSearch: FurtherSearch
    /// The newest disk thread; each waits for the one before.
    var newestDisk: ReceiverDisk?
    private var consent: Consent
    var completion: Completion?
    var failure: SealiftError?
    var ending: SessionEnding?
    var isOver = false
    var progress = ReceiveProgress()
    var nextReport = Instant.zero
    var refutedFiles: UInt64 = 0

    init(
        _ options: ReceiveOptions, observer: any TransferObserver, cancellation: Cancellation
    ) throws(SealiftError) {
        self.options = options
        self.cancellation = cancellation
        try options.network.check()
        if options.folder == nil { try Destination.check(options.output) }
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
    func call(from start: Instant) throws(SealiftError) {
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
            let isMoreIn = pump.receive { datagram, path, ecn, now in
                if PathFinder.concerns(datagram) {
                    return finder.receive(datagram, on: path, now: now)
                }
                current.endpoint.receive(datagram, on: path, ecn: ecn, now: now)
                fresh?.endpoint.receive(datagram, on: path, ecn: ecn, now: now)
            }
            let now = MonotonicClock.now()
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

    /// Bytes of content that crossed the network in this run.
    var receivedBytes: UInt64 { progress.received(current.tally) }

    /// Whether the session is still to come to a good end.
    var isWanted: Bool { failure == nil && completion == nil }

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
                    sender,
                    decision: options.decision ?? (options.role == .pairingCode ? .code : .ticket),
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

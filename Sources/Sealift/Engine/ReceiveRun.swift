import DequeModule
import SealiftBase
import SealiftContent
import SealiftCrypto
import SealiftIO
import SealiftTransfer
import SealiftTransport
import Synchronization

/// One run of a receiver: the socket thread's loop around a ``ReceiverEndpoint``.
///
/// Everything that blocks is elsewhere: proving and writing in ``ReceiverDisk``, the user in
/// ``ObserverThread``. This thread only moves datagrams, messages and commands.
final class ReceiveRun {
    /// How often progress is told.
    private static let progressInterval = Duration.milliseconds(100)

    private let options: ReceiveOptions
    private let cancellation: Cancellation
    private let observer: ObserverThread
    private let waker: Waker
    private let pump: DatagramPump
    private let disk: ReceiverDisk
    private let spool: ListingSpool
    private let answers = AnswerBox()
    private var endpoint: ReceiverEndpoint
    private var backlog: Deque<ReceiverCommand> = []
    private var summary: ListingSummary?
    /// Whether the user said yes and nothing stands in the way.
    private var isAccepted = false
    private var completion: Completion?
    /// What was counted when both roots were found equal.
    private var finalTally: ReceiverSession.Tally?
    private var failure: SealiftError?
    private var ending: SessionEnding?
    private var rate = RateMeter()
    private var nextProgress = Instant.zero
    private var refutedFiles: UInt64 = 0

    /// The user's answer on its way from the observer's thread.
    private final class AnswerBox: Sendable {
        let value = Mutex<Decision?>(nil)
    }

    init(
        _ options: ReceiveOptions, observer: any TransferObserver, cancellation: Cancellation
    ) throws(SealiftError) {
        self.options = options
        self.cancellation = cancellation
        let home = try StateHome(options.home)
        let device = try home.device()
        let now = MonotonicClock.now()
        let skipSeed: UInt64
        do throws(SystemError) {
            let waker = try Waker()
            self.waker = waker
            cancellation.whenRequested { waker.wake() }
            let ticket = options.ticket
            let addresses = ticket.addresses.compactMap {
                SocketAddress(bytes: $0.bytes, port: $0.port)
            }
            pump = DatagramPump(
                sockets: try Self.sockets(toReach: addresses), waker: waker)
            let spool = try ListingSpool(in: home.folder)
            self.spool = spool
            let store = try ReceiverFileStore(
                output: options.output, sender: ticket.fingerprint, spool: spool,
                home: home.folder)
            disk = try ReceiverDisk(store: store, choices: options.choices, waker: waker)
            self.observer = try ObserverThread(observer)
            skipSeed = try SealiftIO.SystemEntropy.number()
        } catch {
            throw SealiftError(listening: error)
        }
        let ticket = options.ticket
        let role = options.role
        let addresses = ticket.addresses.compactMap {
            SocketAddress(bytes: $0.bytes, port: $0.port)
        }
        do throws(HandshakeError) {
            endpoint = try ReceiverEndpoint(
                paths: addresses.compactMap(pump.path(to:)),
                configuration: ConnectionConfiguration(packetNumberSkipSeed: skipSeed),
                contactTimeout: options.connectTimeout, now: now
            ) { () throws(HandshakeError) in
                var entropy = SealiftCrypto.SystemEntropy()
                return try HandshakeInitiator(
                    psk: ticket.secret, role: role, local: device,
                    expectedPeer: ticket.fingerprint, entropy: &entropy)
            }
        } catch {
            throw SealiftError(.handshakeFailed(error), waited: .zero)
        }
    }

    /// One socket for each family among `addresses` that this machine has.
    private static func sockets(
        toReach addresses: [SocketAddress]
    ) throws(SystemError) -> [DatagramSocket] {
        var sockets: [DatagramSocket] = []
        var failure: SystemError?
        for family in [SocketAddress.Family.ipv4, .ipv6]
        where addresses.contains(where: { $0.family == family }) {
            do throws(SystemError) {
                sockets.append(try DatagramSocket(bind: .unspecified(family)))
            } catch {
                failure = error
            }
        }
        if sockets.isEmpty, let failure { throw failure }
        return sockets
    }

    /// Runs until the session is over and everything proven is on disk.
    func run() throws(SealiftError) -> TransferSummary {
        NamedThread.sharpenTimers()
        let loopFailure = loop()
        disk.finish()
        observer.finish()
        if let loopFailure { throw loopFailure }
        return try result()
    }

    private func loop() -> SealiftError? {
        while ending == nil {
            let now = MonotonicClock.now()
            let isMoreIn = pump.receive { datagram, path, ecn in
                endpoint.receive(datagram, on: path, ecn: ecn, now: now)
            }
            while let output = disk.takeOutput() { endpoint.receive(output, now: now) }
            takeAnswer()
            if cancellation.isRequested, failure == nil {
                failure = .interrupted(byUserOf: .receive)
                endpoint.close(code: .interrupted, reason: "the receiver stopped", now: now)
            }
            if let due = endpoint.nextTimeout, due <= now { endpoint.handleTimeout(now: now) }
            endpoint.process(now: now)
            while let action = endpoint.pollAction() {
                perform(action, now: now)
                endpoint.process(now: now)
            }
            giveWork()
            tellProgress(now: now)
            let isMoreOut = pump.transmit {
                endpoint.pollTransmit(into: $0, now: now)
            } refused: {
                endpoint.sendFailed($0, $1, now: now)
            }
            if ending != nil { break }
            do throws(SystemError) {
                try pump.wait(until: isMoreIn || isMoreOut ? now : deadline(now: now))
            } catch {
                return SealiftError(.internalFailure, error)
            }
        }
        return nil
    }

    private func deadline(now: Instant) -> Instant {
        // A full command queue is looked at again soon; it empties at the disk's pace.
        if !backlog.isEmpty { return now + .milliseconds(1) }
        var deadline = endpoint.nextTimeout ?? .distantFuture
        if isAccepted { deadline = min(deadline, nextProgress) }
        return deadline
    }

    private func takeAnswer() {
        guard let decision = answers.value.withLock({ $0.take() }) else { return }
        guard decision == .accept else {
            failure = SealiftError(
                .declined, "nothing was received: the answer was no",
                advice: "The ticket is still good; run the same command again to accept.")
            endpoint.decline()
            return
        }
        if let failure = obstacle() {
            self.failure = failure
            endpoint.decline()
        } else {
            isAccepted = true
            endpoint.accept()
        }
    }

    /// What stands in the way of accepting, decided over the whole listing before a byte moves.
    private func obstacle() -> SealiftError? {
        guard let summary else { return nil }
        if summary.conflictCount > 0 {
            return .destinationExists(
                summary.conflicts.map { PrintableText.escape($0.bytes) },
                count: summary.conflictCount)
        }
        if summary.isTooScattered {
            return SealiftError(
                .usage, "what --include and --exclude leave out lies in too many places",
                advice: "Choose whole folders, or take everything.")
        }
        if summary.neededBytes > summary.freeSpace {
            return .notEnoughSpace(needed: summary.neededBytes, free: summary.freeSpace)
        }
        return nil
    }

    private func giveWork() {
        while let command = backlog.first, disk.tryPush(command) { backlog.removeFirst() }
    }

    // MARK: Actions

    private func perform(_ action: ReceiverEndpoint.Action, now: Instant) {
        switch action {
        case .connected(let peer, let path):
            observer.tell(
                .connected(
                    PeerConnection(
                        peerFingerprint: peer.id.fingerprint.description,
                        address: EndpointAddress(path.address))))
        case .work(let command):
            backlog.append(command)
        case .ask(let summary):
            self.summary = summary
            ask(summary)
        case .report(let report):
            take(report)
        case .ended(let ending):
            self.ending = ending
        }
    }

    private func ask(_ summary: ListingSummary) {
        let spool = spool
        let question = OfferSummary(
            entries: summary.totals.entries, files: summary.totals.files,
            bytes: summary.totals.bytes, dataBytes: summary.totals.dataBytes,
            reusableBytes: summary.reusableBytes, output: options.output,
            freeSpace: summary.freeSpace,
            isContinued: endpoint.offer?.claim == .yours,
            forEachEntry: { visit throws(SealiftError) in try spool.forEachEntry(visit) })
        let (answers, waker) = (answers, waker)
        observer.ask(question) { decision in
            answers.value.withLock { $0 = decision }
            waker.wake()
        }
    }

    private func take(_ report: ReceiverSession.Report) {
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
                        result: FileReport.Result(result))))
        case .completed(let completion):
            self.completion = completion
            finalTally = endpoint.tally
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
        }
    }

    private func tellProgress(now: Instant) {
        guard let tally = endpoint.tally, let totals = endpoint.offer?.totals,
            isAccepted, now >= nextProgress
        else { return }
        nextProgress = now + Self.progressInterval
        rate.note(tally.receivedBytes, now: now)
        let holes = totals.bytes - totals.dataBytes
        let done = tally.receivedBytes + tally.reusedBytes
        let statistics = endpoint.statistics
        observer.tell(
            .progress(
                TransferProgress(
                    bytesDone: done == totals.dataBytes ? totals.bytes : done,
                    bytesTotal: totals.bytes, filesDone: tally.filesDelivered,
                    filesTotal: totals.files, bytesPerSecond: rate.bytesPerSecond,
                    timeRemaining: rate.timeRemaining(
                        for: totals.bytes - min(totals.bytes, holes + done)),
                    roundTripTime: statistics?.smoothedRTT,
                    lossRatio: statistics?.lossRatio ?? 0)))
    }

    // MARK: Result

    private func result() throws(SealiftError) -> TransferSummary {
        if let completion, let tally = finalTally, failure == nil {
            guard refutedFiles == 0 else {
                throw SealiftError(
                    .rootMismatch,
                    "\(refutedFiles) file(s) are not what the sender says they are",
                    advice: "Run the same command again; everything else is delivered and kept.")
            }
            return TransferSummary(
                root: completion.root, files: completion.files, bytes: completion.bytes,
                received: tally.receivedBytes, reused: tally.reusedBytes,
                resentProven: tally.resentProvenBytes, skipped: tally.filesSkipped,
                failed: tally.filesFailed,
                isWhole: tally.entriesSkipped == 0 && tally.filesFailed == 0,
                verifiedDisk: options.choices.verifiesDisk)
        }
        throw failure ?? SealiftError(ending, waited: options.connectTimeout)
    }
}

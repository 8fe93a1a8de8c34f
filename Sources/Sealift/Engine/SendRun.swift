import DequeModule
import SealiftBase
import SealiftContent
import SealiftCrypto
import SealiftIO
import SealiftTransfer
import SealiftTransport
import SealiftTraversal

/// One run of a sender: the socket thread's loop around a ``SenderEndpoint``.
///
/// Everything that blocks is elsewhere: reading and hashing in ``SenderDisk``, the user in
/// ``ObserverThread``. Only a claim is put on disk here, because nothing may go on before it is.
final class SendRun {
    /// How often progress is told.
    private static let progressInterval = Duration.milliseconds(100)
    /// Object bytes that wait in the transport: 8 ms at 1 GB/s, so that the disk thread is never
    /// waited for.
    private static let queuedBytesWanted = 8 << 20
    /// How long the end waits for the receiver's farewell once the receiver has confirmed.
    private static let farewellTime = Duration.seconds(3)

    private let options: SendOptions
    private let cancellation: Cancellation
    private let observer: ObserverThread
    private let waker: Waker
    private let pump: DatagramPump
    private let catalog: SendCatalog
    private var desk: TicketDesk
    private let disk: SenderDisk
    /// Offers codes; nil where no rendezvous server is named.
    private let codes: CodeDesk?
    private var endpoint: SenderEndpoint
    private var backlog: Deque<SenderDisk.Command> = []
    /// The session whose receiver owns the ticket.
    private var owner: SenderEndpoint.SessionID?
    private var completion: (Completion, skipped: UInt64, failed: UInt64)?
    private var failure: SealiftError?
    private var isOver = false
    private var sentBytes: UInt64 = 0
    private var filesRead: UInt64 = 0
    private var rate = RateMeter()
    private var nextProgress = Instant.zero
    /// When waiting for a receiver ends; nil once one owns the ticket, or for no end.
    private var patience: Instant?
    private var farewellDeadline: Instant?

    init(
        _ options: SendOptions, observer: any TransferObserver, cancellation: Cancellation
    ) throws(SealiftError) {
        self.options = options
        self.cancellation = cancellation
        let home = try StateHome(options.home)
        let device = try home.device()
        let sources = try SendArguments(options.paths)
        var desk = try TicketDesk(home: home, options: options, sources: sources)
        do throws(SystemError) {
            let waker = try Waker()
            self.waker = waker
            cancellation.whenRequested { waker.wake() }
            let observer = try ObserverThread(observer)
            self.observer = observer
            pump = DatagramPump(sockets: try desk.openSockets(), waker: waker)
        } catch {
            throw SealiftError(listening: error)
        }
        let observer = self.observer
        catalog = try SendCatalog(scanning: sources, home: home.folder) { warning in
            observer.tell(.warning(warning))
        }
        guard catalog.totals.entries > 0 else {
            throw SealiftError(
                .sourceNotFound, "there is nothing to send",
                advice: "Everything named was skipped; the warnings above say why.")
        }
        try desk.open(
            addresses: pump.sockets.map(\.localAddress),
            fingerprint: device.publicKeys.id.fingerprint)
        self.desk = desk
        do throws(SystemError) {
            disk = try SenderDisk(catalog: catalog, waker: waker)
            var responder = HandshakeResponder(
                local: device, entropy: SealiftCrypto.SystemEntropy())
            responder.accept(desk.ticket.secret, role: .ticket)
            endpoint = SenderEndpoint(
                responder: responder,
                configuration: ConnectionConfiguration(
                    packetNumberSkipSeed: try SealiftIO.SystemEntropy.number()))
        } catch {
            throw SealiftError(.internalFailure, error)
        }
        do throws(SystemError) {
            codes =
                options.rendezvous.isEmpty
                ? nil
                : try CodeDesk(
                    servers: options.rendezvous, meeting: Meeting(desk.ticket), waker: waker)
        } catch {
            throw SealiftError(.internalFailure, error)
        }
        patience = options.wait.map { MonotonicClock.now() + $0 }
    }

    /// Runs until the receiver has confirmed the whole, or the run ends otherwise.
    func run() throws(SealiftError) -> TransferSummary {
        NamedThread.sharpenTimers()
        observer.tell(.ticket(text: desk.ticket.text))
        observer.tell(
            .listening(
                addresses: desk.ticket.addresses.compactMap {
                    EndpointAddress(bytes: $0.bytes, port: $0.port)
                }))
        let loopFailure = loop()
        codes?.finish()
        disk.finish()
        observer.finish()
        if let failure = loopFailure ?? failure { throw failure }
        guard let (completion, skipped, failed) = completion else {
            throw SealiftError(.internalFailure, "the run ended without a result", advice: "")
        }
        return TransferSummary(
            root: completion.root, files: completion.files, bytes: completion.bytes,
            received: sentBytes, reused: completion.bytes - min(completion.bytes, sentBytes),
            resentProven: 0, skipped: skipped, failed: failed)
    }

    private func loop() -> SealiftError? {
        while !isOver {
            let now = MonotonicClock.now()
            let isMoreIn = pump.receive { datagram, path, ecn in
                endpoint.receive(datagram, on: path, ecn: ecn, now: now)
            }
            takeOutputs()
            takeCodes()
            if let due = endpoint.nextTimeout, due <= now { endpoint.handleTimeout(now: now) }
            settle(now: now)
            giveWork()
            judgeEnd(now: now)
            tellProgress(now: now)
            let isMoreOut = pump.transmit {
                endpoint.pollTransmit(into: $0, now: now)
            } refused: {
                endpoint.sendFailed($0, $1, now: now)
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

    /// Takes objects from the disk thread as long as the transport's queue wants more.
    private func takeOutputs() {
        while owner.map({ endpoint.bytesQueued(of: $0) < Self.queuedBytesWanted }) ?? true,
            let found = disk.takeOutput()
        {
            endpoint.receive(found.output, for: found.session)
            // Only what the session made of the object counts in its queue.
            if case .object = found.output { endpoint.process(now: MonotonicClock.now()) }
        }
    }

    /// Takes note of what became of the codes.
    private func takeCodes() {
        while let event = codes?.takeEvent() {
            switch event {
            case .code(let code): observer.tell(.code(text: code.text))
            case .agreed(let key): endpoint.accept(key, role: .pairingCode)
            case .trouble(let words): observer.tell(.warning(TransferWarning(words)))
            }
        }
    }

    private func settle(now: Instant) {
        endpoint.process(now: now)
        while let action = endpoint.pollAction() {
            perform(action, now: now)
            endpoint.process(now: now)
        }
    }

    private func giveWork() {
        while let command = backlog.first, disk.tryPush(command) { backlog.removeFirst() }
    }

    private func deadline(now: Instant) -> Instant {
        if !backlog.isEmpty { return now + .milliseconds(1) }
        var deadline = endpoint.nextTimeout ?? .distantFuture
        if owner != nil { deadline = min(deadline, max(nextProgress, now + .milliseconds(1))) }
        for end in [patience, farewellDeadline] { deadline = min(deadline, end ?? .distantFuture) }
        return deadline
    }

    // MARK: Actions

    private func perform(_ action: SenderEndpoint.Action, now: Instant) {
        switch action {
        case .admit(let id, let peer, let path):
            admit(id, peer, path)
        case .decideClaim(let id, let peer):
            decideClaim(of: id, by: peer)
        case .work(let id, let command):
            backlog.append(.work(id, command))
        case .report(let id, let report):
            take(report, of: id)
        case .closing(let id):
            backlog.append(.end(id))
        case .ended(let id, let ending):
            if id == owner { ownerLeft(ending) }
        }
    }

    private func admit(
        _ id: SenderEndpoint.SessionID, _ peer: DevicePublicKeys, _ path: PathID
    ) {
        if let refusal = desk.refusal(for: peer.id) {
            endpoint.refuse(id, refusal)
            return
        }
        backlog.append(.admit(id))
        let isOwner = desk.owner == peer.id
        endpoint.offer(
            Offer(
                claim: isOwner ? .yours : .unclaimed, listing: catalog.listing,
                totals: catalog.totals),
            to: id)
        observer.tell(
            .connected(
                PeerConnection(
                    peerFingerprint: peer.id.fingerprint.description,
                    address: EndpointAddress(path.address))))
    }

    private func decideClaim(of id: SenderEndpoint.SessionID, by peer: DevicePublicKeys) {
        do throws(SealiftError) {
            let refusal = try desk.claim(by: peer.id)
            if refusal == nil {
                owner = id
                patience = nil
            }
            endpoint.claimDecided(id, refusal)
        } catch {
            // Nothing moves on a claim that is not on disk.
            failure = error
            endpoint.claimDecided(id, .unavailable)
            isOver = true
        }
    }

    private func take(_ report: SenderSession.Report, of id: SenderEndpoint.SessionID) {
        switch report {
        case .claimed:
            break
        case .fileRead(let path, let content):
            filesRead += 1
            observer.tell(
                .file(
                    FileReport(
                        path: path.bytes, size: content.length, root: content.root, result: .sent)))
        case .fileFailed(let path, let reason):
            observer.tell(
                .file(
                    FileReport(
                        path: path.bytes, size: 0, root: nil,
                        result: .failed(reason: reason.explanation))))
        case .completed(let completion, let skipped, let failed):
            sentBytes = endpoint.contentBytesSent(of: id) ?? sentBytes
            self.completion = (completion, skipped, failed)
            farewellDeadline = MonotonicClock.now() + Self.farewellTime
            do throws(SealiftError) { try desk.complete() } catch { failure = error }
        case .rootsDiffer(let ours, let theirs):
            failure = .rootsDiffer(ours: ours, theirs: theirs)
        case .storageFailed(let storage):
            failure = SealiftError(storage, doing: .send)
        case .violated(let violation):
            guard id == owner else { return }
            failure = SealiftError(violation)
        }
    }

    /// The owner's session is gone. Unless everything was confirmed, it may come back.
    private func ownerLeft(_ ending: SessionEnding) {
        owner = nil
        if completion != nil || failure != nil {
            isOver = true
            return
        }
        switch ending {
        case .closedByPeer(.integrity, _), .closedByPeer(.violation, _):
            failure = SealiftError(ending, waited: .zero)
            isOver = true
        default:
            observer.tell(
                .warning(
                    TransferWarning(
                        "the receiver left before the end; waiting for it to come back")))
            if let wait = options.wait { patience = MonotonicClock.now() + wait }
        }
    }

    private func judgeEnd(now: Instant) {
        if cancellation.isRequested, failure == nil, completion == nil {
            failure = .interrupted(byUserOf: .send)
            for id in endpoint.sessions {
                endpoint.close(id, code: .interrupted, reason: "the sender stopped", now: now)
            }
            farewellDeadline = now + .milliseconds(300)
        }
        if let deadline = farewellDeadline, now >= deadline { isOver = true }
        if failure != nil, endpoint.sessions.isEmpty { isOver = true }
        if let patience, now >= patience, owner == nil, failure == nil {
            failure = .nobodyCame(waited: options.wait ?? .zero)
            isOver = true
        }
        if owner == nil, failure == nil, completion == nil, endpoint.sessions.isEmpty,
            let expiry = desk.expired()
        {
            failure = expiry
            isOver = true
        }
    }

    private func tellProgress(now: Instant) {
        guard let owner, now >= nextProgress, completion == nil,
            let sent = endpoint.contentBytesSent(of: owner)
        else { return }
        nextProgress = now + Self.progressInterval
        rate.note(sent, now: now)
        sentBytes = sent
        let statistics = endpoint.statistics(of: owner)
        let total = catalog.totals.bytes
        observer.tell(
            .progress(
                TransferProgress(
                    bytesDone: sent == catalog.totals.dataBytes ? total : min(sent, total),
                    bytesTotal: total, filesDone: filesRead, filesTotal: catalog.totals.files,
                    bytesPerSecond: rate.bytesPerSecond,
                    timeRemaining: rate.timeRemaining(
                        for: catalog.totals.dataBytes - min(catalog.totals.dataBytes, sent)),
                    roundTripTime: statistics?.smoothedRTT,
                    lossRatio: statistics?.lossRatio ?? 0)))
    }
}

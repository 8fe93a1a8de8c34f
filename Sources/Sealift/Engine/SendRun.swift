import DequeModule
import SealiftBase
import SealiftContent
import SealiftCrypto
import SealiftIO
import SealiftPeople
import SealiftTransfer
import SealiftTransport
import SealiftTraversal

/// One run of a sender: the socket thread's loop around a ``SenderEndpoint``.
///
/// Everything that blocks is elsewhere: reading and hashing in ``SenderDisk``, the user in
/// ``ObserverThread``. Only a claim is put on disk here, because nothing may go on before it is.
final class SendRun {
    /// Object bytes that wait in the transport: 8 ms at 1 GB/s, so that the disk thread is never
    /// waited for.
    private static let queuedBytesWanted = 8 << 20
    /// The same of small objects, with one receiver: what they cost is opening files, and that is done while
    /// a long path carries little yet.
    private static let smallObjectBytesWanted = 32 << 20
    /// An average of queued objects up to which they are small.
    private static let smallObjectSize = 32 << 10
    /// How long the end waits for the receiver's farewell once the receiver knows that it has the whole.
    static let farewellTime = Duration.seconds(3)

    let options: SendOptions
    let cancellation: Cancellation
    let observer: ObserverThread
    private let waker: Waker
    private let pump: DatagramPump
    let catalog: SendCatalog
    let ownFingerprint: String
    let reception: Reception
    private let manifest: ManifestFile?
    var desk: TicketDesk
    /// What this run did, in the machine's log.
    let records: TransferRecords
    let disk: SenderDisk
    let finder: PathFinder
    /// Hears dialers on this machine's links; nil where the policy leaves none.
    private let lan: LanListener?
    /// Offers codes; nil where no rendezvous server is named.
    private let codes: CodeDesk?
    var endpoint: SenderEndpoint
    var backlog: Deque<SenderDisk.Command> = []
    var guests = GuestBook()
    /// What the last receiver confirmed.
    var completion: (Completion, skipped: UInt64, failed: UInt64)?
    /// Receipts that may still come.
    var receipts: SenderReceipts
    /// Judges what was found, before anybody hears of it; what it says ends the run.
    var objection: ((SendCatalog) -> SealiftError?)?
    /// Told of each receipt as soon as it is kept, and whether it is for everything that there was.
    var receiptKept: ((Receipt, _ isWhole: Bool) -> Void)?
    var failure: SealiftError?
    var isOver = false
    var progress: SendProgress
    /// When waiting for a receiver ends; nil while one is served, or for no end.
    var patience: Instant?
    var farewellDeadline: Instant?

    init(
        _ options: SendOptions, observer: any TransferObserver, cancellation: Cancellation
    ) throws(SealiftError) {
        self.options = options
        self.cancellation = cancellation
        try options.network.check()
        try options.relay?.check(options.network)
        let home = try StateHome(options.home, passphrase: options.passphrase)
        let device = try home.device()
        records = try TransferRecords(home: home, device: device, direction: .sent)
        receipts = SenderReceipts(records)
        ownFingerprint = device.publicKeys.id.fingerprint.description
        let sources = try SendArguments(options.paths, landingAs: options.grant?.name)
        var desk = try TicketDesk(home: home, options: options, sources: sources)
        manifest = try options.manifest.map { path throws(SealiftError) in
            try ManifestFile(named: path)
        }
        do throws(SystemError) {
            let waker = try Waker()
            self.waker = waker
            cancellation.whenRequested { waker.wake() }
            let observer = try ObserverThread(observer)
            self.observer = observer
            reception = Reception(options.admission, observer: observer) { waker.wake() }
            pump = DatagramPump(
                sockets: try desk.openSockets(), waker: waker, policy: options.network)
            finder = try PathFinder(
                pump, role: .callee, device: device.publicKeys.id, policy: options.network,
                stun: options.stun, rendezvous: options.contactedServers,
                relay: options.contactedRelay, waker: waker)
        } catch {
            throw SealiftError(listening: error)
        }
        catalog = try Self.scan(sources, options.grant, home, cancellation, self.observer)
        progress = SendProgress(of: catalog.totals)
        try desk.open(
            sockets: pump.sockets,
            reflexive: try desk.needsAddresses ? finder.settledReflexive(cancellation) : [],
            fingerprint: device.publicKeys.id.fingerprint)
        self.desk = desk
        do throws(SystemError) {
            disk = try SenderDisk(catalog: catalog, manifest: manifest, waker: waker)
            var responder = HandshakeResponder(
                local: device, features: [.receipts, .listingAhead],
                entropy: SealiftCrypto.SystemEntropy())
            responder.accept(desk.ticket.secret, role: .ticket)
            var configuration = ConnectionConfiguration(
                packetNumberSkipSeed: try SealiftIO.SystemEntropy.number())
            options.traffic.apply(to: &configuration)
            endpoint = SenderEndpoint(responder: responder, configuration: configuration)
        } catch {
            throw SealiftError(.internalFailure, error)
        }
        do throws(SystemError) {
            // Whom a socket on the loopback hears from is none of the link's.
            lan =
                pump.sockets.allSatisfy(\.localAddress.isLoopback)
                ? nil : try LanListener(options.network, notify: waker)
            try finder.awaitCalls(desk.ticket.secret)
            codes =
                options.contactedServers.isEmpty || !options.offersCode
                ? nil
                : try CodeDesk(
                    servers: options.contactedServers, meeting: Meeting(desk.ticket),
                    audience: options.audience, waker: waker)
        } catch {
            throw SealiftError(.internalFailure, error)
        }
        patience = options.wait.map { MonotonicClock.now() + $0 }
    }

    /// Walks what is to be sent. What was told of it is shown, also where that is the end.
    private static func scan(
        _ sources: SendArguments, _ grant: GrantedContent?, _ home: StateHome,
        _ cancellation: Cancellation, _ observer: ObserverThread
    ) throws(SealiftError) -> SendCatalog {
        do throws(SealiftError) {
            let catalog = try SendCatalog(
                scanning: sources, granted: grant, home: home.folder, cancellation: cancellation
            ) { event in
                observer.tell(event)
            }
            guard catalog.totals.entries > 0 else {
                throw SealiftError(
                    .sourceNotFound, "there is nothing to send",
                    advice: "Everything named was skipped; the warnings above say why.")
            }
            return catalog
        } catch {
            observer.finish()
            throw error
        }
    }

    /// Runs until the receiver has confirmed the whole, or the run ends otherwise.
    func run() throws(SealiftError) -> TransferSummary {
        NamedThread.sharpenTimers()
        let objection = objection?(catalog)
        if objection == nil { tellBeginning() }
        let loopFailure = objection ?? loop()
        finder.finish()
        lan?.finish()
        codes?.finish()
        disk.finish()
        // Nobody needs the answer any more: wake whoever thinks about it.
        if reception.isAsking { cancellation.request() }
        observer.finish()
        let ending = loopFailure ?? failure
        do throws(SealiftError) { try records.finish(ending) } catch { throw ending ?? error }
        if let ending { throw ending }
        guard let (completion, skipped, failed) = completion else {
            throw SealiftError(.internalFailure, "the run ended without a result", advice: "")
        }
        try manifest?.publish(completion)
        let sent = guests.sentBytes
        return TransferSummary(
            root: completion.root, files: completion.files, bytes: completion.bytes,
            received: sent, reused: completion.bytes - min(completion.bytes, sent),
            resentProven: 0, skipped: skipped + catalog.leftOut.skipped,
            failed: failed + catalog.leftOut.unreadable)
    }

    private func tellBeginning() {
        observer.tell(.ticket(text: desk.ticket.text))
        observer.tell(
            .listening(
                addresses: desk.ticket.addresses.compactMap {
                    EndpointAddress(bytes: $0.bytes, port: $0.port)
                }))
    }

    /// Whether only farewells are still to be said.
    var isLeaving: Bool { failure != nil || farewellDeadline != nil }

    private func loop() -> SealiftError? {
        while !isOver {
            let isMoreIn = pump.receive { datagram, path, ecn, now in
                if PathFinder.concerns(datagram) {
                    return finder.receive(datagram, on: path, now: now)
                }
                // Whoever dials now would find a sender that is about to leave.
                if isLeaving, PacketProtection.connectionID(ofPacket: datagram) == nil { return }
                endpoint.receive(datagram, on: path, ecn: ecn, now: now)
            }
            let now = MonotonicClock.now()
            finder.advance(now: now)
            takeLan(now: now)
            takeFailedCalls()
            takeOutputs()
            takeCodes()
            takeAnswers()
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

    /// Takes what dialers on this machine's links sent to everybody there.
    private func takeLan(now: Instant) {
        while let arrival = lan?.takeArrival() {
            guard !isLeaving, let path = pump.answerPath(to: arrival.source) else { continue }
            arrival.datagram.withUnsafeBytes {
                endpoint.receive($0, on: path, ecn: .notCapable, now: now)
            }
        }
    }

    /// Takes objects from the disk thread as long as a transport's queue wants more. Of several
    /// receivers, those that have plenty are left out, so that a slow one holds up no other.
    private func takeOutputs() {
        while hasRoomForOutputs, let found = disk.takeOutput() {
            endpoint.receive(found.output, for: found.session)
            // Only what the session made of the object counts in its queue.
            if case .object = found.output { endpoint.process(now: MonotonicClock.now()) }
        }
    }

    private var hasRoomForOutputs: Bool {
        let served = guests.served
        guard served.count > 1 else {
            return served.first.map(isReadAheadWanted) ?? true
        }
        let full = served.filter { endpoint.bytesQueued(of: $0) >= Self.queuedBytesWanted }
        disk.pause(full)
        return full.count < served.count
    }

    private func isReadAheadWanted(of id: SenderEndpoint.SessionID) -> Bool {
        let bytes = endpoint.bytesQueued(of: id)
        return bytes < Self.queuedBytesWanted
            || (bytes < Self.smallObjectBytesWanted
                && bytes < endpoint.objectsQueued(of: id) * Self.smallObjectSize)
    }

    /// Takes note of what became of the codes.
    private func takeCodes() {
        while let event = codes?.takeEvent() {
            switch event {
            case .code(let code): observer.tell(.code(text: code.text))
            case .agreed(let key):
                endpoint.accept(key, role: .pairingCode)
                // The desks are open since the ticket's calls are waited for.
                try? finder.awaitCalls(key)
            case .trouble(let words): observer.tell(.warning(TransferWarning(words)))
            case .exhausted(let words):
                observer.tell(.warning(TransferWarning(words + ". The ticket still works")))
            }
        }
    }

    /// Tells of receivers that called and were not reached, and of a relay that is not there.
    private func takeFailedCalls() {
        while let words = finder.takeRelayTrouble() {
            observer.tell(.warning(TransferWarning(words)))
        }
        while let failure = finder.takeFailure() {
            guard guests.served.isEmpty else { continue }
            observer.tell(.warning(TransferWarning(failedCall: failure)))
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

    func deadline(now: Instant) -> Instant {
        if !backlog.isEmpty { return now + .milliseconds(1) }
        var deadline = endpoint.nextTimeout ?? .distantFuture
        if guests.isAnyoneUnfinished {
            deadline = min(deadline, max(progress.nextReport, now + .milliseconds(1)))
        }
        // Asked for in every turn: no array is made for it.
        deadline = min(deadline, patience ?? .distantFuture)
        deadline = min(deadline, farewellDeadline ?? .distantFuture)
        return min(deadline, finder.nextTimeout ?? .distantFuture)
    }

    // MARK: Actions

    private func perform(_ action: SenderEndpoint.Action, now: Instant) {
        switch action {
        case .admit(let id, let peer, let path):
            admit(id, peer, path)
        case .moved(let id, let path):
            moved(id, to: path)
        case .decideClaim(let id, let peer):
            decideClaim(of: id, by: peer)
        case .work(let id, let command):
            backlog.append(.work(id, command))
        case .report(let id, let report):
            take(report, of: id, now: now)
        case .closing(let id):
            backlog.append(.end(id))
        case .ended(let id, let ending):
            // A session that was replaced never closed.
            backlog.append(.end(id))
            leave(id, ending, now: now)
        }
    }

    private func take(
        _ report: SenderSession.Report, of id: SenderEndpoint.SessionID, now: Instant
    ) {
        switch report {
        case .claimed:
            break
        case .fileRead(let path, let content, let isServed):
            progress.fileRead()
            observer.tell(
                .file(
                    FileReport(
                        path: path.bytes, size: content.length,
                        root: content.length > 0 ? content.root : nil,
                        result: isServed ? .sent : .reused)))
        case .fileFailed(let path, let reason):
            observer.tell(
                .file(
                    FileReport(
                        path: path.bytes, size: 0, root: nil,
                        result: .failed(reason: reason.explanation))))
        case .completed(let completion, let skipped, let failed):
            self.completion = (completion, skipped, failed)
            completed(completion, isWhole: skipped == 0 && failed == 0, by: id)
        case .proposed(let proposal):
            guard let peer = endpoint.peer(of: id) else { return }
            switch receipts.countersign(proposal, of: id, by: peer) {
            case .success(let receipt):
                guard let receipt else { break }
                receiptKept?(receipt, isEverythingThere)
                endpoint.countersign(id, receipt.senderSignature)
            case .failure(let error):
                observer.tell(.warning(TransferWarning("no receipt was kept: \(error.message)")))
            }
        case .rootsDiffer(let ours, let theirs):
            end(id, .rootsDiffer(ours: ours, theirs: theirs))
        case .storageFailed(let storage):
            failure = SealiftError(storage, doing: .send)
        case .violated(let violation):
            guard guests.served.contains(id) else { return }
            end(id, SealiftError(violation))
        }
    }

    /// Whether the last receiver that confirmed has everything that there was to send.
    private var isEverythingThere: Bool {
        guard let (_, skipped, failed) = completion else { return false }
        return skipped == 0 && failed == 0 && catalog.leftOut == (0, 0)
    }

    // MARK: Progress

    private func tellProgress(now: Instant) {
        guard let first = guests.served.min(), guests.isAnyoneUnfinished,
            now >= progress.nextReport, !isLeaving
        else { return }
        for id in guests.served { countSent(to: id) }
        observer.tell(
            .progress(
                progress.transferring(
                    sent: guests.sentToServed, receivers: guests.served.count,
                    statistics: endpoint.statistics(of: first), now: now)))
    }

    func countSent(to id: SenderEndpoint.SessionID) {
        if let sent = endpoint.contentBytesSent(of: id) { guests.note(sent: sent, to: id) }
    }
}

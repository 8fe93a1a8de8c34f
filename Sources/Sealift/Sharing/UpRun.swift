import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftPeople
import SealiftStore
import SealiftTransfer
import SealiftTransport
import SealiftTraversal

/// Serves this machine's shares to its contacts and takes their offers, until the user stops it.
///
/// Blocks; call it from a thread that may.
/// - Throws: why it could not begin or go on.
public func runUp(
    _ options: UpOptions, observer: any UpObserver, cancellation: Cancellation
) throws(SealiftError) {
    try UpRun(options, observer: observer, cancellation: cancellation).run()
}

/// The socket thread's loop around a ``ContactHost``.
///
/// Look-ups and judgements are done here: each takes less than a millisecond, and nothing of a download waits
/// for them, because every download has threads and sockets of its own.
final class UpRun {
    /// How long farewells are sent once the user stopped it.
    private static let farewellTime = Duration.milliseconds(300)
    /// How often it is looked whether contacts changed, and whether what runs may go on.
    private static let reviewInterval = Duration.milliseconds(500)

    let options: UpOptions
    let observer: any UpObserver
    private let cancellation: Cancellation
    let waker: Waker
    private let pump: DatagramPump
    private let finder: PathFinder
    private let lan: LanListener?
    let access: ContactAccess
    /// The same passphrase, for the senders and receivers that run beside.
    let passphrase: PassphraseSource
    let desk: ShareDesk
    var host: ContactHost
    /// Who is at the other end of each session.
    var askers: [ContactHost.SessionID: ShareDesk.Asker] = [:]
    /// The keys that opened them.
    private var pairs: [ContactHost.SessionID: ContactPair] = [:]
    /// The user's devices as they are by now: another process may add or end one.
    private var own: OwnIdentity
    var downloads: [UpDownload] = []
    var receptions: [UpReception] = []
    var uploads: [UpUpload] = []
    var uploadEndings = UpUploadEndings()
    /// What rules took and could not be fetched since it was offered last.
    var failedOffers: Set<OfferID> = []
    /// Offers that this run has told its observer of.
    var toldOffers: Set<OfferID> = []
    /// What the table of keys was made of; see ``Store/contactStamp()``.
    private var welcomed: Int?
    private var welcomedHour: UInt64 = 0
    private var nextReview = Instant.zero

    init(
        _ options: UpOptions, observer: any UpObserver, cancellation: Cancellation
    ) throws(SealiftError) {
        self.options = options
        self.observer = observer
        self.cancellation = cancellation
        try options.network.check()
        try options.relay?.check(options.network)
        passphrase = options.passphrase.askingOnce()
        let access = try ContactAccess(home: options.home, passphrase: passphrase)
        self.access = access
        own = access.own
        desk = ShareDesk(access: access)
        do throws(SystemError) {
            let waker = try Waker()
            self.waker = waker
            cancellation.whenRequested { waker.wake() }
            let listen = options.listen.compactMap {
                SocketAddress(bytes: $0.bytes, port: $0.port)
            }
            pump = DatagramPump(
                sockets: try options.network.openSockets(listen: listen), waker: waker,
                policy: options.network)
            finder = try PathFinder(
                pump, role: .callee, device: access.device.publicKeys.id, policy: options.network,
                stun: options.stun, rendezvous: options.contactedServers,
                relay: options.contactedRelay, waker: waker)
            lan =
                pump.sockets.allSatisfy(\.localAddress.isLoopback)
                ? nil : try LanListener(options.network, notify: waker)
        } catch {
            throw SealiftError(listening: error)
        }
        host = ContactHost(
            responder: HandshakeResponder(
                local: access.device, features: .dailyMailboxes,
                entropy: SealiftCrypto.SystemEntropy()),
            showing: access.own.chain, configuration: try .forMeasuring(options.traffic))
        try welcomeContacts(now: MonotonicClock.now())
    }

    func run() throws(SealiftError) {
        NamedThread.sharpenTimers()
        try tellBeginning()
        fetchAccepted()
        defer {
            finder.finish()
            lan?.finish()
            endRuns()
        }
        var farewell: Instant?
        while true {
            let isMoreIn = pump.receive { datagram, path, ecn, now in
                if PathFinder.concerns(datagram) {
                    return finder.receive(datagram, on: path, now: now)
                }
                reviewKnock(datagram, now: now)
                host.receive(datagram, on: path, ecn: ecn, now: now)
            }
            let now = MonotonicClock.now()
            finder.advance(now: now)
            takeFindings(now: now)
            if let due = host.nextTimeout, due <= now { host.handleTimeout(now: now) }
            try review(now: now)
            takeDownloadEvents(now: now)
            if farewell == nil { takeReceptionEvents() }
            takeUploadEvents()
            try settle(now: now)
            if farewell == nil, cancellation.isRequested {
                host.close(now: now)
                for download in downloads { download.run.cancel() }
                for reception in receptions { reception.run.cancel() }
                for upload in uploads { upload.run.cancel() }
                farewell = now + Self.farewellTime
            }
            if let farewell, now >= farewell || host.sessionCount == 0 { return }
            let isMoreOut = pump.transmit {
                host.pollTransmit(into: $0, now: now)
            } refused: {
                host.sendFailed($0, $1, now: now)
            }
            var due = min(farewell ?? .distantFuture, nextReview)
            for timeout in [host.nextTimeout, finder.nextTimeout] {
                due = min(due, timeout ?? .distantFuture)
            }
            do throws(SystemError) {
                try pump.wait(until: isMoreIn || isMoreOut ? now : due)
            } catch {
                throw SealiftError(.internalFailure, error)
            }
        }
    }

    private func tellBeginning() throws(SealiftError) {
        let addresses = try options.network.ticketAddresses(
            of: pump.sockets, reflexive: finder.settledReflexive(cancellation))
        do throws(StoreFailure) {
            observer.handle(
                .listening(
                    addresses: addresses.compactMap {
                        EndpointAddress(bytes: $0.bytes, port: $0.port)
                    },
                    contacts: try access.store.contacts().contacts.count,
                    shares: try access.store.shares().count,
                    held: try access.store.inbox([.held, .releasing, .discarding]).count))
        } catch {
            throw SealiftError(log: error)
        }
    }

    private func takeFindings(now: Instant) {
        while let arrival = lan?.takeArrival() {
            guard let path = pump.answerPath(to: arrival.source) else { continue }
            arrival.datagram.withUnsafeBytes {
                reviewKnock($0, now: now)
                host.receive($0, on: path, ecn: .notCapable, now: now)
            }
        }
        while let words = finder.takeRelayTrouble() { warn(words) }
        // Who calls and is not reached is told at their end.
        while finder.takeFailure() != nil {}
    }

    func warn(_ words: String) { observer.handle(.warning(TransferWarning(words))) }

    // MARK: Who is welcome

    /// Looks whether contacts changed, the hour did, or what runs may not go on.
    private func review(now: Instant) throws(SealiftError) {
        guard now >= nextReview else { return }
        nextReview = now + Self.reviewInterval
        try welcomeContacts(now: now)
        reviewDownloads()
        reviewReceptions()
        reviewUploads()
    }

    /// Who was welcome a moment ago knocks: one who was just blocked or removed gets no answer either. Where
    /// that cannot be looked up, the next review ends the run.
    private func reviewKnock(_ datagram: UnsafeRawBufferPointer, now: Instant) {
        guard host.isKnock(datagram) else { return }
        try? welcomeContacts(now: now)
    }

    private func welcomeContacts(now: Instant) throws(SealiftError) {
        let hour = ContactPair.hour(at: SystemWallClock.now())
        let stamp: Int
        let book: ContactBook
        do throws(StoreFailure) {
            stamp = try access.store.contactStamp()
            guard stamp != welcomed || hour != welcomedHour else { return }
            book = try access.store.contacts()
        } catch {
            throw SealiftError(log: error)
        }
        own = try access.home.requireIdentity()
        guard own.devices.isActive(access.device.publicKeys.id) else {
            throw SealiftError(
                .identityConflict, "this device does not speak for the identity any more",
                advice: "Use another device of yours.")
        }
        host.show(own.chain)
        let pairs = try access.keys.incoming(book)
        host.welcome(pairs, hour: hour, now: now)
        if stamp != welcomed {
            do throws(SystemError) { try finder.awaitCalls(of: pairs) } catch {
                throw SealiftError(.internalFailure, error)
            }
        }
        (welcomed, welcomedHour) = (stamp, hour)
    }

    // MARK: Sessions

    private func settle(now: Instant) throws(SealiftError) {
        host.process(now: now)
        while let event = host.pollEvent() {
            try take(event, now: now)
            host.process(now: now)
        }
    }

    private func take(_ event: ContactHost.Event, now: Instant) throws(SealiftError) {
        switch event {
        case .arrived(let id, let pair, let path):
            finder.sessionStands(under: pair.secret, on: path)
            let found: (contact: Contact, chain: DeviceChain)?
            do throws(StoreFailure) {
                found = try access.store.contactWithChain(pair.identity)
            } catch {
                throw SealiftError(log: error)
            }
            // Between the last review and now they may have been removed or blocked.
            guard let found, found.contact.admission(of: pair.device) == .serve else {
                return host.drop(id, now: now)
            }
            askers[id] = ShareDesk.Asker(contact: found.contact, device: pair.device)
            pairs[id] = pair
            access.confirm(pair)
            host.begin(
                id, found.contact, chain: found.chain, time: SystemWallClock.now(),
                introducing: try access.introductions(to: pair.device, own))
        case .learned(let id, let contact, let chain, let change):
            guard let asker = askers[id] else { return }
            do throws(SealiftError) {
                try access.learn(chain, of: contact, from: asker.device)
            } catch {
                // What cannot be kept is not acted on; the others are served all the same.
                warn(
                    "what \(contact.name) showed of their devices could not be kept: "
                        + error.message)
                return host.drop(id, now: now)
            }
            var isRecovery = false
            if case .recovered = change { isRecovery = true }
            askers[id] = ShareDesk.Asker(contact: contact, device: asker.device)
            observer.handle(
                .devicesChanged(contact: contact.name.text, isRecovery: isRecovery))
        case .caughtUp(let id, let chain, let former):
            guard let asker = askers[id] else { return }
            let warning = try access.catchUp(
                to: chain, from: former, by: asker.device, of: asker.contact)
            if let warning { observer.handle(.warning(warning)) }
            // Sessions that begin from now on show it.
            own = try access.home.requireIdentity()
            host.show(own.chain)
        case .greeted(let id, let time):
            guard let pair = pairs[id] else { return }
            try access.confirmClock(time, by: pair)
            access.noteSeen(host.seen(in: id), by: pair.identity)
        case .introduced(let id, let introduction):
            guard let pair = pairs[id] else { return }
            try access.take(introduction, of: pair.identity, from: pair.device)
        case .renew(let id, let born):
            guard let pair = pairs[id] else { return }
            guard try access.renew(pair, with: born) else { return host.drop(id, now: now) }
            host.didRenew(id)
        case .request(let id, let request):
            guard let asker = askers[id] else { return }
            switch request {
            case .offer(let offer): host.answer(id, try take(offer, of: asker))
            case .upload(let share, let path, let offer):
                host.answer(id, take(upload: offer, into: path, of: share, asker))
            default: answer(request, of: id, asker)
            }
        case .failed(let id, let failure):
            guard let asker = askers[id], failure != .violation else { return }
            warn(
                "a session with \(asker.contact.name) was refused: "
                    + SealiftError(session: failure, with: asker.contact).message)
        case .ended(let id):
            askers[id] = nil
            pairs[id] = nil
        }
    }

    private func answer(
        _ request: ContactRequest, of id: ContactHost.SessionID, _ asker: ShareDesk.Asker
    ) {
        guard let (outcome, question) = desk.judge(request, of: asker) else { return }
        let name = asker.contact.name.text
        switch outcome {
        case .answers(let answers):
            for answer in answers { host.answer(id, answer) }
            var isGranted = true
            if case .refused? = answers.first { isGranted = false }
            observer.handle(.asked(contact: name, question, isGranted: isGranted))
        case .download(let download):
            observer.handle(.asked(contact: name, question, isGranted: true))
            if !begin(download, for: id) { host.answer(id, .refused(.unavailable)) }
        }
    }
}

import SealiftBase
import SealiftContent
import SealiftCrypto
import SealiftIO
import SealiftPeople
import SealiftStore
import SealiftTransfer
import Synchronization

/// Offers what `options` names to a contact, and sends it once they, or a rule of theirs, said yes. Where
/// `place` names a share of theirs, or a folder in it, it goes there, if this user may put it there.
///
/// Blocks; call it from a thread that may. Only devices of the contact can use the ticket, which nobody is
/// shown.
/// - Throws: why it ended before; what is proven at the receiver is kept.
public func runSend(
    _ options: SendOptions, to place: SharePath, _ reach: ContactReach,
    observer: any TransferObserver, cancellation: Cancellation
) throws(SealiftError) -> TransferSummary {
    let passphrase = options.passphrase.askingOnce()
    let access = try ContactAccess(home: options.home, passphrase: passphrase)
    let (contact, chain) = try access.contact(named: place.contact)
    return try OfferDelivery.run(
        options, to: contact, chain, access, reach, passphrase, place: place, observer: observer,
        cancellation: cancellation)
}

/// The offer of what one run sends: tells the contact of it, as often as it takes, on a thread of its own.
final class OfferDelivery: TransferObserver {
    /// How long after a try that reached nobody the next begins, and after an offer was told, the next look
    /// whether it was declined meanwhile.
    private static let interval = Duration.seconds(10)

    private struct State {
        var bytes: UInt64 = 0
        var entries: UInt64 = 0
        var thread: NamedThread?
        var isConnected = false
        /// The contact said no, or cannot take it.
        var refusal: SealiftError?
    }

    private let contact: Contact
    private let chain: DeviceChain
    /// The share that it goes into, with the folder in it; nil for an offer.
    private let place: SharePath?
    private let access: ContactAccess
    private let reach: ContactReach
    private let observer: any TransferObserver
    /// The transfer and the telling have a thread each, and an observer hears of one thing at a time.
    private let turn = Mutex(())
    private let transfer: Cancellation
    private let offer: OutgoingOffer
    private let state = Mutex(State())
    /// Stops the telling, not the transfer.
    private let calling = Cancellation()
    /// What the thread sleeps at between two tries; closed to wake it up for good.
    private let pause = BoundedQueue<Never>(capacity: 1)

    init(
        _ paths: [[UInt8]], expires: Duration, to contact: Contact, _ chain: DeviceChain,
        _ access: ContactAccess, _ reach: ContactReach, place: SharePath? = nil,
        observer: any TransferObserver, transfer: Cancellation
    ) throws(SealiftError) {
        self.contact = contact
        self.chain = chain
        self.place = place?.share == nil ? nil : place
        self.access = access
        var reach = reach
        reach.notice = reach.notice ?? { observer.handle(.warning($0)) }
        self.reach = reach
        self.observer = observer
        self.transfer = transfer
        var entropy = SealiftCrypto.SystemEntropy()
        let now = SystemWallClock.now()
        guard
            let label = OfferLabel(Self.label(paths)),
            let offer = OutgoingOffer(
                id: OfferID(entropy: &entropy), to: contact.identity, label: label,
                paths: try SendArguments(paths).canonicalPaths, created: now,
                expires: now.adding(seconds: expires.components.seconds))
        else {
            throw SealiftError(
                .usage, "that cannot be offered under its name",
                advice: "Name at most \(OutgoingOffer.maximumPathCount) files and folders, whose "
                    + "names are UTF-8.")
        }
        self.offer = offer
        let outcome: Result<Void, OfferRefusal>
        do throws(StoreFailure) { outcome = try access.log.offerOut(offer) } catch {
            throw SealiftError(log: error)
        }
        if case .failure(let refusal) = outcome { throw SealiftError(offer: refusal) }
        let calling = calling
        transfer.whenRequested { [pause] in
            calling.request()
            pause.close()
        }
    }

    /// Offers, and sends once the contact said yes.
    /// - Parameters:
    ///   - place: the share that it is put into, where it names one.
    ///   - objection: judges what was found to be sent, before anybody hears of it; nil for none.
    ///   - receiptKept: told of the receipt, and whether it is for everything that there was.
    static func run(
        _ options: SendOptions, to contact: Contact, _ chain: DeviceChain,
        _ access: ContactAccess, _ reach: ContactReach, _ passphrase: PassphraseSource,
        place: SharePath? = nil, observer: any TransferObserver, cancellation: Cancellation,
        objection: ((SendCatalog) -> SealiftError?)? = nil,
        receiptKept: ((Receipt, _ isWhole: Bool) -> Void)? = nil
    ) throws(SealiftError) -> TransferSummary {
        let devices = try access.keys.outgoing(contact).map(\.device)
        var sending = options
        sending.passphrase = passphrase
        sending.offersCode = false
        sending.grant = GrantedContent(recipients: Set(devices), decision: .user)
        // A contact's no ends the transfer as the user's Ctrl-C does, and is not the user's.
        let transfer = Cancellation()
        cancellation.whenRequested { transfer.request() }
        let delivery = try OfferDelivery(
            options.paths, expires: options.expires, to: contact, chain, access, reach,
            place: place, observer: observer, transfer: transfer)
        let result: Result<TransferSummary, SealiftError>
        do throws(SealiftError) {
            let run = try SendRun(sending, observer: delivery, cancellation: transfer)
            delivery.content = (run.catalog.totals.bytes, run.catalog.totals.entries)
            run.objection = objection
            run.receiptKept = receiptKept
            result = .success(try run.run())
        } catch {
            result = .failure(error)
        }
        return try delivery.finish(result)
    }

    /// The first name, and how many more there are.
    private static func label(_ paths: [[UInt8]]) -> [UInt8] {
        var first = paths.first ?? []
        while first.count > 1, first.last == UInt8(ascii: "/") { first.removeLast() }
        let name = first.split(separator: UInt8(ascii: "/")).last.map { Array($0) } ?? first
        let more = paths.count > 1 ? Array(" and \(paths.count - 1) more".utf8) : []
        return name.prefix(OfferLabel.maximumByteCount - more.count) + more
    }

    /// What the contact is told it would get.
    var content: (bytes: UInt64, entries: UInt64) {
        get { state.withLock { ($0.bytes, $0.entries) } }
        set {
            state.withLock { state in
                state.bytes = newValue.bytes
                state.entries = newValue.entries
            }
        }
    }

    // MARK: The sender's side

    func handle(_ event: TransferEvent) {
        switch event {
        case .ticket(let text): begin(Array(text.utf8))
        case .connected:
            state.withLock { $0.isConnected = true }
            settle(.accepted)
            say(event)
        default: say(event)
        }
    }

    func decide(_ offer: OfferSummary) -> Decision { .accept }

    private func say(_ event: TransferEvent) {
        turn.withLock { _ in observer.handle(event) }
    }

    /// Ends the telling, and keeps what became of the offer.
    func finish(
        _ result: Result<TransferSummary, SealiftError>
    ) throws(SealiftError) -> TransferSummary {
        calling.request()
        pause.close()
        state.withLock { $0.thread }?.join()
        let refusal = state.withLock { $0.refusal }
        switch result {
        case .success(let summary):
            settle(.done)
            return summary
        case .failure(let error):
            settle(refusal == nil ? .withdrawn : .declined)
            throw refusal ?? error
        }
    }

    private func settle(_ state: OutgoingOffer.State) {
        // What became of it is told by the transfer's own entries, should this one not get through.
        _ = try? access.log.settleOut(offer.id, state)
    }

    // MARK: The thread

    private func begin(_ ticket: [UInt8]) {
        do throws(SystemError) {
            let thread = try NamedThread(name: "offer") { [self] in tell(ticket) }
            state.withLock { $0.thread = thread }
        } catch {
            refuse(SealiftError(.internalFailure, error))
        }
    }

    private func tell(_ ticket: [UInt8]) {
        let (bytes, entries) = content
        guard
            let pushed = PushOffer(
                id: offer.id.bytes, byteCount: bytes, entryCount: entries,
                label: offer.label.bytes, ticket: ticket)
        else { return }
        var lastSaid: OfferProgress?
        // An upload is asked for until it is there: the other end may begin anew, or end the right to it.
        while !calling.isRequested, place != nil || !state.withLock({ $0.isConnected }) {
            do throws(SealiftError) {
                let answer = try ask(pushed)
                switch answer {
                case .taken(.accepted) where place == nil: return sayOnce(.accepted, &lastSaid)
                case .taken(.accepted): sayOnce(.admitted, &lastSaid)
                case .taken(.waiting) where place == nil: sayOnce(.waiting, &lastSaid)
                case .refused(.unavailable) where lastSaid != .admitted:
                    sayOnce(.unreachable, &lastSaid)
                case .refused(let reason): return refuse(refusal(reason))
                default: return refuse(SealiftError(unexpectedAnswerOf: contact))
                }
            } catch {
                guard error.code == .cannotConnect || error.code == .connectionLost else {
                    let hasEnded = error.code == .shareUnknown && lastSaid == .admitted
                    if !calling.isRequested { refuse(hasEnded ? refusal(.notThere) : error) }
                    return
                }
                if lastSaid != .admitted { sayOnce(.unreachable, &lastSaid) }
            }
            guard case .timedOut = pause.pop(until: MonotonicClock.now() + Self.interval) else {
                return
            }
        }
    }

    /// Tells the contact of it once.
    private func ask(_ pushed: PushOffer) throws(SealiftError) -> ContactAnswer? {
        let call = ContactCall(access: access, reach: reach, cancellation: calling)
        guard let place else {
            return try call.ask(contact, chain: chain, .offer(pushed)).answers.first
        }
        return try call.ask(contact, chain: chain, .shares) { reply throws(SealiftError) in
            guard case .shares? = reply.answers.first else { return nil }
            let share = try visibleShare(place, in: reply, of: contact)
            return .upload(share.id, place.path, pushed)
        }.answers.first
    }

    private func refusal(_ reason: ContactRefusal) -> SealiftError {
        guard let place else {
            return SealiftError(
                refused: reason, contact: contact, what: SharePath(contact: contact.name.text))
        }
        return SealiftError(refusedUpload: reason, contact: contact, into: place)
    }

    /// Says where the offer stands, unless that was said last. Who is away now and then has still got it.
    private func sayOnce(_ standing: OfferProgress, _ last: inout OfferProgress?) {
        guard standing != last, last != .waiting || standing == .accepted else { return }
        last = standing
        say(.offer(contact: contact.name.text, standing))
    }

    private func refuse(_ error: SealiftError) {
        state.withLock { $0.refusal = error }
        transfer.request()
    }
}

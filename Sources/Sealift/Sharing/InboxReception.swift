import SealiftBase
import SealiftIO
import SealiftPeople
import SealiftStore
import SealiftTransfer

/// Says yes to an offer in the inbox, and receives it.
/// - Parameters:
///   - prefix: how the offer's id begins.
///   - prepare: sets what the receiver is to do; its ticket and its network are set already.
///
/// Blocks; call it from a thread that may.
public func acceptOffer(
    _ prefix: String, into output: [UInt8], _ reach: ContactReach,
    observer: any TransferObserver, cancellation: Cancellation,
    prepare: (inout ReceiveOptions) -> Void
) throws(SealiftError) -> TransferSummary {
    let item = try readOffer(prefix, home: reach.home)
    guard !item.state.isHeld else { throw .stillHeld }
    guard item.state == .waiting || item.state == .accepted else {
        throw SealiftError(offer: .settled)
    }
    var reach = reach
    reach.passphrase = reach.passphrase.askingOnce()
    let access = try ContactAccess(home: reach.home, passphrase: reach.passphrase)
    let ticket: String?
    do throws(SecretVault.Failure) { ticket = try access.vault.ticket(of: item.id) } catch {
        throw SealiftError(vault: error)
    }
    guard case .found(let offer) = access.store.offer(item.id), let ticket else {
        throw SealiftError(offer: .unknown)
    }
    let found: (contact: Contact, chain: DeviceChain)?
    do throws(StoreFailure) {
        found = try access.store.contactWithChain(offer.incoming.offer.from)
    } catch {
        throw SealiftError(log: error)
    }
    guard let found, found.contact.admission(of: offer.incoming.device) == .serve else {
        throw SealiftError(
            .contactUnknown,
            "who offered it is heard no more: blocked, removed or to be paired again",
            advice: "`sealift contact list` shows them.")
    }
    let options = try ReceiveOptions(
        Array(ticket.utf8), from: offer.incoming.device, of: found.contact, into: output, reach,
        prepare)
    let watcher = OfferWatcher(observer, access, offer, into: options.absoluteOutput)
    let summary: TransferSummary
    do throws(SealiftError) {
        summary = try runReceive(options, observer: watcher, cancellation: cancellation)
    } catch {
        throw error.code == .ticketWithdrawn || error.code == .ticketExpired ? .offerGone : error
    }
    // What a rule had begun to fetch into quarantine is here by the user's own hand now; where `sealift up`
    // was faster, it is held there, and on the list.
    if summary.isWhole, try access.finish(item.id), let folder = offer.quarantine {
        try? QuarantinePlace.remove(item.id, in: folder)
    }
    return summary
}

/// Keeps the user's yes before anything is claimed, and holds what comes to what was offered.
private struct OfferWatcher: TransferObserver {
    private let observer: any TransferObserver
    private let access: ContactAccess
    private let offer: StoredOffer
    private let output: [UInt8]

    init(
        _ observer: any TransferObserver, _ access: ContactAccess, _ offer: StoredOffer,
        into output: [UInt8]
    ) {
        self.observer = observer
        self.access = access
        self.offer = offer
        self.output = output
    }

    func handle(_ event: TransferEvent) { observer.handle(event) }

    func decide(_ summary: OfferSummary) -> Decision {
        let offered = offer.incoming.offer
        guard summary.bytes <= offered.byteCount, summary.entries <= offered.entryCount else {
            observer.handle(
                .warning(
                    TransferWarning("what is there is larger than what was offered: not taken")))
            return .decline
        }
        guard observer.decide(summary) == .accept else { return .decline }
        // As it stands now: another process may have settled it since.
        guard case .found(let offer) = access.store.offer(offer.incoming.id) else {
            return .decline
        }
        guard offer.state == .waiting else {
            return offer.state == .accepted ? .accept : .decline
        }
        do throws(StoreFailure) {
            guard
                case .success = try access.log.decideOffer(
                    offer.incoming.id, .accept(into: output))
            else { return .decline }
            return .accept
        } catch {
            // Nothing is taken on a yes that is not in the log.
            return .decline
        }
    }
}

extension SealiftError {
    /// The offerer took it back, or its time is over.
    fileprivate static let offerGone = SealiftError(
        .offerSettled, "the offer is not there any more: it was taken back, or its time is over",
        advice: "Ask them to send it again.")
}

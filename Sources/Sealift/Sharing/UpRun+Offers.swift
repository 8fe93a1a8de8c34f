import SealiftBase
import SealiftContent
import SealiftCrypto
import SealiftIO
import SealiftPeople
import SealiftStore
import SealiftTransfer

/// What a rule took, on its way here.
struct UpReception {
    let offer: OfferID
    let news: OfferNews
    let contact: String
    let run: RunningReception
}

// What contacts offer: judged, kept for the user, or fetched where a rule says so.
extension UpRun {
    /// The most receptions at once; what rules took beyond waits until one has ended.
    private static let maximumReceptions = 8

    /// Judges an offer and keeps it.
    func take(_ pushed: PushOffer, of asker: ShareDesk.Asker) throws(SealiftError) -> ContactAnswer
    {
        guard let id = OfferID(pushed.id), let label = OfferLabel(pushed.label),
            let ticket = Self.ticket(pushed.ticket), ticket.fingerprint == asker.device.fingerprint
        else { return .refused(.impossible) }
        let incoming = IncomingOffer(
            id: id,
            offer: Offer(
                from: asker.contact.identity, byteCount: pushed.byteCount,
                entryCount: pushed.entryCount),
            device: asker.device, label: label)
        let time = try access.judgedTime()
        let outcome: OfferOutcome
        do throws(StoreFailure) {
            outcome = try access.log.addOffer(incoming, time: time)
        } catch {
            return .refused(.unavailable)
        }
        switch outcome {
        case .silence, .refuse(.lookupFailed): return .refused(.unavailable)
        case .refuse(.impossible): return .refused(.impossible)
        case .refuse(.tooManyWaiting), .refuse(.inboxFull): return .refused(.inboxFull)
        case .stored(let offer): return try keep(offer, ticket: pushed.ticket, of: asker)
        }
    }

    static func ticket(_ text: [UInt8]) -> Ticket? {
        String(validating: text, as: UTF8.self).flatMap { try? Ticket(text: $0) }
    }

    /// Keeps the way to an offer, which may be a new one each time it is said, and fetches what a rule took.
    private func keep(
        _ offer: StoredOffer, ticket: [UInt8], of asker: ShareDesk.Asker
    ) throws(SealiftError) -> ContactAnswer {
        let news = OfferNews(offer)
        switch offer.state {
        case .declined: return .refused(.declined)
        // It came here; what the user did with it is not the offerer's to know.
        case .done, .held, .releasing, .discarding, .discarded: return .taken(.accepted)
        case .waiting, .accepted: break
        }
        do throws(SecretVault.Failure) {
            try access.vault.keepTicket(ticket, of: offer.incoming.id)
        } catch {
            throw SealiftError(vault: error)
        }
        // Whoever offered asks again and again whether it was declined.
        if toldOffers.insert(offer.incoming.id).inserted {
            observer.handle(.offered(contact: asker.contact.name.text, news))
        }
        guard offer.state == .accepted else { return .taken(.waiting) }
        failedOffers.remove(offer.incoming.id)
        fetchAccepted()
        return .taken(.accepted)
    }

    /// Begins to fetch what rules took and what is not here: as many at once as there may be, oldest first.
    /// What failed is left until it is offered again, or this is run again.
    func fetchAccepted() {
        guard let accepted = try? access.store.inbox([.accepted]) else { return }
        for offer in accepted where offer.rule != nil {
            let id = offer.incoming.id
            guard receptions.count < Self.maximumReceptions else { return }
            guard !receptions.contains(where: { $0.offer == id }), !failedOffers.contains(id) else {
                continue
            }
            if !fetch(offer) { failedOffers.insert(id) }
        }
    }

    private func fetch(_ offer: StoredOffer) -> Bool {
        let incoming = offer.incoming
        let waker = waker
        do {
            guard let destination = offer.destination,
                let found = try access.store.contactWithChain(incoming.offer.from),
                found.contact.admission(of: incoming.device) == .serve,
                let ticket = try access.vault.ticket(of: incoming.id)
            else { return false }
            let place = try offer.quarantine.map {
                try QuarantinePlace.make(for: incoming.id, in: $0)
            }
            let receiving = try ReceiveOptions(
                Array(ticket.utf8), from: incoming.device, of: found.contact,
                into: offer.quarantine.map { QuarantinePlace.path(of: incoming.id, in: $0) }
                    ?? destination,
                ownReach
            ) {
                $0.onConflict = .rename
                $0.decision = .rule
                $0.quarantine = place
                $0.manifest = place?.manifestPath
            }
            let run = try RunningReception(receiving, atMost: incoming.offer.byteCount) {
                waker.wake()
            }
            receptions.append(
                UpReception(
                    offer: incoming.id, news: OfferNews(offer), contact: found.contact.name.text,
                    run: run))
            return true
        } catch {
            return false
        }
    }

    /// Takes note of what was fetched.
    func takeReceptionEvents() {
        for index in receptions.indices.reversed() {
            guard let result = receptions[index].run.takeResult() else { continue }
            let reception = receptions.remove(at: index)
            var (news, failure) = (reception.news, SealiftError?.none)
            if case .failure(let error) = result { failure = error }
            if failure == nil {
                news.heldIn = settle(reception)
            } else {
                failedOffers.insert(reception.offer)
            }
            observer.handle(.offerEnded(contact: reception.contact, news, failure))
            fetchAccepted()
        }
    }

    /// - Returns: the folder in quarantine where it lies; nil where it is at its destination.
    private func settle(_ reception: UpReception) -> [UInt8]? {
        do {
            return try access.settle(reception.offer)
        } catch {
            warn("that an offer has come could not be kept")
            return nil
        }
    }
}

extension OfferNews {
    init(_ offer: StoredOffer) {
        self.init(
            id: offer.incoming.id.description, label: offer.incoming.label.description,
            byteCount: offer.incoming.offer.byteCount,
            entryCount: offer.incoming.offer.entryCount, isAccepted: offer.state == .accepted,
            isQuarantined: offer.quarantine != nil)
    }
}

extension ContactAccess {
    /// What a rule took has come: it is held where the rule says so.
    /// - Returns: the folder in quarantine where it lies; nil where it is at its destination.
    func settle(_ id: OfferID) throws(SealiftError) -> [UInt8]? {
        guard case .found(let offer) = store.offer(id), let folder = offer.quarantine else {
            try finish(id)
            return nil
        }
        let outcome: Result<StoredOffer, OfferRefusal> = try storing { () throws(StoreFailure) in
            try log.holdOffer(id, device: offer.incoming.device)
        }
        guard case .success = outcome else {
            // The user said no meanwhile.
            try? QuarantinePlace.remove(id, in: folder)
            return nil
        }
        try forgetTicket(of: id)
        return QuarantinePlace.path(of: id, in: folder)
    }

    private func forgetTicket(of id: OfferID) throws(SealiftError) {
        do throws(SecretVault.Failure) { try vault.forgetTicket(of: id) } catch {
            throw SealiftError(vault: error)
        }
    }

    /// What was accepted has come, whole: says so in the log, and forgets the ticket.
    func finish(_ id: OfferID) throws(SealiftError) {
        guard case .found(let offer) = store.offer(id) else { return }
        let incoming = offer.incoming
        let from = incoming.offer.from
        do throws(StoreFailure) {
            let name = try store.contacts().contacts[from]?.name.text ?? ""
            let subject = [
                Array(name.utf8), Array(from.value.hexadecimal.utf8), incoming.label.bytes,
                Array("\(incoming.offer.byteCount)".utf8),
            ]
            _ = try log.offerDone(
                id,
                AuditEntry(
                    .accepted, at: SystemWallClock.now(), direction: .received,
                    transfer: TransferID(id.bytes), peer: incoming.device,
                    decision: offer.rule == nil ? .user : .rule, result: .complete,
                    subject: Array(subject.joined(separator: [0])), reason: "offer_done"))
        } catch {
            throw SealiftError(log: error)
        }
        try forgetTicket(of: id)
    }
}

extension SecretVault {
    private static func name(_ id: OfferID) -> String { "offer \(id)" }

    /// Keeps the ticket of an offer.
    func keepTicket(_ text: [UInt8], of id: OfferID) throws(Failure) {
        try put(SecretBytes(copying: text), as: Self.name(id))
    }

    /// The ticket of an offer; nil where none is kept.
    func ticket(of id: OfferID) throws(Failure) -> String? {
        try secret(Self.name(id)).map { secret in
            secret.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        }
    }

    /// Forgets it.
    func forgetTicket(of id: OfferID) throws(Failure) { try remove(Self.name(id)) }
}

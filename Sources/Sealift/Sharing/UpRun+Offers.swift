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
    /// The most receptions at once; what a rule took beyond waits until one has ended.
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

    private static func ticket(_ text: [UInt8]) -> Ticket? {
        String(validating: text, as: UTF8.self).flatMap { try? Ticket(text: $0) }
    }

    /// Keeps the way to an offer, which may be a new one each time it is said, and fetches what a rule took.
    private func keep(
        _ offer: StoredOffer, ticket: [UInt8], of asker: ShareDesk.Asker
    ) throws(SealiftError) -> ContactAnswer {
        let news = OfferNews(
            id: offer.incoming.id.description, label: offer.incoming.label.description,
            byteCount: offer.incoming.offer.byteCount,
            entryCount: offer.incoming.offer.entryCount, isAccepted: offer.state == .accepted)
        switch offer.state {
        case .declined: return .refused(.declined)
        case .done: return .taken(.accepted)
        case .waiting, .accepted: break
        }
        do throws(SecretVault.Failure) {
            try access.vault.keepTicket(ticket, of: offer.incoming.id)
        } catch {
            throw SealiftError(vault: error)
        }
        observer.handle(.offered(contact: asker.contact.name.text, news))
        guard offer.state == .accepted else { return .taken(.waiting) }
        if let destination = offer.destination, offer.rule != nil {
            fetch(offer, into: destination, ticket: ticket, news, of: asker)
        }
        return .taken(.accepted)
    }

    private func fetch(
        _ offer: StoredOffer, into destination: [UInt8], ticket: [UInt8], _ news: OfferNews,
        of asker: ShareDesk.Asker
    ) {
        let id = offer.incoming.id
        guard receptions.count < Self.maximumReceptions,
            !receptions.contains(where: { $0.offer == id })
        else { return }
        let waker = waker
        do {
            var receiving = try ReceiveOptions(
                ticketText: String(decoding: ticket, as: UTF8.self), output: destination,
                onConflict: .rename, home: options.home)
            receiving.decision = .rule
            receiving.rendezvous = options.rendezvous
            receiving.stun = options.stun
            receiving.network = options.network
            receiving.relay = options.relay
            receiving.passphrase = passphrase
            let run = try RunningReception(
                receiving, atMost: offer.incoming.offer.byteCount
            ) { waker.wake() }
            receptions.append(
                UpReception(offer: id, news: news, contact: asker.contact.name.text, run: run))
        } catch {
            warn(
                "an offer of \(asker.contact.name) could not be fetched; it is tried again when it is said again"
            )
        }
    }

    /// Takes note of what was fetched.
    func takeReceptionEvents() {
        for index in receptions.indices.reversed() {
            guard let result = receptions[index].run.takeResult() else { continue }
            let reception = receptions.remove(at: index)
            var failure: SealiftError?
            if case .failure(let error) = result { failure = error }
            if failure == nil { settle(reception) }
            observer.handle(.offerEnded(contact: reception.contact, reception.news, failure))
        }
    }

    private func settle(_ reception: UpReception) {
        do {
            try access.finish(reception.offer)
        } catch {
            warn("that an offer has come could not be kept")
        }
    }
}

extension ContactAccess {
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
        do throws(SecretVault.Failure) { try vault.forgetTicket(of: id) } catch {
            throw SealiftError(vault: error)
        }
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

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
    /// Whose it is.
    let sender: IdentityID
    /// The folder whose quarantine it comes into; nil where it goes to its destination.
    let quarantine: [UInt8]?
    let news: OfferNews
    let contact: String
    let run: RunningReception
    /// Whether it was ended from here.
    var isCut = false
}

// What contacts offer: judged, kept for the user, or fetched where a rule says so.
extension UpRun {
    /// The most receptions at once, of all contacts and of one; what rules took beyond waits until one has
    /// ended.
    private static let maximumReceptions = 8
    private static let maximumReceptionsOfOne = 2

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
            _ = try access.vault.putTicket(SecretBytes(copying: ticket), of: offer.incoming.id)
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
            let ofOne = receptions.filter { $0.sender == offer.incoming.offer.from }
            guard ofOne.count < Self.maximumReceptionsOfOne,
                !ofOne.contains(where: { $0.offer == id }), !failedOffers.contains(id)
            else { continue }
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
                options.reach(passphrase)
            ) {
                $0.onConflict = .rename
                $0.decision = .rule
                $0.quarantine = place
                $0.manifest = place?.manifestPath
            }
            let run = try RunningReception(
                receiving, atMost: incoming.offer.byteCount, entries: incoming.offer.entryCount
            ) {
                waker.wake()
            }
            receptions.append(
                UpReception(
                    offer: incoming.id, sender: incoming.offer.from, quarantine: offer.quarantine,
                    news: OfferNews(offer), contact: found.contact.name.text, run: run))
            return true
        } catch {
            return false
        }
    }

    /// Ends what may come no longer: the user said no to it since, or hears its contact no more.
    func reviewReceptions() {
        for index in receptions.indices where !receptions[index].isCut {
            guard !mayGoOn(receptions[index]) else { continue }
            receptions[index].isCut = true
            receptions[index].run.cancel()
        }
    }

    private func mayGoOn(_ reception: UpReception) -> Bool {
        guard case .found(let offer) = access.store.offer(reception.offer),
            offer.state == .accepted,
            let found = try? access.store.contactWithChain(reception.sender)
        else { return false }
        return found.contact.admission(of: offer.incoming.device) == .serve
    }

    /// Takes note of what was fetched.
    func takeReceptionEvents() {
        for index in receptions.indices.reversed() {
            guard let result = receptions[index].run.takeResult() else { continue }
            let reception = receptions.remove(at: index)
            var (news, failure) = (reception.news, SealiftError?.none)
            switch result {
            case .success(let summary) where summary.isWhole: failure = settle(reception, &news)
            case .success(let summary): failure = .notWhole(summary)
            case .failure(let error): failure = reception.isCut ? .notWanted : error
            }
            if failure != nil {
                failedOffers.insert(reception.offer)
                if let folder = reception.quarantine {
                    access.forgetPart(of: reception.offer, in: folder)
                }
            }
            observer.handle(.offerEnded(contact: reception.contact, news, failure))
            fetchAccepted()
        }
    }

    /// Takes note of what came whole, and where it is held.
    /// - Returns: that it is not wanted any more, where it was to be held and nobody awaits it.
    private func settle(_ reception: UpReception, _ news: inout OfferNews) -> SealiftError? {
        do {
            news.heldIn = try access.settle(reception.offer)
        } catch {
            warn("that an offer has come could not be kept")
            return nil
        }
        return reception.quarantine != nil && news.heldIn == nil ? .notWanted : nil
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

extension SealiftError {
    /// It was cut from here.
    fileprivate static let notWanted = SealiftError(
        .declined,
        "it is not wanted any more: it was declined or taken by hand, or its contact is heard no more",
        advice: "`sealift inbox list --all` and `sealift contact list` show which.")

    /// Some of it did not come.
    fileprivate static func notWhole(_ summary: TransferSummary) -> SealiftError {
        SealiftError(
            .sourceUnreadable,
            "not all of it came: \(summary.failed) files failed, the others are here and proven",
            advice: "They see which. When it is offered again, the rest is fetched.")
    }
}

extension ContactAccess {
    /// What a rule took has come: it is held where the rule says so.
    /// - Returns: the folder in quarantine where it lies; nil where it is at its destination, or is awaited
    ///   no more: see ``forgetPart(of:in:)``.
    func settle(_ id: OfferID) throws(SealiftError) -> [UInt8]? {
        guard case .found(let offer) = store.offer(id), let folder = offer.quarantine else {
            try finish(id)
            return nil
        }
        let outcome: Result<StoredOffer, OfferRefusal> = try storing { () throws(StoreFailure) in
            try log.holdOffer(id, device: offer.incoming.device)
        }
        // Else the user said no meanwhile.
        guard case .success = outcome else { return nil }
        try forgetTicket(of: id)
        return QuarantinePlace.path(of: id, in: folder)
    }

    /// Removes what came into quarantine, in part or whole, of an offer that is on no list any more, was
    /// declined, or was taken by hand: whoever did so may have been in another process, while this one went on writing.
    /// What may still come, what is held or on its way out, and what a release left behind stays.
    /// - Parameter folder: the one that the rule names.
    func forgetPart(of id: OfferID, in folder: [UInt8]) {
        switch store.offer(id) {
        case .found(let offer) where offer.state == .accepted || offer.held != nil: return
        case .failed: return
        case .found, .absent: try? QuarantinePlace.remove(id, in: folder)
        }
    }

    private func forgetTicket(of id: OfferID) throws(SealiftError) {
        do throws(SecretVault.Failure) { try vault.forgetTicket(of: id) } catch {
            throw SealiftError(vault: error)
        }
    }

    /// What was accepted has come, whole: says so in the log, and forgets the ticket.
    /// - Returns: whether it was awaited still; else another process was faster, or the user said no.
    @discardableResult
    func finish(_ id: OfferID) throws(SealiftError) -> Bool {
        guard case .found(let offer) = store.offer(id) else { return false }
        let incoming = offer.incoming
        let from = incoming.offer.from
        let outcome: Result<Void, OfferRefusal>
        do throws(StoreFailure) {
            let name = try store.contacts().contacts[from]?.name.text ?? ""
            let subject = [
                Array(name.utf8), Array(from.value.hexadecimal.utf8), incoming.label.bytes,
                Array("\(incoming.offer.byteCount)".utf8),
            ]
            outcome = try log.offerDone(
                id,
                AuditEntry(
                    .accepted, at: SystemWallClock.now(), direction: .received,
                    transfer: TransferID(id.bytes), peer: incoming.device,
                    decision: offer.rule == nil ? .user : .rule, result: .complete,
                    subject: Array(subject.joined(separator: [0])), reason: "offer_done"))
        } catch {
            throw SealiftError(log: error)
        }
        guard case .success = outcome else { return false }
        try forgetTicket(of: id)
        return true
    }
}

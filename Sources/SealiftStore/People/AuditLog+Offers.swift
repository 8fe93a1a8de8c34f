import Foundation
import GRDB
public import SealiftBase
import SealiftCrypto
import SealiftIO
public import SealiftPeople

extension Store {
    /// The offers in the inbox, oldest first.
    /// - Parameter states: which; those that are not settled where nothing is said.
    public func inbox(
        _ states: Set<StoredOffer.State> = Set(StoredOffer.State.allCases.filter { !$0.isSettled })
    ) throws(StoreFailure) -> [StoredOffer] {
        try read { database in
            try StoredOffer.State.allCases.filter(states.contains).flatMap { state in
                try database.all(
                    "SELECT \(StoredOffer.columns) FROM offer WHERE state = ? ORDER BY time",
                    [state.rawValue], StoredOffer.init)
            }.sorted { $0.time < $1.time }
        }
    }

    /// An offer in the inbox, whatever became of it.
    public func offer(_ id: OfferID) -> Lookup<StoredOffer> {
        look { try StoredOffer(id, in: $0) }
    }
}

/// What became of an offer that a session brought.
public enum OfferOutcome: Hashable, Sendable {
    /// It waits in the inbox, is accepted by a rule, or was known already: this is what stands there.
    case stored(StoredOffer)
    /// The offerer hears no.
    case refuse(OfferDecision.Refusal)
    /// The offerer hears nothing.
    case silence
}

extension AuditLog {
    /// Judges an offer and stores it, in one transaction: two sessions at once pass no bound and no quota
    /// that neither passes alone, and a contact who was just blocked is not heard any more. What a rule
    /// takes is counted for it, in the size that was offered.
    ///
    /// An offer that is said again is the one that stands there, whatever became of it.
    /// - Parameter time: what ``ClockFloor`` says.
    public func addOffer(
        _ incoming: IncomingOffer, time: WallTime
    ) throws(StoreFailure) -> OfferOutcome {
        var outcome = OfferOutcome.silence
        try appendAll { database in
            let contact: Contact?
            // Who cannot be read is nobody.
            do {
                contact = try Contact(incoming.offer.from, in: database, store.chains)
            } catch {
                contact = nil
            }
            guard let contact, contact.admission(of: incoming.device) == .serve else { return [] }
            let named = NamedIdentity(identity: contact.identity, name: contact.name.text)
            if let known = try StoredOffer(incoming.id, in: database) {
                if known.isSaidAgain(by: incoming) {
                    outcome = .stored(known)
                    return []
                }
                outcome = .refuse(.impossible)
                return try Self.refusal(of: incoming, .impossible, named, in: database)
            }
            let (decision, rule) = try Self.judge(incoming, of: contact, time, in: database)
            switch decision {
            case .silence:
                return []
            case .refuse(let refusal):
                outcome = .refuse(refusal)
                return try Self.refusal(of: incoming, refusal, named, in: database)
            case .ask, .accept:
                outcome = .stored(try Self.store(incoming, rule, in: database))
                return Self.arrival(of: incoming, rule, named)
            }
        }
        return outcome
    }

    /// The user's answer to an offer.
    public enum OfferAnswer: Hashable, Sendable {
        /// It may come, into this folder: an absolute path.
        case accept(into: [UInt8])
        /// It may not, or no longer. A rule that took it gets its bytes back.
        case decline
    }

    /// Carries out the user's answer. Yes is for an offer that waits, no also for one that was accepted and
    /// has not come; its ticket goes.
    public func decideOffer(
        _ id: OfferID, _ answer: OfferAnswer
    ) throws(StoreFailure) -> Result<StoredOffer, OfferRefusal> {
        let outcome = try carryOut(answer, on: id)
        if case (.decline, .success) = (answer, outcome) { store.emptyWriteAheadLog() }
        return outcome
    }

    private func carryOut(
        _ answer: OfferAnswer, on id: OfferID
    ) throws(StoreFailure) -> Result<StoredOffer, OfferRefusal> {
        try change { database in
            guard let offer = try StoredOffer(id, in: database) else { return .failure(.unknown) }
            let event: AuditEntry.Event
            switch answer {
            case .accept(let destination):
                guard offer.state.after(.accept) != nil else { return .failure(.settled) }
                guard StoredOffer.mayBeDestination(destination) else {
                    return .failure(.destination)
                }
                try database.execute(
                    sql: "UPDATE offer SET state = 1, destination = ? WHERE id = ?",
                    arguments: [Data(destination), id.stored])
                event = .accepted
            case .decline:
                guard offer.state.after(.decline) != nil else { return .failure(.settled) }
                try database.execute(
                    sql: "UPDATE offer SET state = 2 WHERE id = ?", arguments: [id.stored])
                if let rule = offer.rule {
                    try StoredRule.count(
                        -Int64(clamping: offer.incoming.offer.byteCount), for: rule, in: database)
                }
                try StoredOffer.forgetOldest(in: database)
                try StoredOffer.forgetTickets(in: database)
                event = .transferDenied
            }
            let decided = try StoredRow.demand(StoredOffer(id, in: database))
            let entry = AuditEntry.of(
                event, .received, id, label: offer.incoming.label,
                byteCount: offer.incoming.offer.byteCount,
                try Self.name(offer.incoming.offer.from, in: database),
                device: offer.incoming.device, decision: .user,
                result: event == .transferDenied ? .refused : .none,
                word: event == .transferDenied ? "offer_declined" : "")
            return .success((value: decided, entries: [entry]))
        }
    }

    /// What was accepted has come.
    /// - Parameter entry: how the transfer ended, for the log.
    public func offerDone(
        _ id: OfferID, _ entry: AuditEntry
    ) throws(StoreFailure) -> Result<Void, OfferRefusal> {
        try change { database in
            guard let offer = try StoredOffer(id, in: database) else { return .failure(.unknown) }
            guard offer.state.after(.arrive) != nil else { return .failure(.settled) }
            try database.execute(
                sql: "UPDATE offer SET state = 3 WHERE id = ?", arguments: [id.stored])
            try StoredOffer.forgetOldest(in: database)
            return .success((value: (), entries: [entry]))
        }
    }

    static func name(_ identity: IdentityID, in database: Database) throws -> NamedIdentity {
        NamedIdentity(
            identity: identity, name: try ContactStanding(identity, in: database)?.name.text ?? "")
    }

    /// Judges an offer by the rules of its contact, and by what waits; with the rule that takes it.
    private static func judge(
        _ incoming: IncomingOffer, of contact: Contact, _ time: WallTime, in database: Database
    ) throws -> (OfferDecision, StoredRule?) {
        let sender = incoming.offer.from.stored
        let rules: [StoredRule]?
        do {
            rules = try database.all(StoredRule.ofSender, [sender], StoredRule.init)
        } catch {
            rules = nil
        }
        let decision = OfferDecision.judge(
            incoming.offer, admission: contact.admission(of: incoming.device), contact: contact,
            rules: rules.map { .found($0.map { (rule: $0.rule, accepted: $0.accepted) }) }
                ?? .failed,
            waiting: (
                try database.count(StoredOffer.waitingOfSender, [sender]),
                try database.count(StoredOffer.waitingInAll)
            ), time: time)
        guard case .accept(let index) = decision else { return (decision, nil) }
        guard let rules, rules.indices.contains(index) else {
            return (.refuse(.lookupFailed), nil)
        }
        // Rules do not wait for the user: offers that never come would pile up.
        let accepted = try database.count(StoredOffer.acceptedOfSender, [sender])
        return accepted < OfferDecision.waitingPerContact
            ? (decision, rules[index]) : (.refuse(.tooManyWaiting), nil)
    }

    /// Stores an offer that waits, or that `rule` takes.
    private static func store(
        _ incoming: IncomingOffer, _ rule: StoredRule?, in database: Database
    ) throws -> StoredOffer {
        try StoredOffer.insert(
            incoming, rule == nil ? .waiting : .accepted,
            destination: rule.map { Array($0.rule.destination.utf8) }, rule: rule?.number,
            quarantine: rule.flatMap { rule in
                rule.rule.quarantines ? Array(rule.rule.destination.utf8) : nil
            },
            at: SystemWallClock.now(), in: database)
        if let rule {
            try StoredRule.count(
                Int64(clamping: incoming.offer.byteCount), for: rule.number, in: database)
        }
        return try StoredRow.demand(StoredOffer(incoming.id, in: database))
    }

    /// The entries for an offer that came, and for the rule that took it.
    private static func arrival(
        of incoming: IncomingOffer, _ rule: StoredRule?, _ contact: NamedIdentity
    ) -> [AuditEntry] {
        func entry(
            _ event: AuditEntry.Event, _ decision: AuditEntry.Decision, _ word: String
        ) -> AuditEntry {
            .of(
                event, .received, incoming.id, label: incoming.label,
                byteCount: incoming.offer.byteCount, contact, device: incoming.device,
                decision: decision, word: word)
        }
        guard let rule else { return [entry(.offered, .none, "waiting")] }
        let word = "rule_\(rule.number)"
        return [entry(.offered, .none, word), entry(.accepted, .rule, word)]
    }

    /// The entry for a refusal, unless it was told a moment ago.
    private static func refusal(
        of incoming: IncomingOffer, _ refusal: OfferDecision.Refusal, _ contact: NamedIdentity,
        in database: Database
    ) throws -> [AuditEntry] {
        let entry = AuditEntry.of(
            .transferDenied, .received, incoming.id, label: incoming.label,
            byteCount: incoming.offer.byteCount, contact, device: incoming.device,
            decision: .none, result: .refused, word: refusal.word)
        return try isRemembered(entry, in: database) ? [] : [entry]
    }
}

extension StoredOffer {
    /// Whether `other` is this offer, said again. A device of the offerer's that changed is no matter.
    fileprivate func isSaidAgain(by other: IncomingOffer) -> Bool {
        incoming.offer == other.offer && incoming.label == other.label
            && incoming.listing == other.listing
    }
}

extension OfferDecision.Refusal {
    /// The word for it in the log.
    public var word: String {
        switch self {
        case .impossible: "offer_impossible"
        case .tooManyWaiting: "offer_too_many_waiting"
        case .inboxFull: "offer_inbox_full"
        case .lookupFailed: "offer_lookup_failed"
        }
    }
}

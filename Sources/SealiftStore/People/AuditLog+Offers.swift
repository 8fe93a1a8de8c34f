import Foundation
import GRDB
public import SealiftBase
import SealiftCrypto
import SealiftIO
public import SealiftPeople

extension Store {
    /// The offers in the inbox, oldest first.
    /// - Parameter states: which; those that wait and those that may come where nothing is said.
    public func inbox(
        _ states: Set<StoredOffer.State> = [.waiting, .accepted]
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
    /// A refusal is not logged again while one of its kind is among so many newest entries with the device:
    /// nobody fills a disk with offers that are refused.
    private static let rememberedRefusals = 4

    /// Judges an offer and stores it, in one transaction: two sessions at once pass no bound and no quota
    /// that neither passes alone. What a rule takes is counted for it, in the size that was offered.
    ///
    /// An offer that is said again is the one that stands there, whatever became of it.
    /// - Parameters:
    ///   - admission: what the device of the session gets.
    ///   - contact: who it speaks for.
    ///   - time: what ``ClockFloor`` says.
    public func addOffer(
        _ incoming: IncomingOffer, admission: Contact.Admission, contact: Contact, time: WallTime
    ) throws(StoreFailure) -> OfferOutcome {
        var outcome = OfferOutcome.silence
        try appendAll { database in
            let named = NamedIdentity(identity: contact.identity, name: contact.name.text)
            // Silence is for whoever gets nothing at all, also about what stood here before.
            if admission == .serve, contact.identity == incoming.offer.from,
                let known = try StoredOffer(incoming.id, in: database)
            {
                if known.isSaidAgain(by: incoming) {
                    outcome = .stored(known)
                    return []
                }
                outcome = .refuse(.impossible)
                return try Self.refusal(of: incoming, .impossible, named, in: database)
            }
            let rules = Self.rules(of: incoming.offer.from, in: database)
            let decision = OfferDecision.judge(
                incoming.offer, admission: admission, contact: contact,
                rules: rules.judged,
                waiting: (
                    try database.count(
                        StoredOffer.waitingOfSender, [incoming.offer.from.stored]),
                    try database.count(StoredOffer.waitingInAll)
                ), time: time)
            switch decision {
            case .silence:
                return []
            case .refuse(let refusal):
                outcome = .refuse(refusal)
                return try Self.refusal(of: incoming, refusal, named, in: database)
            case .ask:
                try StoredOffer.insert(
                    incoming, .waiting, destination: nil, rule: nil, at: SystemWallClock.now(),
                    in: database)
                outcome = .stored(try StoredRow.demand(StoredOffer(incoming.id, in: database)))
                return [
                    .of(
                        .offered, .received, incoming.id, label: incoming.label,
                        byteCount: incoming.offer.byteCount, named, device: incoming.device,
                        decision: .none, word: "waiting")
                ]
            case .accept
            where try database.count(
                StoredOffer.acceptedOfSender, [incoming.offer.from.stored])
                >= OfferDecision.waitingPerContact:
                // Rules do not wait for the user: offers that never come would pile up.
                outcome = .refuse(.tooManyWaiting)
                return try Self.refusal(of: incoming, .tooManyWaiting, named, in: database)
            case .accept(let index):
                guard rules.rules.indices.contains(index) else { throw StoredRow.damaged }
                let rule = rules.rules[index]
                try StoredOffer.insert(
                    incoming, .accepted, destination: Array(rule.rule.destination.utf8),
                    rule: rule.number, at: SystemWallClock.now(), in: database)
                try StoredRule.count(
                    Int64(clamping: incoming.offer.byteCount), for: rule.number, in: database)
                outcome = .stored(try StoredRow.demand(StoredOffer(incoming.id, in: database)))
                return [
                    .of(
                        .offered, .received, incoming.id, label: incoming.label,
                        byteCount: incoming.offer.byteCount, named, device: incoming.device,
                        decision: .none, word: "rule_\(rule.number)"),
                    .of(
                        .accepted, .received, incoming.id, label: incoming.label,
                        byteCount: incoming.offer.byteCount, named, device: incoming.device,
                        decision: .rule, word: "rule_\(rule.number)"),
                ]
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
    /// has not come.
    public func decideOffer(
        _ id: OfferID, _ answer: OfferAnswer
    ) throws(StoreFailure) -> Result<StoredOffer, OfferRefusal> {
        try change { database in
            guard let offer = try StoredOffer(id, in: database) else { return .failure(.unknown) }
            let event: AuditEntry.Event
            switch answer {
            case .accept(let destination):
                guard offer.state == .waiting else { return .failure(.settled) }
                guard StoredOffer.mayBeDestination(destination) else {
                    return .failure(.destination)
                }
                try database.execute(
                    sql: "UPDATE offer SET state = 1, destination = ? WHERE id = ?",
                    arguments: [Data(destination), id.stored])
                event = .accepted
            case .decline:
                guard offer.state == .waiting || offer.state == .accepted else {
                    return .failure(.settled)
                }
                try database.execute(
                    sql: "UPDATE offer SET state = 2 WHERE id = ?", arguments: [id.stored])
                if let rule = offer.rule {
                    try StoredRule.count(
                        -Int64(clamping: offer.incoming.offer.byteCount), for: rule, in: database)
                }
                try StoredOffer.forgetOldest(in: database)
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
            guard offer.state == .accepted else { return .failure(.settled) }
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

    private static func rules(
        of sender: IdentityID, in database: Database
    ) -> (rules: [StoredRule], judged: Lookup<[(rule: AcceptanceRule, accepted: UInt64)]>) {
        do {
            let rules = try database.all(
                StoredRule.ofSender, [sender.stored], StoredRule.init)
            return (rules, .found(rules.map { (rule: $0.rule, accepted: $0.accepted) }))
        } catch {
            return ([], .failed)
        }
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

    /// Whether the same refusal is among the newest entries with the device.
    private static func isRemembered(_ entry: AuditEntry, in database: Database) throws -> Bool {
        guard let peer = entry.peer else { return false }
        return try database.all(
            "SELECT bytes FROM entry WHERE peer = ? ORDER BY position DESC LIMIT ?",
            [Data(peer.value.bytes), rememberedRefusals]
        ) { try $0.bytes("bytes", atMost: AuditEntry.maximumByteCount) }.contains { bytes in
            guard let old = try? AuditEntry(encoded: bytes) else { return false }
            return old.event == entry.event && old.reason == entry.reason
        }
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

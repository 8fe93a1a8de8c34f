import Foundation
import GRDB
import SealiftBase
public import SealiftCrypto
import SealiftIO
public import SealiftPeople

// What becomes of an offer that a rule took into quarantine. Each step joins the log before anything is
// moved or deleted, and its end when that has been done.
extension AuditLog {
    /// What a rule took is in quarantine, whole and proven.
    public func holdOffer(
        _ id: OfferID, device: DeviceID?
    ) throws(StoreFailure) -> Result<StoredOffer, OfferRefusal> {
        try step(.hold, of: id) { offer, database in
            guard offer.quarantine != nil else { return .failure(.settled) }
            try database.execute(
                sql: "UPDATE offer SET held = ? WHERE id = ?",
                arguments: [SystemWallClock.now().secondsSince1970, id.stored])
            return .success(
                Word(.accepted, .rule, .complete, "offer_held", device: device))
        }
    }

    /// The user wants it, in `destination`. Said again it goes on, and the log only hears of it where it now
    /// goes elsewhere.
    public func releaseOffer(
        _ id: OfferID, into destination: [UInt8]
    ) throws(StoreFailure) -> Result<StoredOffer, OfferRefusal> {
        try step(.release, of: id) { offer, database in
            guard StoredOffer.mayBeDestination(destination) else { return .failure(.destination) }
            try database.execute(
                sql: "UPDATE offer SET destination = ? WHERE id = ?",
                arguments: [Data(destination), id.stored])
            let isAgain = offer.state == .releasing && offer.destination == destination
            return .success(
                isAgain
                    ? nil : Word(.accepted, .user, .none, "offer_release", place: destination))
        }
    }

    /// All of it is in its destination, and the disk knows.
    public func endRelease(
        _ id: OfferID
    ) throws(StoreFailure) -> Result<StoredOffer, OfferRefusal> {
        try step(.endRelease, of: id) { offer, _ in
            .success(
                Word(.accepted, .user, .complete, "offer_released", place: offer.destination))
        }
    }

    /// The user wants it deleted. Said again it goes on.
    public func discardOffer(
        _ id: OfferID
    ) throws(StoreFailure) -> Result<StoredOffer, OfferRefusal> {
        try step(.discard, of: id) { offer, _ in
            .success(
                offer.state == .discarding
                    ? nil
                    : Word(.deleted, .user, .none, "offer_discard", place: offer.quarantine))
        }
    }

    /// Nothing of it is left.
    public func endDiscard(
        _ id: OfferID
    ) throws(StoreFailure) -> Result<StoredOffer, OfferRefusal> {
        try step(.endDiscard, of: id) { offer, _ in
            .success(
                Word(.deleted, .user, .complete, "offer_discarded", place: offer.quarantine))
        }
    }

    /// What the log hears of a step.
    private struct Word {
        let event: AuditEntry.Event
        let decision: AuditEntry.Decision
        let result: AuditEntry.Result
        let reason: String
        let device: DeviceID?
        let place: [UInt8]?

        init(
            _ event: AuditEntry.Event, _ decision: AuditEntry.Decision, _ result: AuditEntry.Result,
            _ reason: String, device: DeviceID? = nil, place: [UInt8]? = nil
        ) {
            (self.event, self.decision, self.result) = (event, decision, result)
            (self.reason, self.device, self.place) = (reason, device, place)
        }
    }

    /// Takes `step`, with its entry, where the offer's state allows it.
    private func step(
        _ step: OfferState.Step, of id: OfferID,
        _ body: (StoredOffer, Database) throws -> Result<Word?, OfferRefusal>
    ) throws(StoreFailure) -> Result<StoredOffer, OfferRefusal> {
        try change { database in
            guard let offer = try StoredOffer(id, in: database) else { return .failure(.unknown) }
            guard let next = offer.state.after(step) else { return .failure(.settled) }
            let word: Word?
            switch try body(offer, database) {
            case .failure(let refusal): return .failure(refusal)
            case .success(let found): word = found
            }
            try database.execute(
                sql: "UPDATE offer SET state = ? WHERE id = ?",
                arguments: [next.rawValue, id.stored])
            if next.isSettled { try StoredOffer.forgetOldest(in: database) }
            let changed = offer.taking(next, try StoredOffer(id, in: database))
            let named = try Self.name(offer.incoming.offer.from, in: database)
            let entries = word.map { word in
                [
                    AuditEntry.of(
                        word.event, .received, id, label: offer.incoming.label,
                        byteCount: offer.incoming.offer.byteCount, named, device: word.device,
                        decision: word.decision, result: word.result, place: word.place,
                        word: word.reason)
                ]
            }
            return .success((value: changed, entries: entries ?? []))
        }
    }
}

extension StoredOffer {
    /// The offer after a step: as it stands in the table, or, where it was forgotten among the oldest, as it
    /// would.
    fileprivate func taking(_ state: State, _ stored: StoredOffer?) -> StoredOffer {
        stored
            ?? StoredOffer(
                incoming: incoming, time: time, state: state, destination: destination, rule: rule,
                quarantine: quarantine, held: held)
    }
}

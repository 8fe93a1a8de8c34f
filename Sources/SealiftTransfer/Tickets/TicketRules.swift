public import SealiftBase
public import SealiftCrypto

/// Who may use a ticket, when it serves again, and when it is forgotten. Decisions only: nothing here
/// reads a clock or a disk, and only the sender, with its own clock, decides.
///
/// No decision about time changes a record except the last one (``retention(of:now:)``), which needs
/// two looks a day apart. So a clock that jumps to 2099 and back loses nothing: what it refused
/// meanwhile is granted again, and what was remembered still is.
public enum TicketRules {
    /// How long after expiry the owner of an unfinished ticket may come back: seven days.
    public static let returnPeriod: Int64 = 7 * 86_400
    /// How long a ticket that can no longer be used is remembered: thirty days.
    public static let memoryPeriod: Int64 = 30 * 86_400
    /// How much later a record must be found forgettable again before it goes: one day.
    public static let secondLook: Int64 = 86_400

    /// The answer to a device that wants the ticket.
    public enum ClaimDecision: Sendable {
        /// It is the first: it owns the ticket once this record is on disk.
        case claimed(TicketRecord)
        /// It owns the ticket already.
        case alreadyYours
        /// Another device owns the ticket, or it is spent.
        case alreadyUsed
        /// Its time is over.
        case expired
        /// The sender took it back.
        case withdrawn
    }

    /// Whether `device` may have the ticket at `now`.
    ///
    /// Expiry is judged for the first claim; whoever owns the ticket may come back until it is complete,
    /// at most ``returnPeriod`` after expiry.
    public static func claim(
        _ record: TicketRecord, by device: DeviceID, now: WallTime
    ) -> ClaimDecision {
        if record.withdrawn != nil { return .withdrawn }
        if record.completed != nil { return .alreadyUsed }
        if record.audience == .manyDevices { return join(record, device, now: now) }
        guard let claim = record.claim else {
            guard now < record.expires else { return .expired }
            var claimed = record
            claimed.claim = TicketRecord.Claim(owner: device, time: now)
            return .claimed(claimed)
        }
        guard claim.owner == device else { return .alreadyUsed }
        return now < record.expires.adding(seconds: returnPeriod) ? .alreadyYours : .expired
    }

    /// Whether `device` may have a ticket for many: each that accepts before it expires may come back
    /// as the owner of a ticket for one may, also when it has everything.
    private static func join(
        _ record: TicketRecord, _ device: DeviceID, now: WallTime
    ) -> ClaimDecision {
        if record.isClaimed(by: device) {
            return now < record.expires.adding(seconds: returnPeriod) ? .alreadyYours : .expired
        }
        guard now < record.expires else { return .expired }
        guard record.members.count < TicketRecord.maximumMemberCount else { return .alreadyUsed }
        var joined = record
        joined.members.append(
            TicketRecord.Member(
                claim: TicketRecord.Claim(owner: device, time: now), completed: nil))
        return .claimed(joined)
    }

    /// The record of a ticket for one after its owner confirmed the whole; the first confirmation
    /// counts.
    public static func complete(_ record: TicketRecord, now: WallTime) -> TicketRecord {
        var spent = record
        spent.completed = record.completed ?? now
        return spent
    }

    /// The record after `device`, which owns it or is one of many, confirmed the whole; the first
    /// confirmation counts.
    public static func complete(
        _ record: TicketRecord, by device: DeviceID, now: WallTime
    ) -> TicketRecord {
        guard record.isClaimed(by: device) else { return record }
        guard let index = record.members.firstIndex(where: { $0.claim.owner == device }) else {
            return complete(record, now: now)
        }
        var changed = record
        changed.members[index].completed = record.members[index].completed ?? now
        return changed
    }

    /// The record after the sender took the ticket back; the first time counts.
    public static func withdraw(_ record: TicketRecord, now: WallTime) -> TicketRecord {
        var withdrawn = record
        withdrawn.withdrawn = record.withdrawn ?? now
        return withdrawn
    }

    /// Whether a ticket file's ticket may serve another run.
    public enum ServingDecision: Equatable, Sendable {
        /// The same secret and ports serve again.
        case servesAgain
        /// It was issued for other paths.
        case otherPaths
        /// It was issued for one device and is to serve many, or the other way round.
        case otherAudience
        /// Its receiver has everything.
        case spent
        /// Its time is over.
        case expired
        /// The sender took it back.
        case withdrawn
    }

    /// Whether the ticket of `record` may serve `paths` (canonical, absolute) to `audience` at `now`.
    ///
    /// A ticket that has an owner serves as long as the owner may come back.
    public static func serving(
        _ record: TicketRecord, paths: [[UInt8]], audience: TicketRecord.Audience = .oneDevice,
        now: WallTime
    ) -> ServingDecision {
        if record.withdrawn != nil { return .withdrawn }
        if record.completed != nil { return .spent }
        guard record.paths == paths else { return .otherPaths }
        guard record.audience == audience else { return .otherAudience }
        return now < lastUse(of: record) ? .servesAgain : .expired
    }

    /// What to do with a stored record.
    public enum Retention: Sendable {
        /// It stays as it is.
        case keep
        /// It stays, in this new form.
        case update(TicketRecord)
        /// It may be removed.
        case forget
    }

    /// Whether the record is still worth remembering at `now`.
    ///
    /// A record is forgettable ``memoryPeriod`` after it was spent, withdrawn, or could be used last. It
    /// goes only when a second look, at least ``secondLook`` later, finds the same: one wrong clock
    /// reading must not forget that a ticket was used. Looks in between change nothing.
    public static func retention(of record: TicketRecord, now: WallTime) -> Retention {
        let end = record.completed ?? record.withdrawn ?? lastUse(of: record)
        let isForgettable = now >= end.adding(seconds: memoryPeriod)
        switch (isForgettable, record.forgettableSince) {
        case (false, nil):
            return .keep
        case (true, let since?) where now >= since:
            return now >= since.adding(seconds: secondLook) ? .forget : .keep
        default:
            var updated = record
            updated.forgettableSince = isForgettable ? now : nil
            return .update(updated)
        }
    }

    /// Until when the ticket is of use to anybody.
    private static func lastUse(of record: TicketRecord) -> WallTime {
        let isClaimed = record.claim != nil || !record.members.isEmpty
        return isClaimed ? record.expires.adding(seconds: returnPeriod) : record.expires
    }
}

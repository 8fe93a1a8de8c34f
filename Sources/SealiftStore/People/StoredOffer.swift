import Foundation
import GRDB
public import SealiftBase
public import SealiftCrypto
public import SealiftPeople

/// What somebody offers, as a session brought it.
public struct IncomingOffer: Hashable, Sendable {
    /// The offerer's name for it.
    public let id: OfferID
    /// Of whom, and how much.
    public let offer: Offer
    /// With which device they said it.
    public let device: DeviceID
    /// What they call it.
    public let label: OfferLabel
    /// The root of the listing, where they said it; what comes later has to be that.
    public let listing: Hash256?

    /// An offer.
    public init(
        id: OfferID, offer: Offer, device: DeviceID, label: OfferLabel, listing: Hash256? = nil
    ) {
        self.id = id
        self.offer = offer
        self.device = device
        self.label = label
        self.listing = listing
    }
}

/// An offer in the inbox.
public struct StoredOffer: Hashable, Sendable {
    /// What became of it.
    public typealias State = OfferState

    /// The most offers that are kept of each state in which they are settled; the log remembers all.
    public static let maximumSettledCount = 512

    /// What was offered.
    public let incoming: IncomingOffer
    /// When it first came, by this machine's clock.
    public let time: WallTime
    /// What became of it.
    public let state: State
    /// Where it goes: an absolute path, where it was accepted.
    public let destination: [UInt8]?
    /// The rule that accepted it.
    public let rule: Int64?
    /// The folder in which it is held apart, where the rule says so: an absolute path. The destination may
    /// become another when it is released.
    public let quarantine: [UInt8]?
    /// Since when it is held, by this machine's clock; nil before it came.
    public let held: WallTime?
}

/// Why a change of offers was refused. Nothing changed then.
public enum OfferRefusal: Error, Equatable, Sendable {
    /// There is no such offer.
    case unknown
    /// It was settled already, in this way or another.
    case settled
    /// The destination is not absolute, too long, or has a zero byte.
    case destination
    /// The identity is no contact.
    case unknownContact
    /// Too many offers of one's own wait.
    case full
}

// MARK: Rows

extension StoredOffer {
    static let columns =
        "id, sender, device, label, bytes, entries, listing, time, state, destination, rule, "
        + "quarantine, held"
    static let byID = "SELECT \(columns) FROM offer WHERE id = ?"
    static let waitingInAll = "SELECT count(*) FROM offer WHERE state = 0"
    static let waitingOfSender = "SELECT count(*) FROM offer WHERE state = 0 AND sender = ?"
    /// What rules took of somebody and the user has not looked at: on its way, or in quarantine.
    static let acceptedOfSender =
        "SELECT count(*) FROM offer WHERE state IN (1, 4, 5, 6) AND sender = ?"
    private static let maximumPathByteCount = 4_096

    static func mayBeDestination(_ path: [UInt8]) -> Bool {
        path.first == UInt8(ascii: "/") && path.count <= maximumPathByteCount && !path.contains(0)
    }

    init(_ row: StoredRow) throws {
        let id = try OfferID(row.bytes("id", atMost: OfferID.byteCount))
        let device = try Hash256(row.bytes("device", atMost: Hash256.byteCount))
        let label = try OfferLabel(row.bytes("label", atMost: OfferLabel.maximumByteCount))
        let listing: Data? = try row.optional("listing")
        let destination: Data? = try row.optional("destination")
        let state: Int64 = try row.required("state")
        let quarantine: Data? = try row.optional("quarantine")
        let held: Int64? = try row.optional("held")
        self.init(
            incoming: IncomingOffer(
                id: try StoredRow.demand(id),
                offer: Offer(
                    from: try row.identity("sender"), byteCount: try row.count("bytes"),
                    entryCount: try row.count("entries")),
                device: DeviceID(try StoredRow.demand(device)),
                label: try StoredRow.demand(label),
                listing: try listing.map { try StoredRow.demand(Hash256($0)) }),
            time: try row.time("time"), state: try StoredRow.demand(State(rawValue: state)),
            destination: destination.map(Array.init), rule: try row.optional("rule"),
            quarantine: quarantine.map(Array.init),
            held: held.map { WallTime(secondsSince1970: $0) })
        // What may come has a place to come to, and what is held a place where it lies.
        let isInQuarantine = self.state.isInQuarantine
        guard
            self.destination.map(Self.mayBeDestination)
                ?? (self.state != .accepted && !isInQuarantine),
            self.quarantine.map(Self.mayBeDestination) ?? !isInQuarantine,
            self.held != nil || !isInQuarantine
        else { throw StoredRow.damaged }
    }

    init?(_ id: OfferID, in database: Database) throws {
        guard let row = try database.first(Self.byID, [id.stored]) else { return nil }
        try self.init(row)
    }

    static func insert(
        _ incoming: IncomingOffer, _ state: State, destination: [UInt8]?, rule: Int64?,
        quarantine: [UInt8]?, at time: WallTime, in database: Database
    ) throws {
        try database.execute(
            sql: "INSERT INTO offer (\(columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
            arguments: [
                incoming.id.stored, incoming.offer.from.stored, Data(incoming.device.value.bytes),
                Data(incoming.label.bytes), Int64(clamping: incoming.offer.byteCount),
                Int64(clamping: incoming.offer.entryCount),
                incoming.listing.map { Data($0.bytes) }, time.secondsSince1970, state.rawValue,
                destination.map { Data($0) }, rule, quarantine.map { Data($0) },
            ])
    }

    /// What the vault calls the ticket by which the offer called `id` is fetched.
    static func ticketName(_ id: OfferID) -> String { ticketPrefix + id.description }
    private static let ticketPrefix = "offer "

    /// Forgets every ticket whose offer can not be fetched any more: it was settled, or is gone.
    static func forgetTickets(in database: Database) throws {
        try database.execute(
            sql: """
                DELETE FROM secret WHERE substr(name, 1, ?1) = ?2 AND substr(name, ?1 + 1) NOT IN (
                    SELECT lower(hex(id)) FROM offer WHERE state IN (0, 1))
                """,
            arguments: [ticketPrefix.utf8.count, ticketPrefix])
    }

    /// Forgets the oldest of those that are settled, beyond the most that are kept.
    static func forgetOldest(in database: Database) throws {
        for state in State.allCases where state.isSettled {
            try database.execute(
                sql: """
                    DELETE FROM offer WHERE id IN (
                        SELECT id FROM offer WHERE state = ? ORDER BY time DESC LIMIT -1 OFFSET ?)
                    """,
                arguments: [state.rawValue, maximumSettledCount])
        }
    }
}

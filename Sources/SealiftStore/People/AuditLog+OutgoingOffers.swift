import Foundation
import GRDB
public import SealiftBase
public import SealiftCrypto
import SealiftIO
public import SealiftPeople

/// What the user of this machine offers to a contact.
public struct OutgoingOffer: Hashable, Sendable {
    /// What became of it.
    public enum State: Int64, Hashable, Sendable, CaseIterable {
        /// The contact has not answered.
        case waiting = 0
        /// The contact said yes.
        case accepted = 1
        /// The contact said no.
        case declined = 2
        /// It was delivered.
        case done = 3
        /// The user took it back.
        case withdrawn = 4
    }

    /// The most that wait or are on their way.
    public static let maximumCount = 1_024
    /// The most that are kept of those declined, of those done and of those withdrawn.
    static let maximumSettledCount = 512
    /// The most paths of one offer.
    public static let maximumPathCount = 1_024

    /// What both ends name it by.
    public let id: OfferID
    /// To whom.
    public let to: IdentityID
    /// What the contact sees it called.
    public let label: OfferLabel
    /// The files and folders: absolute, without links, as bytes.
    public let paths: [[UInt8]]
    /// When it was made, by this machine's clock.
    public let created: WallTime
    /// From this second on it is offered no more.
    public let expires: WallTime
    /// What became of it.
    public internal(set) var state: State

    /// A new offer; nil for no path, more than 1,024, or one that is not absolute.
    public init?(
        id: OfferID, to: IdentityID, label: OfferLabel, paths: [[UInt8]], created: WallTime,
        expires: WallTime
    ) {
        guard (1...Self.maximumPathCount).contains(paths.count),
            paths.allSatisfy(StoredOffer.mayBeDestination)
        else { return nil }
        self.id = id
        self.to = to
        self.label = label
        self.paths = paths
        self.created = created
        self.expires = expires
        state = .waiting
    }
}

extension Store {
    /// An offer of the user's own.
    public func outgoingOffer(_ id: OfferID) -> Lookup<OutgoingOffer> {
        look { try OutgoingOffer(id, in: $0) }
    }

    /// The offers of the user's own that wait or are on their way, oldest first.
    /// - Parameter to: those to this contact; nil for all.
    public func outgoingOffers(to: IdentityID? = nil) -> Lookup<[OutgoingOffer]> {
        look { database in
            try [OutgoingOffer.State.waiting, .accepted].flatMap { state in
                if let to {
                    try database.all(
                        OutgoingOffer.byRecipient, [to.stored, state.rawValue],
                        OutgoingOffer.init)
                } else {
                    try database.all(
                        "SELECT \(OutgoingOffer.columns) FROM outgoing WHERE state = ?",
                        [state.rawValue], OutgoingOffer.init)
                }
            }.sorted { $0.created < $1.created }
        }
    }
}

extension AuditLog {
    /// Offers something to a contact, from now on.
    public func offerOut(_ offer: OutgoingOffer) throws(StoreFailure) -> Result<Void, OfferRefusal>
    {
        try change { database in
            guard let contact = try ContactStanding(offer.to, in: database) else {
                return .failure(.unknownContact)
            }
            guard try OutgoingOffer(offer.id, in: database) == nil else {
                return .failure(.settled)
            }
            guard
                try database.count("SELECT count(*) FROM outgoing WHERE state IN (0, 1)")
                    < OutgoingOffer.maximumCount
            else { return .failure(.full) }
            try database.execute(
                sql: "INSERT INTO outgoing (\(OutgoingOffer.columns)) VALUES (?, ?, ?, ?, ?, ?, ?)",
                arguments: [
                    offer.id.stored, offer.to.stored, Data(offer.label.bytes),
                    StoredPaths.join(offer.paths), offer.created.secondsSince1970,
                    offer.expires.secondsSince1970, OutgoingOffer.State.waiting.rawValue,
                ])
            let entry = AuditEntry.of(
                .offered, .sent, offer.id, label: offer.label, byteCount: nil,
                NamedIdentity(identity: offer.to, name: contact.name.text), device: nil,
                decision: .user, word: "offered")
            return .success((value: (), entries: [entry]))
        }
    }

    /// What became of an offer of the user's own: from waiting to any other state, and from accepted to
    /// done, declined or withdrawn.
    /// - Parameters:
    ///   - device: the contact's device that answered; nil where the user took the offer back.
    ///   - entry: how the transfer ended, in the place of an entry about the offer.
    public func settleOut(
        _ id: OfferID, _ state: OutgoingOffer.State, device: DeviceID? = nil,
        entry: AuditEntry? = nil
    ) throws(StoreFailure) -> Result<OutgoingOffer, OfferRefusal> {
        try change { database in
            guard var offer = try OutgoingOffer(id, in: database) else {
                return .failure(.unknown)
            }
            guard state.rawValue > offer.state.rawValue,
                offer.state == .waiting || offer.state == .accepted
            else { return .failure(.settled) }
            try database.execute(
                sql: "UPDATE outgoing SET state = ? WHERE id = ?",
                arguments: [state.rawValue, id.stored])
            try OutgoingOffer.forgetOldest(in: database)
            offer.state = state
            let (event, word): (AuditEntry.Event, String) =
                switch state {
                case .waiting, .accepted: (.accepted, "")
                case .declined: (.transferDenied, "offer_declined")
                case .done: (.transferEnded, "")
                case .withdrawn: (.transferDenied, "offer_withdrawn")
                }
            let standard = AuditEntry.of(
                event, .sent, id, label: offer.label, byteCount: nil,
                try Self.name(offer.to, in: database), device: device,
                decision: state == .withdrawn ? .user : .none,
                result: event == .transferDenied ? .refused : .none, word: word)
            return .success((value: offer, entries: [entry ?? standard]))
        }
    }
}

// MARK: Rows

extension OutgoingOffer {
    fileprivate static let columns = "id, recipient, label, paths, created, expires, state"
    static let byID = "SELECT \(columns) FROM outgoing WHERE id = ?"
    static let byRecipient = "SELECT \(columns) FROM outgoing WHERE recipient = ? AND state = ?"
    private static let maximumPathsByteCount = maximumPathCount * 4_097

    init(_ row: StoredRow) throws {
        let paths = StoredPaths.split(
            try row.bytes("paths", atMost: Self.maximumPathsByteCount),
            atMost: Self.maximumPathCount)
        let state: Int64 = try row.required("state")
        let offer = OutgoingOffer(
            id: try StoredRow.demand(OfferID(try row.bytes("id", atMost: OfferID.byteCount))),
            to: try row.identity("recipient"),
            label: try StoredRow.demand(
                OfferLabel(try row.bytes("label", atMost: OfferLabel.maximumByteCount))),
            paths: try StoredRow.demand(paths), created: try row.time("created"),
            expires: try row.time("expires"))
        self = try StoredRow.demand(offer)
        self.state = try StoredRow.demand(State(rawValue: state))
    }

    fileprivate init?(_ id: OfferID, in database: Database) throws {
        guard let row = try database.first(Self.byID, [id.stored]) else { return nil }
        try self.init(row)
    }

    fileprivate static func forgetOldest(in database: Database) throws {
        for state in [State.declined, .done, .withdrawn] {
            try database.execute(
                sql: """
                    DELETE FROM outgoing WHERE id IN (
                        SELECT id FROM outgoing WHERE state = ?
                        ORDER BY created DESC LIMIT -1 OFFSET ?)
                    """,
                arguments: [state.rawValue, maximumSettledCount])
        }
    }
}

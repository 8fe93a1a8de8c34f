public import SealiftBase
import SealiftCrypto
public import SealiftPeople
import SealiftStore

/// Something that a contact offers.
public struct InboxItem: Equatable, Sendable {
    /// What became of it.
    public enum State: String, CaseIterable, Sendable {
        /// It waits for the user.
        case waiting
        /// It may come, and has not.
        case accepted
        /// The user said no.
        case declined
        /// It came, and is where the user wants it.
        case done
        /// It came, and lies in quarantine.
        case held
        /// It was being released from quarantine, and is not all there.
        case releasing
        /// It was being deleted from quarantine, and is not all gone.
        case discarding
        /// It came, and the user deleted it.
        case discarded
    }

    /// By which it is named.
    public var id: OfferID
    /// Of whom.
    public var from: PersonSummary
    /// The fingerprint of the device that said it.
    public var device: String
    /// What they call it. A peer's text.
    public var label: OfferLabel
    /// How many bytes, as they say; what comes is held to it.
    public var byteCount: UInt64
    /// How many files and folders.
    public var entryCount: UInt64
    /// When it first came, by this machine's clock.
    public var time: WallTime
    /// What became of it.
    public var state: State
    /// Where it goes, as bytes.
    public var destination: [UInt8]?
    /// The rule that took it.
    public var rule: Int64?
    /// Where it lies in quarantine, and since when; nil where nothing of it does.
    public var held: Quarantine?

    /// A place in quarantine.
    public struct Quarantine: Equatable, Sendable {
        /// The absolute path of the offer's own folder.
        public var folder: [UInt8]
        /// Since when, by this machine's clock.
        public var since: WallTime
    }
}

/// The offers in the inbox, oldest first. Needs no passphrase.
/// - Parameter all: also those that were declined or came.
public func readInbox(all: Bool, home: [UInt8]?) throws(SealiftError) -> [InboxItem] {
    let home = try StateHome(home)
    _ = try home.requireIdentity()
    let standings = try home.standings()
    return try storing { () throws(StoreFailure) in
        let store = try Store(in: home.folder)
        let offers =
            all ? try store.inbox(Set(StoredOffer.State.allCases)) : try store.inbox()
        return offers.map { InboxItem($0, standings[$0.incoming.offer.from]) }
    }
}

/// The one offer whose id begins with `prefix`.
/// - Parameter prefix: at least four hexadecimal digits.
/// - Throws: where there is none, or several.
public func readOffer(_ prefix: String, home: [UInt8]?) throws(SealiftError) -> InboxItem {
    let digits = prefix.lowercased()
    guard digits.utf8.count >= 4, digits.allSatisfy({ $0.isASCII && $0.isHexDigit }) else {
        throw SealiftError(
            .usage, "an offer is named by at least four digits of its id",
            advice: "`sealift inbox list` shows them.")
    }
    let found = try readInbox(all: true, home: home).filter {
        $0.id.description.hasPrefix(digits)
    }
    guard found.count == 1, let item = found.first else {
        throw SealiftError(
            .offerUnknown,
            found.isEmpty
                ? "no offer has an id that begins with \(digits)"
                : "\(found.count) offers have an id that begins with \(digits)",
            advice: "`sealift inbox list --all` shows them.")
    }
    return item
}

/// Says no to an offer; its offerer hears it at the next contact. Also to one that was accepted and has not
/// come.
public func declineOffer(
    _ prefix: String, home: [UInt8]?, passphrase: PassphraseSource
) throws(SealiftError) -> InboxItem {
    let item = try readOffer(prefix, home: home)
    let home = try StateHome(home, passphrase: passphrase)
    guard !item.state.isHeld else { throw .stillHeld }
    guard item.state == .waiting || item.state == .accepted else {
        throw SealiftError(offer: .settled)
    }
    let log = try home.log()
    let outcome: Result<StoredOffer, OfferRefusal> = try storing { () throws(StoreFailure) in
        try log.decideOffer(item.id, .decline)
    }
    switch outcome {
    case .success(let offer):
        // What a rule had begun to fetch into quarantine.
        if let folder = offer.quarantine { try? QuarantinePlace.remove(item.id, in: folder) }
        return InboxItem(offer, try home.standings()[offer.incoming.offer.from])
    case .failure(let refusal): throw SealiftError(offer: refusal)
    }
}

extension InboxItem {
    init(_ offer: StoredOffer, _ standing: ContactStanding?) {
        let incoming = offer.incoming
        let state: State =
            switch offer.state {
            case .waiting: .waiting
            case .accepted: .accepted
            case .declined: .declined
            case .done: .done
            case .held: .held
            case .releasing: .releasing
            case .discarding: .discarding
            case .discarded: .discarded
            }
        var held: Quarantine?
        if offer.state.isInQuarantine, let folder = offer.quarantine, let since = offer.held {
            held = Quarantine(
                folder: QuarantinePlace.path(of: incoming.id, in: folder), since: since)
        }
        self.init(
            id: incoming.id, from: PersonSummary(incoming.offer.from, standing),
            device: incoming.device.fingerprint.description, label: incoming.label,
            byteCount: incoming.offer.byteCount, entryCount: incoming.offer.entryCount,
            time: offer.time, state: state, destination: offer.destination, rule: offer.rule,
            held: held)
    }
}

extension SealiftError {
    /// Why a change of offers was refused.
    init(offer refusal: OfferRefusal) {
        switch refusal {
        case .unknown:
            self.init(
                .offerUnknown, "the offer is not there any more",
                advice: "`sealift inbox list --all` shows what is.")
        case .settled:
            self.init(
                .offerSettled, "the offer was answered already",
                advice: "`sealift inbox list --all` shows how.")
        case .destination:
            self.init(
                .usage, "the folder's path is too long", advice: "Choose a folder above it.")
        case .unknownContact:
            self.init(
                .contactUnknown, "that is no contact",
                advice: "`sealift contact list` shows them.")
        case .full:
            self.init(
                .limitReached, "\(OutgoingOffer.maximumCount) offers wait for an answer already",
                advice: "Take some back first.")
        }
    }
}

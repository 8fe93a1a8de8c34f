public import SealiftBase
import SealiftCrypto
import SealiftIO
public import SealiftPeople
import SealiftStore

/// Somebody whom the user added.
public struct ContactSummary: Sendable {
    /// What the user calls them.
    public var name: String
    /// Who they are.
    public var identity: IdentityID
    /// How far that was checked.
    public var verification: Contact.Verification
    /// Whether the user wants to hear nothing of them.
    public var isBlocked: Bool
    /// When they were added, by this machine's clock; nil where that is not known.
    public var added: WallTime?
    /// Whether this device shares a key with a device of theirs. Without one they have to be paired again:
    /// so it is after this user recovered.
    public var hasKey: Bool
    /// Their devices, as far as this machine knows, oldest first.
    public var devices: [DeviceSummary]
    /// What the two users compare.
    public var safetyNumber: SafetyNumber
}

/// What a user does with a contact.
public enum ContactAction: Equatable, Sendable {
    /// Another name.
    case rename(to: String)
    /// Hear nothing of them; they are not told.
    case block
    /// Hear them again.
    case unblock
    /// Forget them, and every key shared with their devices.
    case remove
    /// The number that they see, as the user was told or typed it.
    case verify(number: String)
}

/// Everybody whom the user added, by name. Needs no passphrase.
public func readContacts(home: [UInt8]?) throws(SealiftError) -> [ContactSummary] {
    let home = try StateHome(home)
    let own = try home.requireIdentity()
    do throws(StoreFailure) {
        let store = try Store(in: home.folder)
        let times = try store.contactTimes()
        let withKeys = try store.contactsWithKeys()
        return try store.contacts().contacts.values
            .map { contact in
                ContactSummary(
                    contact, own: own.id, added: times[contact.identity],
                    hasKey: withKeys.contains(contact.identity))
            }
            .sorted { $0.name < $1.name }
    } catch {
        throw SealiftError(log: error)
    }
}

/// The contact of this very name.
/// - Throws: where nobody has it.
public func readContact(
    _ name: String, home: [UInt8]?
) throws(SealiftError) -> ContactSummary {
    // Names are compared byte by byte: what only looks the same is nobody.
    let found = try readContacts(home: home).first { $0.name.utf8.elementsEqual(name.utf8) }
    guard let found else { throw SealiftError(unknownContact: name) }
    return found
}

/// Does something with a contact, and logs it.
/// - Returns: the contact as it is now; as it was, where it was removed.
/// - Throws: why nothing was done.
public func changeContact(
    _ name: String, _ action: ContactAction, home: [UInt8]?, passphrase: PassphraseSource
) throws(SealiftError) -> ContactSummary {
    let home = try StateHome(home, passphrase: passphrase)
    let own = try home.requireIdentity()
    // Before anybody is asked for a passphrase.
    do throws(StoreFailure) {
        guard try Store(in: home.folder).contacts().contact(named: name) != nil else {
            throw StoreFailure.failed("")
        }
    } catch {
        throw error == .failed("") ? SealiftError(unknownContact: name) : SealiftError(log: error)
    }
    let device = try home.device()
    var summary: ContactSummary?
    // What rules may have begun to fetch.
    var onTheirWay: [StoredOffer] = []
    let outcome: Result<Void, SealiftError>
    do throws(StoreFailure) {
        let store = try Store(in: home.folder)
        if action == .remove { onTheirWay = try store.inbox([.accepted]) }
        let withKeys = try store.contactsWithKeys()
        outcome = try AuditLog(store, of: device).changeContacts { book in
            book.carryOut(action, on: name, own: own.id).map { contact, entry in
                summary = ContactSummary(
                    contact, own: own.id, added: nil, hasKey: withKeys.contains(contact.identity))
                return entry
            }
        }
    } catch {
        throw SealiftError(log: error)
    }
    try outcome.get()
    guard let summary else {
        throw SealiftError(.internalFailure, "the contact was not changed", advice: "")
    }
    home.forget(onTheirWay.filter { $0.incoming.offer.from == summary.identity })
    return summary
}

extension StateHome {
    /// Removes from quarantine what had begun to come of offers that are on no list any more. One that
    /// came whole meanwhile is listed, and goes only by the user's word.
    fileprivate func forget(_ offers: [StoredOffer]) {
        guard !offers.isEmpty, let store = try? store() else { return }
        for offer in offers {
            guard let folder = offer.quarantine, case .absent = store.offer(offer.incoming.id)
            else { continue }
            try? QuarantinePlace.remove(offer.incoming.id, in: folder)
        }
    }
}

extension ContactBook {
    /// Does `action`; the contact afterwards (before, where it was removed) and the log's entry.
    fileprivate mutating func carryOut(
        _ action: ContactAction, on name: String, own: IdentityID
    ) -> Result<(Contact, AuditEntry), SealiftError> {
        guard var contact = contact(named: name) else {
            return .failure(SealiftError(unknownContact: name))
        }
        var event = AuditEntry.Event.contactChanged
        let word: String
        do {
            switch action {
            case .rename(let text):
                let new: ContactName
                do throws(ContactNameError) { new = try ContactName(text) } catch {
                    return .failure(SealiftError(name: error))
                }
                try rename(contact.identity, to: new)
                contact.rename(to: new)
                word = "renamed"
            case .block:
                contact.block()
                try update(contact)
                word = "blocked"
            case .unblock:
                contact.unblock()
                try update(contact)
                word = "unblocked"
            case .remove:
                _ = remove(contact.identity)
                word = "removed"
            case .verify(let number):
                try contact.verify(safetyNumber: number, with: own)
                try update(contact)
                event = .verified
                word = "safety_number"
            }
        } catch let error as ContactBookError {
            return .failure(SealiftError(book: error))
        } catch let error as ContactError {
            return .failure(SealiftError(contact: error))
        } catch {
            return .failure(
                SealiftError(.internalFailure, "the contact was not changed", advice: "\(error)"))
        }
        return .success(
            (contact, .ofContact(event, contact, decision: .user, word: word, peer: nil)))
    }
}

extension AuditEntry {
    /// What happened to a contact: its name, then its identity.
    static func ofContact(
        _ event: Event, _ contact: Contact, decision: Decision, word: String, peer: DeviceID?
    ) -> AuditEntry {
        AuditEntry(
            event, at: SystemWallClock.now(), peer: peer, decision: decision,
            subject: Array(contact.name.text.utf8) + [0]
                + Array(contact.identity.value.hexadecimal.utf8),
            reason: word)
    }
}

extension ContactSummary {
    init(_ contact: Contact, own: IdentityID, added: WallTime?, hasKey: Bool) {
        self.init(
            name: contact.name.text, identity: contact.identity,
            verification: contact.verification, isBlocked: contact.isBlocked, added: added,
            hasKey: hasKey, devices: DeviceSummary.list(contact.devices),
            safetyNumber: contact.safetyNumber(with: own))
    }
}

extension SealiftError {
    init(unknownContact name: String) {
        self.init(
            .contactUnknown, "no contact is called \(PrintableText.escape(name))",
            advice: "`sealift contact list` shows them.")
    }

    /// Why a text is no name.
    init(name error: ContactNameError) {
        let reason =
            switch error {
            case .length: "a name has 1 to \(ContactName.maximumByteCount) bytes"
            case .character(let scalar):
                "\(PrintableText.escape(String(scalar))) must not stand there in a name"
            case .mixedScripts: "letters of several scripts are mixed in it"
            case .shape: "a name begins with a letter or digit and ends without a space"
            }
        self.init(
            .nameRefused, "this cannot be a contact's name: \(reason)",
            advice: "Choose letters of one script, digits, and - _ . or single spaces.")
    }

    /// Why the book refuses something.
    init(book error: ContactBookError) {
        switch error {
        case .nameTaken:
            self.init(
                .nameRefused, "another contact has this name", advice: "Choose another name.")
        case .looksLike(let other):
            self.init(
                .nameRefused, "this looks like the name of another contact, \(other)",
                advice: "Choose a name that nobody takes for theirs.")
        case .full:
            self.init(
                .nameRefused, "there are \(ContactBook.maximumCount) contacts already",
                advice: "Remove one first.")
        case .known, .unknown:
            self.init(
                .contactUnknown, "the contacts changed in the meantime",
                advice: "Run the same command again.")
        }
    }

    /// A hard stop, in the words that explain it.
    init(contact error: ContactError) {
        let code: ErrorCode =
            switch error {
            case .identityChanged: .identityChanged
            case .safetyNumberDiffers: .safetyNumberDiffers
            case .mustPairAgain, .deviceNotTheirs, .chain: .introductionRefused
            }
        let message =
            switch error {
            case .identityChanged: "the contact's identity is another"
            case .safetyNumberDiffers: "the safety numbers differ"
            case .mustPairAgain: "the contact has to be paired again"
            case .deviceNotTheirs: "the device does not speak for the contact"
            case .chain: "the contact's list of devices is refused"
            }
        self.init(code, message, advice: error.explanation)
    }
}

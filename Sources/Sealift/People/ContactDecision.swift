import SealiftBase
import SealiftCrypto
import SealiftPeople
import SealiftStore

/// What is to be done with who was introduced, as the contacts say.
enum ContactDecision {
    /// They are no contact: this name is free for them.
    case add(ContactName)
    /// They are one already: pair again. What became of their devices since the last time.
    case renew(ContactName, ChainView.Change)
    /// The user has to name them.
    case ask
    /// A hard stop.
    case refuse(SealiftError)

    /// Decides by the contacts that there are.
    /// - Parameter name: what the user wants to call them, nil where he did not say.
    init(
        _ introduction: PairingSession.Introduction, name: String?, in book: ContactBook
    ) {
        // A device that spoke for one identity and now speaks for another: somebody else's words.
        if let other = book.contacts.values.first(where: {
            $0.identity != introduction.identity && $0.devices.devices[introduction.device] != nil
        }) {
            self = .refuse(
                SealiftError(
                    contact: .identityChanged(
                        pinned: other.identity, offered: introduction.identity)))
            return
        }
        if let known = book.contacts[introduction.identity] {
            self = Self.renewal(of: known, introduction, name: name)
            return
        }
        guard let name else {
            self = .ask
            return
        }
        if let pinned = book.contact(named: name)?.identity {
            self = .refuse(
                SealiftError(
                    contact: .identityChanged(pinned: pinned, offered: introduction.identity)))
            return
        }
        switch Self.free(name, for: introduction, in: book) {
        case .success(let name): self = .add(name)
        case .failure(let error): self = .refuse(error)
        }
    }

    private static func renewal(
        of known: Contact, _ introduction: PairingSession.Introduction, name: String?
    ) -> ContactDecision {
        if known.isBlocked {
            return .refuse(
                SealiftError(
                    .nameRefused, "\(known.name) is blocked",
                    advice: "Run `sealift contact unblock`, then pair again."))
        }
        var contact = known
        let change: ChainView.Change
        do throws(ContactError) { change = try contact.take(introduction.chain) } catch {
            return .refuse(SealiftError(contact: error))
        }
        guard name.map({ $0.utf8.elementsEqual(known.name.text.utf8) }) ?? true else {
            return .refuse(
                SealiftError(
                    .nameRefused, "they are a contact already, called \(known.name)",
                    advice: "Leave out --name, or run `sealift contact rename` afterwards."))
        }
        return .renew(known.name, change)
    }

    /// `text` as a name for who was introduced, if it may be one.
    static func free(
        _ text: String, for introduction: PairingSession.Introduction, in book: ContactBook
    ) -> Result<ContactName, SealiftError> {
        let name: ContactName
        do throws(ContactNameError) { name = try ContactName(text) } catch {
            return .failure(SealiftError(name: error))
        }
        var trial = book
        do throws(ContactBookError) {
            try trial.add(Contact(name: name, devices: introduction.devices))
        } catch {
            return .failure(SealiftError(book: error))
        }
        return .success(name)
    }
}

extension ContactBook {
    /// Adds who was introduced, or renews them; the log's entry and the contact.
    mutating func take(
        _ introduction: PairingSession.Introduction, as name: ContactName,
        by evidence: Contact.Evidence?
    ) -> Result<(contact: Contact, isNew: Bool, entry: AuditEntry), SealiftError> {
        let decision: AuditEntry.Decision = evidence == .code ? .code : .user
        do {
            guard var contact = contacts[introduction.identity] else {
                let contact = Contact(
                    name: name, devices: introduction.devices,
                    verification: evidence.map { .verified($0) } ?? .unverified)
                try add(contact)
                return .success(
                    (
                        contact, true,
                        .ofContact(
                            .contactChanged, contact, decision: decision, word: "added",
                            peer: introduction.device)
                    ))
            }
            _ = try contact.take(introduction.chain)
            if let evidence {
                try contact.pairedAgain(
                    as: introduction.identity, device: introduction.device, by: evidence)
            }
            try update(contact)
            return .success(
                (
                    contact, false,
                    .ofContact(
                        .contactChanged, contact, decision: decision, word: "paired_again",
                        peer: introduction.device)
                ))
        } catch let error as ContactBookError {
            return .failure(SealiftError(book: error))
        } catch let error as ContactError {
            return .failure(SealiftError(contact: error))
        } catch {
            return .failure(
                SealiftError(.internalFailure, "the contact was not stored", advice: "\(error)"))
        }
    }
}

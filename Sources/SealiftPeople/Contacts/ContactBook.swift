public import SealiftCrypto

/// All contacts of a user, as one value: who may be heard, and which names are free.
public struct ContactBook: Sendable {
    /// The most contacts.
    public static let maximumCount = 10_000

    /// By identity.
    public private(set) var contacts: [IdentityID: Contact] = [:]
    private var owners: [NameSkeleton: IdentityID] = [:]

    /// Makes an empty book.
    public init() {}

    /// Adds a contact.
    /// - Throws: ``ContactBookError``; the book is then as it was.
    public mutating func add(_ contact: Contact) throws(ContactBookError) {
        guard contacts[contact.identity] == nil else { throw .known }
        guard contacts.count < Self.maximumCount else { throw .full }
        try demandFree(contact.name, for: contact.identity)
        contacts[contact.identity] = contact
        owners[contact.name.skeleton] = contact.identity
    }

    /// Gives a contact another name.
    /// - Throws: ``ContactBookError``; the book is then as it was.
    public mutating func rename(
        _ identity: IdentityID, to name: ContactName
    ) throws(ContactBookError) {
        guard let former = contacts[identity]?.name else { throw .unknown }
        try demandFree(name, for: identity)
        owners[former.skeleton] = nil
        owners[name.skeleton] = identity
        contacts[identity]?.rename(to: name)
    }

    /// Writes back a contact that was verified, blocked, or whose devices changed. Its name stays.
    /// - Throws: ``ContactBookError/unknown``.
    public mutating func update(_ contact: Contact) throws(ContactBookError) {
        guard let former = contacts[contact.identity] else { throw .unknown }
        var updated = contact
        updated.rename(to: former.name)
        contacts[contact.identity] = updated
    }

    /// Forgets a contact; false if there was none.
    public mutating func remove(_ identity: IdentityID) -> Bool {
        guard let contact = contacts.removeValue(forKey: identity) else { return false }
        owners[contact.name.skeleton] = nil
        return true
    }

    /// The contact of this very name; a name that only looks like it finds nobody.
    public func contact(named text: String) -> Contact? {
        guard let name = try? ContactName(text), let owner = owners[name.skeleton],
            let contact = contacts[owner], contact.name == name
        else { return nil }
        return contact
    }

    /// What a device that proved to speak for `identity` gets: a stranger's gets silence too.
    public func admission(of device: DeviceID, for identity: IdentityID) -> Contact.Admission {
        contacts[identity]?.admission(of: device) ?? .silence(.unknownDevice)
    }

    private func demandFree(
        _ name: ContactName, for identity: IdentityID
    ) throws(ContactBookError) {
        guard let owner = owners[name.skeleton], owner != identity, let other = contacts[owner]
        else { return }
        throw other.name == name ? .nameTaken : .looksLike(other.name)
    }
}

/// Why the book refuses something.
public enum ContactBookError: Error, Equatable, Sendable {
    /// The identity is a contact already.
    case known
    /// There is no such contact.
    case unknown
    /// There are 10,000 contacts.
    case full
    /// Another contact has the name.
    case nameTaken
    /// Another contact has a name that looks the same.
    case looksLike(ContactName)
}

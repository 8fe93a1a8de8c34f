public import SealiftCrypto
public import SealiftPeople

extension SecretVault {
    /// Keeps the ticket by which the offer called `id` is fetched, if it may be fetched still: the user
    /// may have said no, or have removed the contact, since it was judged.
    /// - Returns: false where it may not; nothing is kept then.
    public func putTicket(_ ticket: SecretBytes, of id: OfferID) throws(Failure) -> Bool {
        var isKept = false
        try change { database in
            switch try StoredOffer(id, in: database)?.state {
            case .waiting, .accepted:
                try self.put(ticket, as: StoredOffer.ticketName(id), in: database)
                isKept = true
            default: break
            }
        }
        return isKept
    }

    /// The ticket of an offer; nil where none is kept.
    public func ticket(of id: OfferID) throws(Failure) -> String? {
        try secret(StoredOffer.ticketName(id)).map { secret in
            secret.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        }
    }

    /// Forgets it.
    public func forgetTicket(of id: OfferID) throws(Failure) {
        try remove(StoredOffer.ticketName(id))
    }
}

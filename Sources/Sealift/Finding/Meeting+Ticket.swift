import SealiftBase
import SealiftCrypto
import SealiftTransfer
import SealiftTraversal

extension Meeting {
    /// The meeting that stands in a ticket, with the user's own choice of addresses.
    init(_ ticket: Ticket) {
        self.init(
            fingerprint: ticket.fingerprint, expires: ticket.expires,
            candidates: CandidateList(
                ticket.addresses.compactMap { address in
                    TransportAddress(bytes: address.bytes, port: address.port).map {
                        Candidate(.host, $0)
                    }
                }))
    }

    /// The meeting with its key, in the form that a receiver dials from; nil where no address of the
    /// sender may be used.
    func ticket(_ secret: PreSharedKey) -> Ticket? {
        Ticket(
            secret: secret, fingerprint: fingerprint, expires: expires,
            addresses: candidates.candidates.compactMap {
                PeerAddress(bytes: $0.address.bytes, port: $0.address.port)
            })
    }
}

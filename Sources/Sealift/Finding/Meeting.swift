import SealiftBase
import SealiftCrypto
import SealiftTransfer
import SealiftTraversal

/// What a sender tells a receiver that proved to know its code: who it is, and where
/// (`docs/PROTOCOL.md` §10.6).
///
///     u8 version (1) ‖ fingerprint (16) ‖ u64 expiry ‖ candidates
struct Meeting {
    private static let version: UInt8 = 1

    let fingerprint: DeviceFingerprint
    let expires: WallTime
    let candidates: CandidateList

    /// The meeting that stands in a ticket, with the user's own choice of addresses.
    init(_ ticket: Ticket) {
        fingerprint = ticket.fingerprint
        expires = ticket.expires
        candidates = CandidateList(
            ticket.addresses.compactMap { address in
                TransportAddress(bytes: address.bytes, port: address.port).map {
                    Candidate(.host, $0)
                }
            })
    }

    /// Reads a peer's meeting, less the addresses that `policy` forbids; nil where the bytes break the form.
    init?(peer bytes: [UInt8], policy: AddressPolicy) {
        guard let read = bytes.withUnsafeBytes({ Self.read($0, policy) }) else { return nil }
        self = read
    }

    private init(fingerprint: DeviceFingerprint, expires: WallTime, candidates: CandidateList) {
        self.fingerprint = fingerprint
        self.expires = expires
        self.candidates = candidates
    }

    private static func read(_ bytes: UnsafeRawBufferPointer, _ policy: AddressPolicy) -> Meeting? {
        var reader = ByteReader(bytes)
        guard let version = try? reader.readUInt8(), version == Self.version,
            let name = try? reader.readBytes(count: DeviceFingerprint.byteCount),
            let fingerprint = DeviceFingerprint(name), let expires = try? reader.readUInt64(),
            let seconds = Int64(exactly: expires),
            let candidates = CandidateList(peer: &reader, policy: policy),
            reader.isAtEnd
        else { return nil }
        return Meeting(
            fingerprint: fingerprint, expires: WallTime(secondsSince1970: seconds),
            candidates: candidates)
    }

    /// The bytes for the peer.
    var encoded: [UInt8] {
        var writer = ByteWriter(capacity: 64)
        writer.write(Self.version)
        writer.write(fingerprint.bytes)
        writer.write(UInt64(clamping: expires.secondsSince1970))
        writer.write(candidates.encoded)
        return writer.bytes
    }

    /// The meeting with its key, in the form that a receiver dials from; nil where no address of the
    /// sender may be used.
    func ticket(_ secret: PreSharedKey) -> Ticket? {
        Ticket(
            secret: secret, fingerprint: fingerprint, expires: expires,
            addresses: candidates.candidates.compactMap {
                TicketAddress(bytes: $0.address.bytes, port: $0.address.port)
            })
    }
}

public import SealiftBase

/// An address at which an end may be reached, and how it knows it (RFC 8445 §5.1.1 calls it so too).
public struct Candidate: Hashable, Sendable {
    /// How an address is known; its number on the wire.
    public enum Kind: UInt8, Hashable, Sendable, CaseIterable {
        /// An address of one of the machine's own interfaces.
        case host = 1
        /// What a STUN server saw packets come from.
        case reflexive = 2
        /// A mapping that a router was asked for.
        case portMapped = 3
        /// Named by the user.
        case manual = 4
        /// A relay that the user owns.
        case relayed = 5
    }

    /// How the address is known.
    public let kind: Kind
    /// The address.
    public let address: TransportAddress

    /// Makes a candidate.
    public init(_ kind: Kind, _ address: TransportAddress) {
        self.kind = kind
        self.address = address
    }
}

/// The addresses that one end tells the other (`docs/PROTOCOL.md` §10.6):
///
///     u8 count (0 to 16) ‖ count × (u8 kind ‖ u8 family ‖ 4 or 16 bytes ‖ u16 port)
///
/// A list that came from a peer holds only what ``isUsable(_:policy:)`` lets through: a hostile list
/// cannot turn our probes against this machine, a multicast group, a service on a well-known port, or
/// more than 16 places.
public struct CandidateList: Equatable, Sendable {
    /// The most candidates that an end names.
    public static let maximumCount = 16
    /// Ports below this belong to services of the system, which no peer of ours is.
    public static let lowestPeerPort: UInt16 = 1_024

    /// Most promising first, none twice, at most 16.
    public let candidates: [Candidate]

    /// Keeps the first of each address, up to 16.
    public init(_ candidates: [Candidate]) {
        var seen: Set<TransportAddress> = []
        self.candidates = Array(
            candidates.filter { seen.insert($0.address).inserted }.prefix(Self.maximumCount))
    }

    /// Whether a candidate of a peer may be probed. A private address is used only as what it can be:
    /// one of the peer's own interfaces, on a network that we may share.
    public static func isUsable(_ candidate: Candidate, policy: AddressPolicy) -> Bool {
        candidate.address.port >= lowestPeerPort && candidate.address.isUnicastToAnother
            && (candidate.kind == .host || !candidate.address.isPrivate)
            && policy.permits(candidate.address)
    }

    /// The bytes of the list.
    public var encoded: [UInt8] {
        var writer = ByteWriter(capacity: 1 + 20 * candidates.count)
        writer.write(UInt8(candidates.count))
        for candidate in candidates {
            writer.write(candidate.kind.rawValue)
            candidate.address.write(to: &writer)
        }
        return writer.bytes
    }

    /// Reads a peer's list and leaves out what may not be used; nil where the bytes break the form.
    public init?(peer reader: inout ByteReader, policy: AddressPolicy) {
        guard let count = try? reader.readUInt8(), count <= Self.maximumCount else { return nil }
        var candidates: [Candidate] = []
        for _ in 0..<count {
            guard let tag = try? reader.readUInt8(), let kind = Candidate.Kind(rawValue: tag),
                let address = TransportAddress.read(from: &reader)
            else { return nil }
            candidates.append(Candidate(kind, address))
        }
        self.init(candidates.filter { Self.isUsable($0, policy: policy) })
    }
}

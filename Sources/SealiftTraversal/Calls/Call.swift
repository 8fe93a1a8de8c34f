import SealiftBase

/// What an end of a call can and agrees to do; unknown bits are ignored.
public struct CallFlags: OptionSet, Hashable, Sendable {
    /// The 16 bits on the wire.
    public let rawValue: UInt16

    /// Takes the bits as they are.
    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// Takes part in birthday probing (`docs/PROTOCOL.md` §10.9).
    public static let birthday = CallFlags(rawValue: 1)
    /// The ends have a session already and look for a direct way: no relay joins the call.
    public static let directOnly = CallFlags(rawValue: 2)
}

/// What one end of a call tells the other about itself: the caller's call, and the callee's answer to it
/// (`docs/PROTOCOL.md` §10.8):
///
///     u8 version (1) ‖ call id (16) ‖ u16 revision ‖ u8 NAT kind ‖ u16 flags ‖ candidates
public struct Call: Equatable, Sendable {
    /// The same in call and answer.
    public let id: CallID
    /// Grows with each change of what follows; a lower or equal one is no news.
    public let revision: UInt16
    /// What lies in front of this end.
    public let nat: NATKind
    /// What this end agrees to.
    public let flags: CallFlags
    /// Where this end may be reached.
    public let candidates: CandidateList

    private static let version: UInt8 = 1

    /// Makes a call or an answer.
    public init(
        id: CallID, revision: UInt16 = 0, nat: NATKind, flags: CallFlags = .birthday,
        candidates: CandidateList
    ) {
        self.id = id
        self.revision = revision
        self.nat = nat
        self.flags = flags
        self.candidates = candidates
    }

    /// The bytes of the call: at most 343.
    public var encoded: [UInt8] {
        var writer = ByteWriter(capacity: 352)
        writer.write(Self.version)
        writer.write(id.bytes)
        writer.write(revision)
        writer.write(nat.wireValue)
        writer.write(flags.rawValue)
        writer.write(candidates.encoded)
        return writer.bytes
    }

    /// Reads a peer's call, less the candidates that may not be used; nil where the bytes break the form.
    public init?(peer bytes: UnsafeRawBufferPointer, policy: AddressPolicy) {
        var reader = ByteReader(bytes)
        guard (try? reader.readUInt8()) == Self.version,
            let id = (try? reader.readBytes(count: CallID.byteCount)).flatMap({ CallID($0) }),
            let revision = try? reader.readUInt16(),
            let nat = (try? reader.readUInt8()).flatMap({ NATKind(wireValue: $0) }),
            let flags = try? reader.readUInt16(),
            let candidates = CandidateList(peer: &reader, policy: policy), reader.isAtEnd
        else { return nil }
        self.init(
            id: id, revision: revision, nat: nat, flags: CallFlags(rawValue: flags),
            candidates: candidates)
    }
}

extension NATKind {
    /// The kinds in the order of their numbers on the wire, the first being 1.
    private static let onWire: [NATKind] = [
        .blocked, .none, .endpointIndependent, .endpointDependent, .unclassified,
    ]

    /// The number of this kind in a call.
    var wireValue: UInt8 {
        switch self {
        case .blocked: 1
        case .none: 2
        case .endpointIndependent: 3
        case .endpointDependent: 4
        case .unclassified: 5
        }
    }

    /// The kind with that number; nil if there is none.
    init?(wireValue: UInt8) {
        guard let kind = Self.onWire.first(where: { $0.wireValue == wireValue }) else { return nil }
        self = kind
    }
}

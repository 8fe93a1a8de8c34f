public import SealiftBase
internal import SealiftCrypto

/// Where an entry stands: chains of a higher generation come after all of a lower one, and within a
/// generation entries are counted from 0.
public struct ChainPosition: Hashable, Comparable, Sendable {
    /// 0 for the first chain of an identity; higher after each recovery. Below 2^62.
    public let generation: UInt64
    /// The entry's number in its generation, from 0.
    public let sequence: UInt32

    /// The largest generation.
    public static let maximumGeneration: UInt64 = 1 << 62 - 1

    /// The position of entry `sequence` of `generation`.
    public init(generation: UInt64, sequence: UInt32) {
        self.generation = generation
        self.sequence = sequence
    }

    /// The place behind this one in the same generation; itself at the end of the numbers.
    var next: ChainPosition {
        ChainPosition(
            generation: generation, sequence: sequence == .max ? sequence : sequence + 1)
    }

    /// The order of entries.
    public static func < (left: ChainPosition, right: ChainPosition) -> Bool {
        (left.generation, left.sequence) < (right.generation, right.sequence)
    }
}

/// The newest entry somebody has seen of a chain: what a peer pins, shows and compares.
///
///     identity (32) ‖ u64 generation ‖ u32 sequence ‖ entry hash (32)
public struct ChainHead: Hashable, Sendable {
    /// The size on the wire and on disk: 76 bytes.
    public static let byteCount = 76

    /// Whose chain it is.
    public let identity: IdentityID
    /// The entry's place.
    public let position: ChainPosition
    /// The entry's hash; through its predecessor's hash, that of the whole chain.
    public let hash: Hash256

    /// The head at `position`.
    public init(identity: IdentityID, position: ChainPosition, hash: Hash256) {
        self.identity = identity
        self.position = position
        self.hash = hash
    }

    /// How one head stands to another of the same identity, judged without seeing any entry.
    public enum Comparison: Equatable, Sendable {
        /// They are the same entry.
        case same
        /// The other is further back.
        case newer
        /// The other is further ahead.
        case older
        /// Two entries claim the one place: the identity has two histories.
        case forked
        /// They are of two identities.
        case unrelated
    }

    /// Compares this head with `other`.
    public func compared(to other: ChainHead) -> Comparison {
        guard identity == other.identity else { return .unrelated }
        if position == other.position { return hash == other.hash ? .same : .forked }
        return position > other.position ? .newer : .older
    }

    /// The bytes of the table above.
    public var encoded: [UInt8] {
        var writer = ByteWriter(capacity: Self.byteCount)
        writer.write(identity.value)
        writer.write(position.generation)
        writer.write(position.sequence)
        writer.write(hash)
        return writer.bytes
    }

    /// Reads ``encoded``; nil for another length or an impossible place.
    public init?(decoding bytes: UnsafeRawBufferPointer) {
        guard bytes.count == Self.byteCount else { return nil }
        var reader = ByteReader(bytes)
        guard let identity = try? reader.readHash(), let generation = try? reader.readUInt64(),
            generation <= ChainPosition.maximumGeneration,
            let sequence = try? reader.readUInt32(), sequence < DeviceChain.maximumEntryCount,
            let hash = try? reader.readHash()
        else { return nil }
        self.init(
            identity: IdentityID(identity),
            position: ChainPosition(generation: generation, sequence: sequence), hash: hash)
    }
}

extension ChainHead {
    /// What a handshake names of it (`docs/PROTOCOL.md` §4.1).
    public var handshakeHash: Hash256 {
        SHA256Digest.hash(Array("sealift/1 chain head".utf8) + encoded)
    }
}

extension DeviceChain {
    /// The hash of its head. A chain has at least one entry.
    public var headHash: Hash256 { entries[entries.count - 1].head.handshakeHash }
}

public import SealiftCrypto
import SealiftBase

/// The 16 random bytes by which the ends know one call from another; its probes' keys depend on it.
public struct CallID: Hashable, Sendable {
    /// The size on the wire.
    public static let byteCount = 16

    private let high: UInt64
    private let low: UInt64

    /// Takes 16 bytes; nil for another number.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        high = bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
        low = bytes.dropFirst(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// A new id from `entropy`.
    public static func random(entropy: inout some EntropySource) -> CallID {
        guard let id = CallID(entropy.bytes(byteCount)) else {
            preconditionFailure("sixteen bytes are an id")
        }
        return id
    }

    /// The 16 bytes.
    public var bytes: [UInt8] {
        var writer = ByteWriter(capacity: Self.byteCount)
        writer.write(high)
        writer.write(low)
        return writer.bytes
    }
}

/// Which end of a call somebody is.
public enum CallRole: Hashable, Sendable, CaseIterable {
    /// The receiver of the transfer: it dials.
    case caller
    /// The sender of the transfer: it waits.
    case callee

    /// The other end.
    public var peer: CallRole { self == .caller ? .callee : .caller }

    /// The way that what this end writes goes: for mailboxes, boxes and probes.
    public var direction: HandshakeDirection {
        self == .caller ? .initiatorToResponder : .responderToInitiator
    }
}

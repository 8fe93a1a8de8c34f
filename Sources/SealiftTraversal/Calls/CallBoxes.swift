import SealiftBase
public import SealiftCrypto

/// Puts calls into boxes for a rendezvous server, and takes them out (`docs/PROTOCOL.md` §10.8).
///
/// A box is bound to its direction and to the hour of its mailbox: a server that puts it elsewhere, turns
/// it back, or keeps it for another day has a box that does not open.
public struct CallBoxes: Sendable {
    private let secret: MailboxSecret

    /// The boxes between two ends that share `secret`.
    public init(_ secret: MailboxSecret) {
        self.secret = secret
    }

    /// A box with `call`, to be put by the end of `role` into its mailbox of `hour` (hours since 1970).
    public func seal(
        _ call: Call, from role: CallRole, hour: UInt64, entropy: inout some EntropySource
    ) -> RendezvousBox {
        let box = SealedBox.seal(
            call.encoded, key: secret.callBoxKey(at: hour), purpose: Self.purpose(role, hour),
            entropy: &entropy)
        guard let box = box.flatMap({ RendezvousBox($0) }) else {
            preconditionFailure("the longest call fits into a box")
        }
        return box
    }

    /// The call in `box`, which the end of `role` put into its mailbox of `hour`; nil where it is anything
    /// else.
    public func open(
        _ box: RendezvousBox, from role: CallRole, hour: UInt64, policy: AddressPolicy
    ) -> Call? {
        SealedBox.open(
            box.bytes, key: secret.callBoxKey(at: hour), purpose: Self.purpose(role, hour))?
            .withUnsafeBytes { Call(peer: $0, policy: policy) }
    }

    private static func purpose(_ role: CallRole, _ hour: UInt64) -> [UInt8] {
        var writer = ByteWriter(capacity: 32)
        writer.write(Array((role == .caller ? "sealift/1 call" : "sealift/1 answer").utf8))
        writer.write(hour)
        return writer.bytes
    }
}

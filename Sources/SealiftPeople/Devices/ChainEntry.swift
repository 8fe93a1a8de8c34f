public import SealiftBase
public import SealiftCrypto

/// One entry of an identity's device chain, signed by both keys of its root (`docs/PROTOCOL.md` §11.3).
///
/// The hash covers what was signed and not the signature, which differs each time the same is signed.
public struct ChainEntry: Hashable, Sendable {
    /// What an entry says.
    public enum Act: Hashable, Sendable {
        /// The identity begins, with its first device.
        case genesis(HybridPublicKey, DeviceCertificate)
        /// One more device.
        case add(DeviceCertificate)
        /// A device's last entry: from here on it speaks for nobody.
        case revoke(DeviceID, RevocationReason)
        /// A device's keys are exchanged for new ones, in one step.
        case rotate(DeviceID, DeviceCertificate)
        /// Begins anew with a higher generation: every device there was has ended, but this one.
        case recover(HybridPublicKey, DeviceCertificate)

        /// The root key and the first device, of an entry that begins a generation.
        var origin: (root: HybridPublicKey, first: DeviceCertificate)? {
            switch self {
            case .genesis(let root, let first), .recover(let root, let first): (root, first)
            case .add, .revoke, .rotate: nil
            }
        }
    }

    /// Why a device was revoked. Contacts read it.
    public enum RevocationReason: UInt8, Hashable, Sendable, CaseIterable {
        /// It is not said.
        case unstated = 0
        /// It was given up or sold.
        case retired = 1
        /// It is lost or stolen: what it signed last may not be its owner's.
        case lost = 2
    }

    /// The identity whose chain this is.
    public let identity: IdentityID
    /// The entry's place.
    public let position: ChainPosition
    /// The hash of the entry before it in this generation; zeros in front of the first.
    public let previous: Hash256
    /// When it was made, on the clock of who made it: to be shown, never judged.
    public let time: WallTime
    /// What it says.
    public let act: Act
    /// The root's signature over all of the above.
    public let signature: HybridSignature

    static let label = SignatureLabel("device chain")

    init(_ body: ChainEntryBody, signature: HybridSignature) {
        identity = body.identity
        position = body.position
        previous = body.previous
        time = body.time
        act = body.act
        self.signature = signature
    }

    var body: ChainEntryBody {
        ChainEntryBody(
            identity: identity, position: position, previous: previous, time: time, act: act)
    }

    /// SHA-256(`"sealift/1 chain entry"` ‖ body).
    public var hash: Hash256 { body.hash }

    /// The head whose newest entry this is.
    public var head: ChainHead { ChainHead(identity: identity, position: position, hash: hash) }

    /// Whether `root` signed it.
    func isSigned(by root: HybridPublicKey) -> Bool {
        root.isValid(signature, of: body.encoded, for: Self.label)
    }
}

/// What is signed of an entry.
struct ChainEntryBody: Hashable, Sendable {
    let identity: IdentityID
    let position: ChainPosition
    let previous: Hash256
    let time: WallTime
    let act: ChainEntry.Act

    var hash: Hash256 {
        SHA256Digest.hash(Array("sealift/1 chain entry".utf8) + encoded)
    }

    /// The entry, signed with `root`; nil only if the library fails.
    func signed(with root: HybridSigningKey) -> ChainEntry? {
        root.sign(encoded, for: ChainEntry.label).map { ChainEntry(self, signature: $0) }
    }
}

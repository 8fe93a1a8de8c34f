internal import SealiftBase
public import SealiftCrypto

/// Why a chain, or an entry of it, is refused. The view it was offered to did not change.
public enum ChainError: Error, Equatable, Sendable {
    /// It is another identity's than the one that is pinned: never to be clicked away.
    case anotherIdentity(pinned: IdentityID, offered: IdentityID)
    /// It does not begin with the identity's own root key: a genesis or a recovery.
    case noOrigin
    /// It ends before what was seen of this identity already: an old copy, or somebody hides news.
    case rollback(seen: ChainPosition, offered: ChainPosition)
    /// Another entry stands at a place that was seen: the identity has two histories.
    case fork(at: ChainPosition)
    /// Entries are missing in front of the one at this place.
    case gap(before: ChainPosition)
    /// The entry does not follow from the one before it, though it claims the next place.
    case brokenLink(at: ChainPosition)
    /// The root did not sign it, or only with one of its keys.
    case wrongSignature(at: ChainPosition)
    /// The device that it names did not consent to it.
    case noConsent(at: ChainPosition)
    /// A genesis or a recovery in the middle, or in a generation that is not its own.
    case misplacedOrigin(at: ChainPosition)
    /// It ends or exchanges a device that is not there.
    case unknownDevice(DeviceID, at: ChainPosition)
    /// It brings back keys that this generation had already.
    case reusedKeys(DeviceID, at: ChainPosition)
    /// More than 64 devices at a time.
    case tooManyDevices(at: ChainPosition)
    /// More than 4,096 entries in a generation: the identity must recover into the next.
    case tooLong
    /// The library failed to sign.
    case signingFailed
}

public import SealiftBase
public import SealiftCrypto
public import SealiftPeople

/// Who makes a change of a share.
public enum ShareAuthor: Hashable, Sendable {
    /// The user of this machine.
    case owner
    /// A member, in a session that proved who it is.
    ///
    /// - identity: who speaks.
    /// - device: with which device.
    /// - time: what ``ClockFloor`` says.
    case member(IdentityID, device: DeviceID, time: WallTime)
}

/// Why a change of shares was refused. Nothing changed then.
public enum ShareRefusal: Error, Equatable, Sendable {
    /// There is no such share.
    case unknownShare
    /// Another share has the name.
    case nameTaken
    /// Another share has a name that looks the same.
    case looksLike(ShareName)
    /// There are ``StoredShare/maximumCount`` shares, or the share has ``ContactBook/maximumCount`` members.
    case full
    /// The identity is no contact.
    case unknownContact
    /// The contact is not verified, and so a viewer at most.
    case notVerified
    /// Nobody makes, changes or removes the owner.
    case owner
    /// There is no grant for them in the share.
    case notMember
    /// More paths than a grant may have.
    case tooManyPaths
    /// No approval is awaited, or not this one's.
    case noApprovalAwaited
    /// The member who wants it may not; with the reason for the log.
    case denied(AccessDecision.Denial)
    /// The member would give away more than he has.
    case beyondOwnGrant
}

public import SealiftBase
public import SealiftCrypto

/// What a file or a QR code carries so that two people become contacts, or a machine a further device of its
/// user, with no server between them
/// (`docs/PROTOCOL.md` §11.6): who invites, the device that answers, where, and a key for one session.
///
///     u8 version ‖ identity 32 ‖ device fingerprint 16 ‖ psk 32 ‖ u64 expiry ‖ u8 count ‖ addresses
///     ‖ SHA-256("sealift/1 invitation" ‖ all bytes before)[..4]
///
/// As text: `sealiftpair1` (`sealiftlink1` for a device) and the bytes in base32. In capitals it fits the
/// compact form of QR codes.
/// It is a secret until it is used: whoever has it first can pair.
public struct Invitation: Sendable {
    /// What the session is for. A text of one purpose is none of the other.
    public enum Purpose: Hashable, Sendable {
        /// Two people become contacts: `sealiftpair1…`.
        case contact
        /// A machine becomes a further device of its user: `sealiftlink1…`.
        case device
    }

    /// The version that this build writes and reads.
    public static let version: UInt8 = 1

    /// What the session is for.
    public let purpose: Purpose
    /// Who invites: the hash of the root keys. The other end believes no other.
    public let identity: IdentityID
    /// The device that waits.
    public let device: DeviceFingerprint
    /// The key of the one session.
    public let secret: PreSharedKey
    /// When it ends, on the clock of who made it; others may show it and never judge it.
    public let expires: WallTime
    /// Where the device listens, most promising first; 1 to 16.
    public let addresses: [PeerAddress]

    /// Makes an invitation; nil unless there are 1 to 16 addresses and `expires` is not before 1970.
    public init?(
        for purpose: Purpose = .contact, identity: IdentityID, device: DeviceFingerprint,
        secret: PreSharedKey, expires: WallTime,
        addresses: [PeerAddress]
    ) {
        guard (1...PeerAddress.maximumCount).contains(addresses.count),
            expires.secondsSince1970 >= 0
        else { return nil }
        self.purpose = purpose
        self.identity = identity
        self.device = device
        self.secret = secret
        self.expires = expires
        self.addresses = addresses
    }
}

extension Invitation: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Says what it is, and nothing of what it holds.
    public var description: String { "<invitation>" }
    /// The same in a debugger.
    public var debugDescription: String { description }
    /// Shows nothing to `dump` and string interpolation.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Why a text or a file is no usable invitation.
public enum InvitationError: Error, Equatable, Sendable {
    /// It does not begin like one.
    case notAnInvitation
    /// A character is wrong, missing or too many.
    case mistyped
    /// It is whole, but of a version that this build does not know.
    case newerVersion
    /// It is whole, but holds an impossible value: whoever made it is broken.
    case malformed
}

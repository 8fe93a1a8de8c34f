public import SealiftBase
public import SealiftCrypto

/// What a receiver needs to reach a sender and to prove that it may (`docs/PROTOCOL.md` §3).
///
/// A ticket is a bearer secret: whoever holds its text can receive. It is never printed by accident:
/// its description hides everything, and ``text`` must be asked for.
public struct Ticket: Sendable {
    /// The version that this build writes and reads.
    public static let version: UInt8 = 1

    /// The most addresses that a ticket holds.
    public static let maximumAddressCount = PeerAddress.maximumCount

    /// The pre-shared key of the session.
    public let secret: PreSharedKey
    /// The fingerprint of the sender's device; the receiver talks to no other.
    public let fingerprint: DeviceFingerprint
    /// When the ticket ends, on the sender's clock; the receiver may show it but never judges it.
    public let expires: WallTime
    /// Where the sender listens, most promising first; 1 to 16.
    public let addresses: [PeerAddress]

    /// Makes a ticket; nil unless there are 1 to 16 addresses and `expires` is not before 1970.
    public init?(
        secret: PreSharedKey, fingerprint: DeviceFingerprint, expires: WallTime,
        addresses: [PeerAddress]
    ) {
        guard (1...PeerAddress.maximumCount).contains(addresses.count),
            expires.secondsSince1970 >= 0
        else { return nil }
        self.secret = secret
        self.fingerprint = fingerprint
        self.expires = expires
        self.addresses = addresses
    }
}

extension Ticket: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Says what it is, and nothing of what it holds.
    public var description: String { "<ticket>" }
    /// The same in a debugger.
    public var debugDescription: String { description }
    /// Shows nothing to `dump` and string interpolation.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Why a text is no usable ticket.
public enum TicketError: Error, Equatable, Sendable {
    /// It does not begin like a ticket.
    case notATicket
    /// It begins like one, but a character is wrong, missing or too many.
    case mistyped
    /// It was copied whole, but by a version of the format that this build does not know.
    case newerVersion
    /// It was copied whole, but it holds an impossible value: whoever made it is broken.
    case malformed
}

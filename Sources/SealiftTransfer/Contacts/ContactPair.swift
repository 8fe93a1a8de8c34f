public import SealiftBase
public import SealiftCrypto
public import SealiftPeople

/// A device of a contact, and the secret by which it and this one open sessions in one direction
/// (`docs/PROTOCOL.md` §11.5).
public struct ContactPair: Sendable {
    /// Who the contact is.
    public let identity: IdentityID
    /// The contact's device.
    public let device: DeviceID
    /// The secret that the dialling end uses.
    public let secret: PreSharedKey
    /// Whether it is made of the key before the present one.
    public let isFormer: Bool
    /// Whether it is made of a key that a third device told both: one that is born in a session replaces it.
    public let isTold: Bool

    /// The way from a contact's device to this one, or from this one to it.
    public init(
        identity: IdentityID, device: DeviceID, secret: PreSharedKey, isFormer: Bool = false,
        isTold: Bool = false
    ) {
        self.identity = identity
        self.device = device
        self.secret = secret
        self.isFormer = isFormer
        self.isTold = isTold
    }

    /// How far clocks may differ, in hours: tags are welcome so long before and after their own
    /// (`docs/PROTOCOL.md` §2).
    public static let hourTolerance: UInt64 = 24

    /// The hour that tags are made with, of the time `time`.
    public static func hour(at time: WallTime) -> UInt64 {
        UInt64(clamping: time.secondsSince1970 / 3_600)
    }
}

public import SealiftCrypto

/// Another device of the user who says it, and the key of its first session with the device that hears it
/// (`docs/PROTOCOL.md` §11.13). A secret.
public struct DeviceIntroduction: Equatable, Sendable {
    /// The device; the chain of who says it vouches for it.
    public let device: DeviceID
    /// Opens the first session; a key that is born in that one takes its place.
    public let key: PreSharedKey

    /// Introduces `device`.
    public init(device: DeviceID, key: PreSharedKey) {
        self.device = device
        self.key = key
    }

    /// Whether both say the same.
    public static func == (left: DeviceIntroduction, right: DeviceIntroduction) -> Bool {
        left.device == right.device && left.key.secret.constantTimeEquals(right.key.secret)
    }
}

extension DeviceIntroduction: CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// Says what it is, and nothing of the key.
    public var description: String { "<introduction of \(device.fingerprint)>" }
    /// The same in a debugger.
    public var debugDescription: String { description }
    /// Shows nothing to `dump` and string interpolation.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

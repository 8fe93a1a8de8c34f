import SealiftBase

/// Which run of the machine something was written in: the 16 bytes of the kernel's boot id. Within
/// one run the page cache keeps every write, even of a process that was killed.
public struct BootIdentity: Hashable, Sendable {
    /// Bytes of an identity.
    public static let byteCount = 16

    /// The 16 bytes.
    public let bytes: [UInt8]

    /// Takes 16 bytes; nil for another number.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = Array(bytes)
    }
}

extension BootIdentity: CustomStringConvertible {
    /// The value in a form that is safe to print.
    public var description: String { Hexadecimal.encode(bytes) }
}

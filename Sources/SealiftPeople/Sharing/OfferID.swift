internal import SealiftBase
public import SealiftCrypto

/// The name of an offer: 16 random bytes that the offerer draws, so that an offer which is said again is
/// the same one.
public struct OfferID: Hashable, Sendable, CustomStringConvertible {
    /// The size: 16 bytes.
    public static let byteCount = 16

    /// The 16 bytes.
    public let bytes: [UInt8]

    /// Copies 16 bytes; nil for another number.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = Array(bytes)
    }

    /// A new id.
    public init(entropy: inout some EntropySource) {
        bytes = entropy.bytes(Self.byteCount)
    }

    /// The 32 hexadecimal digits.
    public var description: String { Hexadecimal.encode(bytes) }
}

/// What an offerer calls what he offers: the name of the file or folder, or a few words. A peer's text: it
/// is escaped before anybody sees it.
public struct OfferLabel: Hashable, Sendable {
    /// The longest, in bytes.
    public static let maximumByteCount = 255

    /// UTF-8 without a zero byte.
    public let bytes: [UInt8]

    /// Takes 1 to 255 bytes of UTF-8 without a zero byte; nil for anything else.
    public init?(_ bytes: some Collection<UInt8>) {
        guard !bytes.isEmpty, bytes.count <= Self.maximumByteCount, !bytes.contains(0),
            String(validating: bytes, as: UTF8.self) != nil
        else { return nil }
        self.bytes = Array(bytes)
    }
}

extension OfferLabel: CustomStringConvertible {
    /// The label, safe to print.
    public var description: String { PrintableText.escape(bytes) }
}

internal import SealiftBase
internal import SealiftCrypto

/// The short form of an identity, for people (`docs/PROTOCOL.md` §11.2): 32 letters and digits in eight
/// groups, `mfrg-g2lt-…`.
///
///     identity[..17] ‖ SHA-256("sealift/1 short id" ‖ identity[..17])[..3], in base32
///
/// The checksum tells a slip of the pen from another person. 136 bits name the identity: nobody finds a
/// second root with the same ones, but what must be safe for ever is pinned by all 32 bytes.
public struct ShortIdentity: Hashable, Sendable {
    /// Bytes of the identity that the short form keeps.
    static let byteCount = 17
    private static let checksumByteCount = 3
    private static let groupSize = 4
    /// Longer texts are not looked at.
    private static let longestText = 128

    private let bytes: [UInt8]

    /// The short form of `identity`.
    init(_ identity: IdentityID) {
        bytes = Array(identity.value.bytes.prefix(Self.byteCount))
    }

    /// Reads the text form, in any case, with any spaces and hyphens.
    /// - Throws: ``ShortIdentityError``.
    public init(text: String) throws(ShortIdentityError) {
        guard text.utf8.count <= Self.longestText else { throw .notAnIdentity }
        let letters = text.utf8.filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: " ") }
        guard letters.count == (Self.byteCount + Self.checksumByteCount) * 8 / 5 else {
            throw .notAnIdentity
        }
        guard let decoded = Base32.decode(letters) else { throw .mistyped }
        let named = Array(decoded[..<Self.byteCount])
        guard decoded[Self.byteCount...].elementsEqual(Self.checksum(of: named)) else {
            throw .mistyped
        }
        bytes = named
    }

    /// Whether this is the short form of `identity`.
    public func names(_ identity: IdentityID) -> Bool { ShortIdentity(identity) == self }

    /// Eight groups of four, joined by hyphens.
    public var text: String {
        let letters = Base32.encode(bytes + Self.checksum(of: bytes))
        return stride(from: 0, to: letters.utf8.count, by: Self.groupSize)
            .map { String(letters.dropFirst($0).prefix(Self.groupSize)) }
            .joined(separator: "-")
    }

    private static func checksum(of bytes: [UInt8]) -> ArraySlice<UInt8> {
        SHA256Digest.hash(Array("sealift/1 short id".utf8) + bytes).bytes.prefix(checksumByteCount)
    }
}

extension ShortIdentity: CustomStringConvertible {
    /// As ``text``.
    public var description: String { text }
}

/// Why a text is no short identity.
public enum ShortIdentityError: Error, Equatable, Sendable {
    /// It has another number of letters.
    case notAnIdentity
    /// A letter is wrong: the checksum says so.
    case mistyped
}

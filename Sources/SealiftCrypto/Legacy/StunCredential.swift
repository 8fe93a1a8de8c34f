import Crypto
import FoundationEssentials

/// The long-term credential of STUN and TURN (RFC 8489 §9.2): what a user's own relay asks for.
///
/// MD5 and SHA-1 are what the RFC prescribes, and all that most servers speak. They keep strangers from
/// using a relay, nothing more: what goes through it is sealed by keys that have nothing to do with it.
/// They are nowhere else in sealift.
public struct StunCredential: Sendable {
    /// How the key is made of the password (RFC 8489 §18.5).
    public enum Derivation: UInt16, Sendable {
        /// MD5, for servers that name no algorithm.
        case md5 = 1
        /// SHA-256, for those that offer it.
        case sha256 = 2
    }

    /// The size of a code under SHA-1, in bytes.
    public static let sha1ByteCount = 20
    /// The size of a code under SHA-256, in bytes.
    public static let sha256ByteCount = 32

    /// How the key was made.
    public let derivation: Derivation
    private let key: SecretBytes

    /// Derives the key of a user's password for a server's realm.
    public init(
        username: String, realm: [UInt8], password: SecretBytes, derivation: Derivation
    ) {
        let prefix = Array(username.utf8) + [UInt8(ascii: ":")] + realm + [UInt8(ascii: ":")]
        self.derivation = derivation
        switch derivation {
        case .md5: key = Self.hash(Insecure.MD5(), prefix, password)
        case .sha256: key = Self.hash(SHA256(), prefix, password)
        }
    }

    private static func hash<Function: HashFunction>(
        _ function: Function, _ prefix: [UInt8], _ password: SecretBytes
    ) -> SecretBytes {
        var function = function
        prefix.withUnsafeBytes { function.update(bufferPointer: $0) }
        password.withUnsafeBytes { function.update(bufferPointer: $0) }
        return function.finalize().withUnsafeBytes { SecretBytes(copying: $0) }
    }

    /// HMAC-SHA-1 of `message`: MESSAGE-INTEGRITY (RFC 8489 §14.5).
    public func sha1Code(of message: [UInt8]) -> [UInt8] {
        code(HMAC<Insecure.SHA1>.self, message)
    }

    /// HMAC-SHA-256 of `message`: MESSAGE-INTEGRITY-SHA256 (RFC 8489 §14.6).
    public func sha256Code(of message: [UInt8]) -> [UInt8] {
        code(HMAC<SHA256>.self, message)
    }

    private func code<Function: HashFunction>(
        _: HMAC<Function>.Type, _ message: [UInt8]
    ) -> [UInt8] {
        key.withUnsafeBytes { keyBytes in
            var mac = HMAC<Function>(key: SymmetricKey(data: keyBytes))
            message.withUnsafeBytes { mac.update(data: $0) }
            return mac.finalize().withUnsafeBytes { Array($0) }
        }
    }

    /// Whether `given` is the code of `message`; its length says which. In constant time.
    public func isCode(_ given: [UInt8], of message: [UInt8]) -> Bool {
        let expected: [UInt8]
        switch given.count {
        case Self.sha1ByteCount: expected = sha1Code(of: message)
        case Self.sha256ByteCount: expected = sha256Code(of: message)
        default: return false
        }
        return expected.withUnsafeBytes { left in
            given.withUnsafeBytes { constantTimeEquals(left, $0) }
        }
    }
}

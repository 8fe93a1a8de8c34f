import SealiftBase
import SealiftCrypto

/// What a server asked to be shown with each request, and our answer (RFC 8489 §9.2).
struct TurnLogin: Sendable {
    /// RFC 8489 §14.9, §14.10: fewer than 128 characters, at most 763 bytes.
    private static let maximumByteCount = 763
    /// Begins a nonce that tells features; then 24 bits in base 64 (§9.2).
    private static let cookie = Array("obMatJos2".utf8)
    private static let sha256Algorithm: [UInt8] = [0, 2, 0, 0]

    let username: String
    let realm: [UInt8]
    private(set) var nonce: [UInt8]
    let credential: StunCredential
    /// PASSWORD-ALGORITHMS as the server sent it, to be sent back; nil where it counts for nothing.
    private let algorithms: [UInt8]?

    /// Reads the challenge in a 401; nil where it is incomplete, or where somebody took the algorithms
    /// out that the nonce says were offered (§9.2.4).
    init?(_ challenge: StunMessage, username: String, password: SecretBytes) {
        guard let realm = challenge.value(of: .realm).map(Array.init),
            let nonce = challenge.value(of: .nonce).map(Array.init),
            !realm.isEmpty, !nonce.isEmpty, realm.count <= Self.maximumByteCount,
            nonce.count <= Self.maximumByteCount
        else { return nil }
        let offered = challenge.value(of: .passwordAlgorithms).map(Array.init)
        if Self.offersAlgorithms(nonce), offered == nil { return nil }
        let usesSHA256 =
            Self.offersAlgorithms(nonce) && offered.map(Self.includesSHA256) ?? false
        self.username = username
        self.realm = realm
        self.nonce = nonce
        algorithms = usesSHA256 ? offered : nil
        credential = StunCredential(
            username: username, realm: realm, password: password,
            derivation: usesSHA256 ? .sha256 : .md5)
    }

    /// Takes a newer nonce (438); false where there is none.
    mutating func renew(_ challenge: StunMessage) -> Bool {
        guard let nonce = challenge.value(of: .nonce), !nonce.isEmpty,
            nonce.count <= Self.maximumByteCount
        else { return false }
        self.nonce = Array(nonce)
        return true
    }

    /// Adds the attributes that prove who asks.
    func add(to writer: inout StunMessageWriter) {
        writer.add(.username, Array(username.utf8))
        writer.add(.realm, realm)
        writer.add(.nonce, nonce)
        if let algorithms {
            writer.add(.passwordAlgorithms, algorithms)
            writer.add(.passwordAlgorithm, Self.sha256Algorithm)
        }
    }

    /// The first of the 24 feature bits, which are the highest of the first character.
    private static func offersAlgorithms(_ nonce: [UInt8]) -> Bool {
        guard nonce.starts(with: cookie), nonce.count >= cookie.count + 4 else { return false }
        let alphabet = Array(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        return (alphabet.firstIndex(of: nonce[cookie.count]) ?? 0) & 0x20 != 0
    }

    /// u16 algorithm ‖ u16 length ‖ parameters, padded (§14.11).
    private static func includesSHA256(_ list: [UInt8]) -> Bool {
        list.withUnsafeBytes { bytes in
            var reader = ByteReader(bytes)
            while let algorithm = try? reader.readUInt16(), let length = try? reader.readUInt16(),
                (try? reader.readBytes(count: (Int(length) + 3) & ~3)) != nil
            {
                if algorithm == 2 { return true }
            }
            return false
        }
    }
}

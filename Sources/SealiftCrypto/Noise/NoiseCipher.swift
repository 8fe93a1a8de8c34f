import Crypto

/// The AEAD of a Noise protocol name. ChaChaPoly is here for the published vectors only.
enum NoiseCipher: Sendable {
    case aesGCM
    case chaChaPoly

    /// Seals `plaintext`: ciphertext ‖ 16-byte tag; nil only if the library fails.
    func seal(
        _ plaintext: [UInt8], key: SecretBytes, counter: UInt64, associatedData: [UInt8]
    ) -> [UInt8]? {
        let nonce = nonce(counter)
        return key.withUnsafeBytes { keyBytes -> [UInt8]? in
            let key = SymmetricKey(data: keyBytes)
            switch self {
            case .aesGCM:
                guard let nonce = try? AES.GCM.Nonce(data: nonce),
                    let box = try? AES.GCM.seal(
                        plaintext, using: key, nonce: nonce, authenticating: associatedData)
                else { return nil }
                return Array(box.ciphertext) + Array(box.tag)
            case .chaChaPoly:
                guard let nonce = try? ChaChaPoly.Nonce(data: nonce),
                    let box = try? ChaChaPoly.seal(
                        plaintext, using: key, nonce: nonce, authenticating: associatedData)
                else { return nil }
                return Array(box.ciphertext) + Array(box.tag)
            }
        }
    }

    /// Opens ciphertext ‖ tag; nil if it is too short or not authentic.
    func open(
        _ sealed: ArraySlice<UInt8>, key: SecretBytes, counter: UInt64, associatedData: [UInt8]
    ) -> [UInt8]? {
        guard sealed.count >= 16 else { return nil }
        let combined = nonce(counter) + sealed
        return key.withUnsafeBytes { keyBytes -> [UInt8]? in
            let key = SymmetricKey(data: keyBytes)
            switch self {
            case .aesGCM:
                guard let box = try? AES.GCM.SealedBox(combined: combined),
                    let plaintext = try? AES.GCM.open(
                        box, using: key, authenticating: associatedData)
                else { return nil }
                return Array(plaintext)
            case .chaChaPoly:
                guard let box = try? ChaChaPoly.SealedBox(combined: combined),
                    let plaintext = try? ChaChaPoly.open(
                        box, using: key, authenticating: associatedData)
                else { return nil }
                return Array(plaintext)
            }
        }
    }

    /// Four zero bytes and the counter, in the byte order that Noise §12 gives each cipher.
    private func nonce(_ counter: UInt64) -> [UInt8] {
        let word = self == .aesGCM ? counter.bigEndian : counter.littleEndian
        return [0, 0, 0, 0] + withUnsafeBytes(of: word) { Array($0) }
    }
}

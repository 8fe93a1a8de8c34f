import Crypto
import FoundationEssentials

/// AES-256-GCM of swift-crypto. It rebuilds the key schedule and allocates on every call: right
/// everywhere, but several times slower than a backend that keeps the schedule.
final class PortablePacketCipher: Sendable {
    private let key: SymmetricKey

    init(key: SecretBytes) {
        self.key = key.withUnsafeBytes { SymmetricKey(data: $0) }
    }

    func seal(
        nonce: PacketNonce, header: UnsafeRawBufferPointer, text: UnsafeMutableRawBufferPointer,
        tag: UnsafeMutableRawBufferPointer
    ) -> Bool {
        guard let nonce = nonce.withUnsafeBytes({ try? AES.GCM.Nonce(data: $0) }),
            let box = try? AES.GCM.seal(
                UnsafeRawBufferPointer(text), using: key, nonce: nonce, authenticating: header),
            box.ciphertext.count == text.count, box.tag.count == tag.count
        else { return false }
        box.ciphertext.withUnsafeBytes { text.copyMemory(from: $0) }
        box.tag.withUnsafeBytes { tag.copyMemory(from: $0) }
        return true
    }

    func open(
        nonce: PacketNonce, header: UnsafeRawBufferPointer, ciphertext: UnsafeRawBufferPointer,
        tag: UnsafeRawBufferPointer, into plaintext: UnsafeMutableRawBufferPointer
    ) -> Bool {
        guard let nonce = nonce.withUnsafeBytes({ try? AES.GCM.Nonce(data: $0) }),
            let box = try? AES.GCM.SealedBox(nonce: nonce, ciphertext: ciphertext, tag: tag),
            let opened = try? AES.GCM.open(box, using: key, authenticating: header),
            opened.count == plaintext.count
        else { return false }
        opened.withUnsafeBytes { plaintext.copyMemory(from: $0) }
        return true
    }
}

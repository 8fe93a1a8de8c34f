@testable import SealiftCrypto

extension PacketCipher {
    /// One cipher per backend of this machine, all under `key`.
    static func allBackends(key: SecretBytes) -> [PacketCipher] {
        var ciphers = [PacketCipher.portable(PortablePacketCipher(key: key))]
        #if canImport(CIPSecMB) && arch(x86_64)
            if let cipher = MultiBufferPacketCipher(key: key) {
                ciphers.append(.multiBuffer(cipher))
            }
        #endif
        return ciphers
    }

    /// Ciphertext ‖ tag.
    func sealed(_ plaintext: [UInt8], header: [UInt8], nonce: PacketNonce) -> [UInt8]? {
        var text = plaintext
        var tag = [UInt8](repeating: 0, count: 16)
        let isSealed = header.withUnsafeBytes { header in
            text.withUnsafeMutableBytes { text in
                tag.withUnsafeMutableBytes { tag in
                    seal(nonce: nonce, header: header, text: text, tag: tag)
                }
            }
        }
        return isSealed ? text + tag : nil
    }

    /// The plaintext of ciphertext ‖ tag; nil if it is not authentic, and then nothing of it is left
    /// in the target either.
    func opened(_ sealed: [UInt8], header: [UInt8], nonce: PacketNonce) -> [UInt8]? {
        let ciphertext = Array(sealed.dropLast(16))
        let tag = Array(sealed.suffix(16))
        var plaintext = [UInt8](repeating: 0, count: ciphertext.count)
        let isOpen = header.withUnsafeBytes { header in
            ciphertext.withUnsafeBytes { ciphertext in
                tag.withUnsafeBytes { tag in
                    plaintext.withUnsafeMutableBytes { target in
                        open(
                            nonce: nonce, header: header, ciphertext: ciphertext, tag: tag,
                            into: target)
                    }
                }
            }
        }
        if isOpen { return plaintext }
        precondition(plaintext.allSatisfy { $0 == 0 }, "a failed open left plaintext behind")
        return nil
    }
}

/// AES-256-GCM under one kept key: the seam between packet protection and its backends.
///
/// Raw pointers in and out, so that a backend needs no copy. A counter is used once per key to seal;
/// ``PacketProtection`` sees to it.
enum PacketCipher: Sendable {
    /// swift-crypto: everywhere.
    case portable(PortablePacketCipher)

    /// The fastest backend of this machine.
    init(key: SecretBytes) {
        self = .portable(PortablePacketCipher(key: key))
    }

    /// Seals `text` in place and writes the 16-byte tag behind it.
    /// - Returns: false if the backend fails; nothing may then be sent.
    func seal(
        counter: UInt64, header: UnsafeRawBufferPointer, text: UnsafeMutableRawBufferPointer,
        tag: UnsafeMutableRawBufferPointer
    ) -> Bool {
        switch self {
        case .portable(let cipher):
            cipher.seal(counter: counter, header: header, text: text, tag: tag)
        }
    }

    /// Opens `ciphertext` into `plaintext`, of the same size and at another place.
    /// - Returns: false if it is not authentic; `plaintext` then holds nothing of it.
    func open(
        counter: UInt64, header: UnsafeRawBufferPointer, ciphertext: UnsafeRawBufferPointer,
        tag: UnsafeRawBufferPointer, into plaintext: UnsafeMutableRawBufferPointer
    ) -> Bool {
        switch self {
        case .portable(let cipher):
            cipher.open(
                counter: counter, header: header, ciphertext: ciphertext, tag: tag,
                into: plaintext)
        }
    }
}

/// The 12 bytes that make each use of a packet key different: four zero bytes and the packet number
/// (PROTOCOL §5).
struct PacketNonce: Sendable {
    static let size = 12

    private let prefix: UInt32
    private let counter: UInt64

    init(packetNumber: UInt64) {
        prefix = 0
        counter = packetNumber
    }

    /// Any 12 bytes, for published vectors; nil for another length.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.size else { return nil }
        prefix = bytes[..<4].reduce(0) { $0 << 8 | UInt32($1) }
        counter = bytes[4...].reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Lends the bytes.
    func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        withUnsafeTemporaryAllocation(byteCount: Self.size, alignment: 8) { bytes in
            bytes.storeBytes(of: prefix.bigEndian, toByteOffset: 0, as: UInt32.self)
            bytes.storeBytes(of: counter.bigEndian, toByteOffset: 4, as: UInt64.self)
            return body(UnsafeRawBufferPointer(bytes))
        }
    }
}

/// AES-256-GCM under one kept key: the seam between packet protection and its backends.
///
/// Raw pointers in and out, so that a backend needs no copy. A nonce is used once per key to seal;
/// ``PacketProtection`` sees to it.
enum PacketCipher: Sendable {
    /// swift-crypto: everywhere.
    case portable(PortablePacketCipher)
    #if canImport(CIPSecMB) && arch(x86_64)
        /// Intel IPsec-MB: where it was found when building and the processor has what it needs.
        case multiBuffer(MultiBufferPacketCipher)
    #endif

    /// The fastest backend of this machine.
    init(key: SecretBytes) {
        #if canImport(CIPSecMB) && arch(x86_64)
            if let cipher = MultiBufferPacketCipher(key: key) {
                self = .multiBuffer(cipher)
                return
            }
        #endif
        self = .portable(PortablePacketCipher(key: key))
    }

    /// Seals `text` in place and writes the 16-byte tag behind it.
    /// - Returns: false if the backend fails; nothing may then be sent.
    func seal(
        nonce: PacketNonce, header: UnsafeRawBufferPointer, text: UnsafeMutableRawBufferPointer,
        tag: UnsafeMutableRawBufferPointer
    ) -> Bool {
        switch self {
        case .portable(let cipher):
            cipher.seal(nonce: nonce, header: header, text: text, tag: tag)
        #if canImport(CIPSecMB) && arch(x86_64)
            case .multiBuffer(let cipher):
                cipher.seal(nonce: nonce, header: header, text: text, tag: tag)
        #endif
        }
    }

    /// Opens `ciphertext` into `plaintext`, of the same size and at another place.
    /// - Returns: false if it is not authentic; `plaintext` then holds nothing of it.
    func open(
        nonce: PacketNonce, header: UnsafeRawBufferPointer, ciphertext: UnsafeRawBufferPointer,
        tag: UnsafeRawBufferPointer, into plaintext: UnsafeMutableRawBufferPointer
    ) -> Bool {
        switch self {
        case .portable(let cipher):
            cipher.open(
                nonce: nonce, header: header, ciphertext: ciphertext, tag: tag,
                into: plaintext)
        #if canImport(CIPSecMB) && arch(x86_64)
            case .multiBuffer(let cipher):
                cipher.open(
                    nonce: nonce, header: header, ciphertext: ciphertext, tag: tag,
                    into: plaintext)
        #endif
        }
    }
}

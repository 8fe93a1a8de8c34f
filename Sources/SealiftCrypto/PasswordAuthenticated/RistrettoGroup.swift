import CSodium

/// The group ristretto255 (RFC 9496): prime order, one encoding for each element, no cofactor to
/// think about. The only place that calls libsodium.
///
/// Elements that tell something of a password, and scalars, live in ``SecretBytes``; what goes over
/// the wire is a plain array.
enum RistrettoGroup {
    /// The size of an encoded element and of a scalar: 32 bytes.
    static let byteCount = 32
    /// The size of a uniform string that an element is derived from: 64 bytes.
    static let uniformByteCount = 64

    // libsodium asks to be initialised before anything else; doing it again is harmless.
    private static let isReady = sodium_init() >= 0

    /// The element derivation of RFC 9496 §4.3.4: any 64 bytes give an element.
    /// - Precondition: `uniform` has 64 bytes.
    static func element(derivedFrom uniform: SecretBytes) -> SecretBytes {
        precondition(isReady && uniform.count == uniformByteCount)
        return SecretBytes(count: byteCount) { target in
            uniform.withUnsafeBytes { source in
                guard let to = target.baseAddress, let from = source.baseAddress else { return }
                _ = crypto_core_ristretto255_from_hash(
                    to.assumingMemoryBound(to: UInt8.self),
                    from.assumingMemoryBound(to: UInt8.self))
            }
        }
    }

    /// A scalar for a Diffie-Hellman exchange: 252 random bits, as draft-irtf-cfrg-cpace §8.3 advises.
    static func sampleScalar(entropy: inout some EntropySource) -> SecretBytes {
        SecretBytes(count: byteCount) { target in
            entropy.fill(target)
            target[byteCount - 1] &= 0x0F
        }
    }

    /// scalar × element, encoded; nil where `element` is no canonical encoding, or where it or the
    /// result is the neutral element (`scalar_mult_vfy` of the draft giving G.I): a peer could fix
    /// the result of the exchange that way.
    /// - Precondition: `scalar` has 32 bytes.
    static func multiply(_ scalar: SecretBytes, _ element: UnsafeRawBufferPointer) -> SecretBytes? {
        precondition(isReady && scalar.count == byteCount)
        guard element.count == byteCount, let point = element.baseAddress else { return nil }
        var isAcceptable = false
        let result = SecretBytes(count: byteCount) { target in
            scalar.withUnsafeBytes { factor in
                guard let to = target.baseAddress, let by = factor.baseAddress else { return }
                // libsodium refuses encodings that do not decode and results that are neutral.
                isAcceptable =
                    crypto_scalarmult_ristretto255(
                        to.assumingMemoryBound(to: UInt8.self),
                        by.assumingMemoryBound(to: UInt8.self),
                        point.assumingMemoryBound(to: UInt8.self)) == 0
            }
        }
        return isAcceptable ? result : nil
    }
}

import SealiftBase

/// Why a ratchet message was refused; the session then ends as a violation.
public enum RatchetError: Error, Equatable, Sendable {
    /// The message has a wrong size.
    case malformed
    /// It answers another offer.
    case wrongNumber
    /// A key that PROTOCOL §4.1 refuses, or the library failed.
    case unacceptableKey
}

/// The initiator's half of an in-session key exchange (PROTOCOL §6.8): X25519 and ML-KEM-768.
///
/// It heals a session whose keys leaked: whoever does not have the keys made here cannot follow into
/// the generation that mixes the result in.
public struct RatchetOffer: Sendable {
    /// Counts the session's offers: 1, 2, …
    public let number: UInt64
    /// varint number ‖ X25519 public key (32) ‖ encapsulation key (1,184).
    public let message: [UInt8]

    private let agreement: AgreementKey
    private let seed: SecretBytes
    private let encapsulation: any KeyEncapsulation

    /// Makes new keys from `entropy`.
    /// - Parameter number: 1 or more and below 2^62.
    /// - Throws: ``RatchetError/unacceptableKey`` if the library fails.
    public init(
        number: UInt64, encapsulation: any KeyEncapsulation = MLKEM768KeyEncapsulation(),
        entropy: inout some EntropySource
    ) throws(RatchetError) {
        agreement = .generate(entropy: &entropy)
        seed = SecretBytes(count: MLKEM768KeyEncapsulation.seedSize, entropy: &entropy)
        guard let key = try? encapsulation.encapsulationKey(of: seed) else {
            throw .unacceptableKey
        }
        self.number = number
        self.encapsulation = encapsulation
        message = ratchetMessage(number, agreement.publicKey, key)
    }

    /// Reads the responder's answer.
    /// - Returns: the mix, 32 bytes, for ``PacketProtection/setPendingMix(_:)``.
    public func finish(with answer: UnsafeRawBufferPointer) throws(RatchetError) -> SecretBytes {
        let (answered, publicKey, ciphertext) = try readRatchetMessage(
            answer, size: MLKEM768KeyEncapsulation.ciphertextSize)
        guard answered == number else { throw .wrongNumber }
        guard let shared = try? agreement.sharedSecret(with: publicKey),
            let secret = try? encapsulation.decapsulate(ciphertext, with: seed)
        else { throw .unacceptableKey }
        return ratchetMix(shared, secret, number: number)
    }
}

/// The responder's half: the answer to one offer and the mix that both ends then have.
public struct RatchetAnswer: Sendable {
    /// The number of the offer.
    public let number: UInt64
    /// varint number ‖ X25519 public key (32) ‖ ciphertext (1,088).
    public let message: [UInt8]
    /// The mix, 32 bytes, for ``PacketProtection/setPendingMix(_:)``.
    public let mix: SecretBytes

    /// Answers `offer`. An offer is answered once; a repeated one gets the same bytes again.
    /// - Throws: ``RatchetError``.
    public init(
        to offer: UnsafeRawBufferPointer,
        encapsulation: any KeyEncapsulation = MLKEM768KeyEncapsulation(),
        entropy: inout some EntropySource
    ) throws(RatchetError) {
        let (number, publicKey, encapsulationKey) = try readRatchetMessage(
            offer, size: MLKEM768KeyEncapsulation.encapsulationKeySize)
        let agreement = AgreementKey.generate(entropy: &entropy)
        guard MLKEM768KeyEncapsulation.passesModulusCheck(encapsulationKey),
            let shared = try? agreement.sharedSecret(with: publicKey),
            let result = try? encapsulation.encapsulate(to: encapsulationKey)
        else { throw .unacceptableKey }
        self.number = number
        message = ratchetMessage(number, agreement.publicKey, result.ciphertext)
        mix = ratchetMix(shared, result.sharedSecret, number: number)
    }
}

private func ratchetMessage(_ number: UInt64, _ publicKey: [UInt8], _ rest: [UInt8]) -> [UInt8] {
    var writer = ByteWriter(capacity: 8 + publicKey.count + rest.count)
    writer.writeVariableLengthInteger(number)
    writer.write(publicKey)
    writer.write(rest)
    return writer.bytes
}

private func readRatchetMessage(
    _ message: UnsafeRawBufferPointer, size: Int
) throws(RatchetError) -> (number: UInt64, publicKey: [UInt8], rest: [UInt8]) {
    var reader = ByteReader(message)
    guard let number = try? reader.readVariableLengthInteger(), number > 0,
        let publicKey = try? reader.readArray(count: 32), reader.remaining == size
    else { throw .malformed }
    return (number, publicKey, Array(reader.readRemaining()))
}

private func ratchetMix(_ shared: SecretBytes, _ secret: SecretBytes, number: UInt64) -> SecretBytes
{
    var info = ByteWriter()
    info.write("sealift/1 ratchet".utf8)
    info.write(number)
    return KeyDerivation.hkdf(shared.appending(secret), info: info.bytes, count: 32)
}

import SealiftBase

@testable import SealiftCrypto

/// A key encapsulation that gives what a vector recorded, and decapsulates for real.
struct ReplayedKeyEncapsulation: KeyEncapsulation {
    let recorded: Encapsulation

    func encapsulationKey(of seed: SecretBytes) throws(KeyEncapsulationError) -> [UInt8] {
        try MLKEM768KeyEncapsulation().encapsulationKey(of: seed)
    }

    func encapsulate(to encapsulationKey: [UInt8]) throws(KeyEncapsulationError) -> Encapsulation {
        recorded
    }

    func decapsulate(
        _ ciphertext: [UInt8], with seed: SecretBytes
    ) throws(KeyEncapsulationError) -> SecretBytes {
        try MLKEM768KeyEncapsulation().decapsulate(ciphertext, with: seed)
    }
}

/// A key encapsulation without secrecy whose every byte follows from its inputs: for simulations
/// that must replay exactly.
struct DeterministicKeyEncapsulation: KeyEncapsulation {
    func encapsulationKey(of seed: SecretBytes) throws(KeyEncapsulationError) -> [UInt8] {
        // ρ carries the hash of the seed; the coefficients are zero, which is below q.
        let mark = seed.withUnsafeBytes { SHA256Digest.hash($0) }
        return [UInt8](repeating: 0, count: 1152) + mark.bytes
    }

    func encapsulate(to encapsulationKey: [UInt8]) throws(KeyEncapsulationError) -> Encapsulation {
        let ciphertext = Array(encapsulationKey[96...])
        return Encapsulation(
            ciphertext: ciphertext,
            sharedSecret: SecretBytes(copying: SHA256Digest.hash(ciphertext).bytes))
    }

    func decapsulate(
        _ ciphertext: [UInt8], with seed: SecretBytes
    ) throws(KeyEncapsulationError) -> SecretBytes {
        SecretBytes(copying: SHA256Digest.hash(ciphertext).bytes)
    }
}

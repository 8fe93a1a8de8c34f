import SealiftBase
import SealiftCrypto

extension FuzzTarget {
    /// Keys of a peer (the static key and the signing key of messages 2 and 3), a signature of
    /// theirs, and the device record of the home folder.
    static let deviceKeys = FuzzTarget(
        "device-keys", maximumLength: 256,
        seeds: {
            let device = HandshakeRig.shared.sender
            let keys = device.publicKeys.agreement + device.publicKeys.signing
            let stored = device.secretEncoding.withUnsafeBytes { Array($0) }
            let signature = device.sign([1, 2, 3]) ?? []
            return [
                [0] + keys + signature + [1, 2, 3], [1] + stored,
                [0] + [UInt8](repeating: 0, count: 64), [1] + [UInt8](repeating: 0xFF, count: 64),
            ]
        }
    ) { input throws(BrokenRule) in
        if input.byte() & 1 == 0 {
            let (agreement, signing) = (input.filled(32), input.filled(32))
            guard let keys = DevicePublicKeys(agreement: agreement, signing: signing) else {
                return
            }
            try demand(agreement.last.map { $0 < 0x80 } == true, "a key with its top bit passed")
            _ = keys.isValidSignature(input.filled(64), of: input.rest())
        } else {
            let stored = input.rest()
            guard let device = try? DeviceKeyPair(secretEncoding: SecretBytes(copying: stored))
            else { return }
            try demand(stored.count == DeviceKeyPair.secretEncodingSize, "a wrong size passed")
            try demand(
                device.secretEncoding.withUnsafeBytes { $0.elementsEqual(stored) },
                "stored keys are not written as they were read")
            guard let signature = device.sign(stored) else { return }
            try demand(
                device.publicKeys.isValidSignature(signature, of: stored),
                "an own signature is not valid")
        }
    }
}

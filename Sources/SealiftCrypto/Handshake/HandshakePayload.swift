import SealiftBase

/// The payloads inside the Noise messages: always 256 bytes, so that their size tells nothing
/// (PROTOCOL §4.1).
///
///     message 1:     version 1 | zeros 255
///     messages 2, 3: version 1 | Ed25519 public key 32 | chain head 32 | features 1 | zeros 190
enum HandshakePayload {
    static let size = 256
    static let version: UInt8 = 1
    private static let headOffset = 33
    private static let featuresOffset = 65

    /// What an end says of itself in messages 2 and 3.
    struct Introduction {
        let keys: DevicePublicKeys
        let features: SessionFeatures
        /// The hash of its own chain's head; zero where it names none.
        let chainHead: Hash256
    }

    /// The payload of message 1.
    static var first: [UInt8] { [version] + [UInt8](repeating: 0, count: size - 1) }

    /// Checks the payload of message 1; the padding's content does not matter.
    static func isAcceptableFirst(_ payload: [UInt8]) -> Bool {
        payload.count == size && payload.first == version
    }

    /// The payload of messages 2 and 3 for `keys`.
    static func introduction(
        of keys: DevicePublicKeys, _ features: SessionFeatures, _ chainHead: Hash256
    ) -> [UInt8] {
        var writer = ByteWriter(capacity: size)
        writer.write(version)
        writer.write(keys.signing)
        writer.write(chainHead)
        writer.write(features.rawValue)
        writer.writeZeros(size - writer.count)
        return writer.bytes
    }

    /// The device that introduced itself: the static key that Noise authenticated, and the payload's
    /// signing key.
    static func readIntroduction(
        _ payload: [UInt8], staticKey: [UInt8]?
    ) throws(HandshakeError) -> Introduction {
        guard payload.count == size, payload.first == version, let staticKey else {
            throw .unsupportedPayload
        }
        guard
            let keys = DevicePublicKeys(
                agreement: staticKey, signing: Array(payload[1..<headOffset])),
            let chainHead = Hash256(payload[headOffset..<featuresOffset])
        else { throw .unacceptableKey }
        return Introduction(
            keys: keys, features: SessionFeatures(rawValue: payload[featuresOffset]),
            chainHead: chainHead)
    }
}

import SealiftBase

/// secret[g] and what is derived from it (PROTOCOL §5, §5.1). It knows no packets and no clock.
struct PacketKeySchedule: Sendable {
    /// g.
    private(set) var generation: UInt64 = 0
    /// secret[g]; the one of the generation before is gone when this is set.
    private var secret: SecretBytes
    /// The mix for secret[g+1]; nil where no ratchet finished since the last generation.
    private(set) var pendingMix: SecretBytes?
    /// secret[g+1], computed ahead to try packets with; forgotten when the mix changes.
    private var candidate: SecretBytes?

    init(firstSecret: SecretBytes) {
        secret = firstSecret
    }

    /// Sets the result of the latest finished ratchet as the next generation's mix.
    mutating func setPendingMix(_ mix: SecretBytes) {
        pendingMix = mix
        candidate = nil
    }

    /// Moves to generation g+1 and uses up the mix.
    mutating func advance() {
        secret = nextSecret()
        candidate = nil
        pendingMix = nil
        generation += 1
    }

    /// key(g, direction, sequence, lane 0).
    func currentKey(direction: HandshakeDirection, sequence: UInt32) -> SecretBytes {
        Self.key(secret, direction: direction, sequence: sequence)
    }

    /// key(g+1, direction, sequence, lane 0), while g is still in force.
    mutating func nextKey(direction: HandshakeDirection, sequence: UInt32) -> SecretBytes {
        Self.key(nextSecret(), direction: direction, sequence: sequence)
    }

    private mutating func nextSecret() -> SecretBytes {
        if let candidate { return candidate }
        let next = KeyDerivation.hkdf(
            pendingMix ?? SecretBytes(copying: []), salt: secret,
            info: Array("sealift/1 next generation".utf8), count: 32)
        candidate = next
        return next
    }

    private static func key(
        _ secret: SecretBytes, direction: HandshakeDirection, sequence: UInt32
    ) -> SecretBytes {
        var info = ByteWriter()
        info.write("sealift/1 key".utf8)
        info.write(direction.rawValue)
        info.write(sequence)
        info.write(UInt8(0))
        return KeyDerivation.hkdf(secret, info: info.bytes, count: 32)
    }
}

public import SealiftBase

/// The secrets of a session (PROTOCOL §4.3), wiped when the last holder lets go.
public struct SessionSecrets: Sendable, CustomStringConvertible {
    /// secret[0]: the keys of packets come from it.
    let traffic: SecretBytes
    /// Connection ids come from it.
    let connectionIDs: SecretBytes
    private let exporter: SecretBytes
    private let handshakeHash: SecretBytes

    init(_ keys: NoiseKeys) {
        let hash = SecretBytes(copying: keys.handshakeHash)
        exporter = keys.exporter
        handshakeHash = hash
        traffic = KeyDerivation.hkdf(
            keys.exporter, salt: hash, info: Array("sealift/1 traffic".utf8), count: 32)
        connectionIDs = KeyDerivation.hkdf(
            keys.exporter, salt: hash, info: Array("sealift/1 connection ids".utf8), count: 32)
    }

    /// Another 32-byte key of this session, the same at both ends, that tells nothing about the
    /// others. `label` names its use, `context` what it is bound to.
    /// - Precondition: `label` has at most 255 bytes of UTF-8.
    public func export(label: String, context: [UInt8]) -> SecretBytes {
        // The length keeps (label, context) pairs apart; "export" keeps them apart from our own.
        var info = ByteWriter()
        info.write("sealift/1 export".utf8)
        info.write(UInt8(label.utf8.count))
        info.write(label.utf8)
        info.write(context)
        return KeyDerivation.hkdf(exporter, salt: handshakeHash, info: info.bytes, count: 32)
    }

    /// Always `<secret>`.
    public var description: String { "<secret>" }
}

/// A finished handshake: who is at the other end, and the keys of the session with them.
public struct EstablishedSession: Sendable {
    /// Which end this is.
    public let role: HandshakeSide
    /// The device at the other end, authenticated.
    public let peer: DevicePublicKeys
    /// Noise's h: equal at both ends, and different in every session. Not secret.
    public let handshakeHash: [UInt8]
    /// The keys.
    public let secrets: SessionSecrets
    /// tag(hour, 0) of the pre-shared key: tells which ticket this session belongs to.
    public let pskTag: HandshakeTag
    /// What both ends can.
    public let features: SessionFeatures
    /// The hash of the head of its own chain that the other end named; nil where it named none, as ends that
    /// are no contacts and earlier versions do.
    public let peerChainHead: Hash256?
    /// The same of this end.
    public let ownChainHead: Hash256?

    init(
        role: HandshakeSide, peer: DevicePublicKeys, keys: NoiseKeys, pskTag: HandshakeTag,
        features: SessionFeatures, peerChainHead: Hash256 = .zero, ownChainHead: Hash256 = .zero
    ) {
        self.features = features
        self.peerChainHead = peerChainHead == .zero ? nil : peerChainHead
        self.ownChainHead = ownChainHead == .zero ? nil : ownChainHead
        self.role = role
        self.peer = peer
        handshakeHash = keys.handshakeHash
        secrets = SessionSecrets(keys)
        self.pskTag = pskTag
    }
}

/// The prologue of PROTOCOL §4.1: what both ends must agree on before the first byte.
func handshakePrologue(role: SessionRole, tag: HandshakeTag) -> [UInt8] {
    Array("sealift/1".utf8) + [role.rawValue] + tag.bytes
}

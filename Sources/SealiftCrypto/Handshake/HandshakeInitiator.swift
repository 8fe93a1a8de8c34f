public import SealiftBase

/// The side that dials (PROTOCOL §4): writes message 1 once, reads message 2, writes message 3 once.
///
/// It owns no timer and no address: its owner sends ``firstFlight`` again after 250 ms, doubling to
/// 2 s, on as many paths as it likes, and the final flight likewise until a packet opens. The bytes
/// never change, so no key ever seals two different texts.
public struct HandshakeInitiator: Sendable {
    /// What a datagram led to.
    public enum OnDatagram: Sendable {
        /// It was not for this handshake, or not authentic: as if it had not come.
        case ignored
        /// It was; another part is missing.
        case waiting
        /// The responder proved itself. Send `finalFlight`, then packets.
        case established(EstablishedSession, finalFlight: [[UInt8]])
    }

    /// The two datagrams of message 1: always the same bytes.
    public let firstFlight: [[UInt8]]

    private let key: PreSharedKey
    private let hour: UInt64
    private let local: DevicePublicKeys
    private let features: SessionFeatures
    private let chainHead: Hash256
    private let expectedPeer: DeviceFingerprint?
    private let handshakeID: HandshakeID
    /// The Noise state after message 1; nil once the session is established.
    private var noise: NoiseHandshake?
    private var assembly = FragmentAssembly(.second)

    /// Begins a handshake and writes message 1.
    ///
    /// - Parameters:
    ///   - psk: the secret of the ticket, code or pair.
    ///   - role: where `psk` comes from.
    ///   - local: this device.
    ///   - expectedPeer: the fingerprint that the responder must have; nil accepts any.
    ///   - hour: the hour of the tag; 0 for a ticket.
    ///   - features: what this end can.
    ///   - chainHead: the hash of the head of this user's chain, for a contact's device; zero for nobody.
    ///   - encapsulation: the KEM; another one in tests only.
    ///   - entropy: gives the ephemeral keys and the handshake id.
    /// - Throws: ``HandshakeError/localMisuse`` if the library fails.
    public init(
        psk: PreSharedKey, role: SessionRole, local: DeviceKeyPair,
        expectedPeer: DeviceFingerprint?, hour: UInt64 = 0, features: SessionFeatures = [],
        chainHead: Hash256 = .zero,
        encapsulation: any KeyEncapsulation = MLKEM768KeyEncapsulation(),
        entropy: inout some EntropySource
    ) throws(HandshakeError) {
        key = psk
        self.hour = hour
        self.local = local.publicKeys
        self.features = features
        self.chainHead = chainHead
        self.expectedPeer = expectedPeer
        handshakeID = entropy.bytes(8).reduce(0) { $0 << 8 | HandshakeID($1) }
        let tag = psk.tag(direction: .initiatorToResponder, hour: hour)
        var noise = NoiseHandshake(
            .sealift, side: .initiator, prologue: handshakePrologue(role: role, tag: tag),
            keys: .init(
                staticKey: local.agreement, ephemeral: .generate(entropy: &entropy),
                encapsulationSeed: SecretBytes(
                    count: MLKEM768KeyEncapsulation.seedSize, entropy: &entropy)),
            preSharedKeys: [psk.secret], encapsulation: encapsulation)
        do throws(NoiseError) {
            firstFlight = HandshakeDatagram.datagrams(
                of: .first, try noise.writeMessage(payload: HandshakePayload.first),
                handshakeID: handshakeID, key: psk, hour: hour)
        } catch {
            throw HandshakeError(error)
        }
        self.noise = noise
    }

    /// Takes a datagram from the socket.
    ///
    /// - Throws: a ``HandshakeError`` for a message 2 whose macs are right but whose content is not.
    ///   The handshake stays as it was before that message, so a right one may still come.
    public mutating func receive(
        _ datagram: UnsafeRawBufferPointer
    ) throws(HandshakeError) -> OnDatagram {
        guard let noise, let parsed = HandshakeDatagram(datagram), parsed.message == .second,
            parsed.handshakeID == handshakeID,
            parsed.tag == key.tag(direction: .responderToInitiator, hour: hour),
            parsed.isAuthentic(under: key)
        else { return .ignored }
        assembly.insert(parsed.fragment, at: parsed.index)
        guard let message = assembly.complete else { return .waiting }
        assembly = FragmentAssembly(.second)
        let (session, finalFlight) = try finish(noise, with: message)
        self.noise = nil
        return .established(session, finalFlight: finalFlight)
    }

    /// Reads message 2 and writes message 3, on a copy of the Noise state.
    private func finish(
        _ noise: NoiseHandshake, with message: [UInt8]
    ) throws(HandshakeError) -> (EstablishedSession, [[UInt8]]) {
        var noise = noise
        let payload: [UInt8]
        do { payload = try noise.readMessage(message) } catch { throw HandshakeError(error) }
        let theirs = try HandshakePayload.readIntroduction(
            payload, staticKey: noise.remoteStatic)
        // Before message 3 is written: a stranger must not learn who we are.
        if let expectedPeer, theirs.keys.id.fingerprint != expectedPeer {
            throw .wrongPeer(theirs.keys.id.fingerprint)
        }
        let third: [UInt8]
        do {
            third = try noise.writeMessage(
                payload: HandshakePayload.introduction(of: local, features, chainHead))
        } catch { throw HandshakeError(error) }
        let session = EstablishedSession(
            role: .initiator, peer: theirs.keys, keys: noise.split(),
            pskTag: key.tag(direction: .initiatorToResponder, hour: hour),
            features: features.intersection(theirs.features), peerChainHead: theirs.chainHead,
            ownChainHead: chainHead)
        let finalFlight = HandshakeDatagram.datagrams(
            of: .third, third, handshakeID: handshakeID, key: key, hour: hour)
        return (session, finalFlight)
    }
}

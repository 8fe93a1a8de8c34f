import SealiftBase

@testable import SealiftCrypto

/// Two ends that share a ticket's secret, and what a network between them would carry.
struct HandshakePair {
    let psk: PreSharedKey
    let sender: DeviceKeyPair
    let receiver: DeviceKeyPair
    var initiator: HandshakeInitiator
    var responder: HandshakeResponder
    var entropy: SeededEntropy

    init(seed: UInt64 = 1, expecting fingerprint: DeviceFingerprint? = nil) throws {
        entropy = SeededEntropy(seed: seed)
        psk = .generate(entropy: &entropy)
        sender = .generate(entropy: &entropy)
        receiver = .generate(entropy: &entropy)
        responder = HandshakeResponder(local: sender, entropy: SeededEntropy(seed: seed ^ 0xFFFF))
        responder.accept(psk, role: .ticket)
        initiator = try HandshakeInitiator(
            psk: psk, role: .ticket, local: receiver,
            expectedPeer: fingerprint ?? sender.publicKeys.id.fingerprint, entropy: &entropy)
    }

    /// Another initiator with the same secret.
    mutating func anotherInitiator() throws -> HandshakeInitiator {
        try HandshakeInitiator(
            psk: psk, role: .ticket, local: receiver, expectedPeer: nil, entropy: &entropy)
    }

    /// Hands message 1 over and returns message 2.
    mutating func secondFlight(now: Instant = .zero) -> [[UInt8]]? {
        responder.reply(to: initiator.firstFlight, now: now)
    }

    /// Runs the handshake to its end.
    mutating func establish() throws -> (
        initiator: EstablishedSession, responder: EstablishedSession
    )? {
        guard let second = secondFlight(),
            let (session, final) = try initiator.session(from: second),
            let other = responder.session(from: final)
        else { return nil }
        return (session, other)
    }
}

extension HandshakeResponder {
    /// The reply to a flight of datagrams, if there is one.
    mutating func reply(to flight: [[UInt8]], now: Instant = .zero) -> [[UInt8]]? {
        var result: [[UInt8]]?
        for datagram in flight {
            if case .reply(let reply) = receive(datagram, now: now) { result = reply }
        }
        return result
    }

    /// The session that a flight establishes, if it does.
    mutating func session(from flight: [[UInt8]], now: Instant = .zero) -> EstablishedSession? {
        for datagram in flight {
            if case .established(let session) = receive(datagram, now: now) { return session }
        }
        return nil
    }
}

extension HandshakeInitiator {
    /// The session and message 3 that a flight leads to, if it does.
    mutating func session(
        from flight: [[UInt8]]
    ) throws(HandshakeError) -> (EstablishedSession, [[UInt8]])? {
        for datagram in flight {
            if case .established(let session, let final) = try receive(datagram) {
                return (session, final)
            }
        }
        return nil
    }
}

/// Two protections of one session, made without a handshake.
struct ProtectionPair {
    var initiator: PacketProtection
    var responder: PacketProtection

    init(seed: UInt64 = 1, limits: PacketProtectionLimits = .init()) {
        var entropy = SeededEntropy(seed: seed)
        let keys = NoiseKeys(
            initiatorToResponder: SecretBytes(count: 32, entropy: &entropy),
            responderToInitiator: SecretBytes(count: 32, entropy: &entropy),
            exporter: SecretBytes(count: 32, entropy: &entropy), handshakeHash: entropy.bytes(32))
        let peer = DeviceKeyPair.generate(entropy: &entropy).publicKeys
        let tag = PreSharedKey.generate(entropy: &entropy).tag(direction: .initiatorToResponder)
        initiator = PacketProtection(
            session: EstablishedSession(
                role: .initiator, peer: peer, keys: keys, pskTag: tag, features: []),
            limits: limits)
        responder = PacketProtection(
            session: EstablishedSession(
                role: .responder, peer: peer, keys: keys, pskTag: tag, features: []),
            limits: limits)
    }
}

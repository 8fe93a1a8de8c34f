import SealiftBase
public import SealiftCrypto

/// Two ends of one handshake, made once per call from a seed.
public struct SessionPair: Sendable {
    /// The end that dialed.
    public let initiator: EstablishedSession
    /// The end that waited.
    public let responder: EstablishedSession

    /// Runs a whole handshake between two devices made from `seed`.
    /// - Throws: what the handshake throws, or ``Failure``.
    public init(seed: UInt64) throws {
        var entropy = SeededEntropy(seed: seed)
        let (near, far) = (
            DeviceKeyPair.generate(entropy: &entropy), DeviceKeyPair.generate(entropy: &entropy)
        )
        try self.init(seed: seed &+ 1, dialing: near, waiting: far)
    }

    /// Runs a whole handshake between two devices.
    /// - Throws: what the handshake throws, or ``Failure``.
    public init(
        seed: UInt64, dialing near: DeviceKeyPair, waiting far: DeviceKeyPair,
        role: SessionRole = .ticket
    ) throws {
        var entropy = SeededEntropy(seed: seed)
        let psk = PreSharedKey.generate(entropy: &entropy)
        var dialer = try HandshakeInitiator(
            psk: psk, role: role, local: near, expectedPeer: far.publicKeys.id.fingerprint,
            entropy: &entropy)
        var waiter = HandshakeResponder(local: far, entropy: entropy)
        waiter.accept(psk, role: role)
        var replies: [[UInt8]] = []
        for datagram in dialer.firstFlight {
            let outcome = datagram.withUnsafeBytes { waiter.receive($0, now: .zero) }
            if case .reply(let bytes) = outcome { replies = bytes }
        }
        var near1: EstablishedSession?
        var flight: [[UInt8]] = []
        for datagram in replies {
            let outcome = try datagram.withUnsafeBytes { try dialer.receive($0) }
            if case .established(let session, let final) = outcome {
                near1 = session
                flight = final
            }
        }
        var far1: EstablishedSession?
        for datagram in flight {
            let outcome = datagram.withUnsafeBytes { waiter.receive($0, now: .zero) }
            if case .established(let session) = outcome { far1 = session }
        }
        guard let near1, let far1 else { throw Failure.handshakeIncomplete }
        (initiator, responder) = (near1, far1)
    }

    /// Why there are no sessions.
    public enum Failure: Error {
        /// The messages ran out before both ends were done.
        case handshakeIncomplete
    }
}

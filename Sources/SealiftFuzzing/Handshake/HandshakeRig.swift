import SealiftBase
import SealiftCrypto

/// Two devices, a secret between them, and what honest ends would say: made once, since keys are
/// slow, and copied by every input.
struct HandshakeRig: Sendable {
    let psk: PreSharedKey
    let sender: DeviceKeyPair
    let receiver: DeviceKeyPair
    /// Honest initiators, each with a handshake id of its own.
    let initiators: [HandshakeInitiator]
    let responder: HandshakeResponder

    static let shared = HandshakeRig()

    private init() {
        var entropy = SeededEntropy(seed: 41)
        psk = .generate(entropy: &entropy)
        sender = .generate(entropy: &entropy)
        receiver = .generate(entropy: &entropy)
        var made: [HandshakeInitiator] = []
        for _ in 0..<4 {
            let initiator = try? HandshakeInitiator(
                psk: psk, role: .ticket, local: receiver,
                expectedPeer: sender.publicKeys.id.fingerprint, entropy: &entropy)
            if let initiator { made.append(initiator) }
        }
        initiators = made
        var waiting = HandshakeResponder(local: sender, entropy: SeededEntropy(seed: 42))
        waiting.accept(psk, role: .ticket)
        responder = waiting
    }

    /// `datagram` with byte `place` of its message changed and its mac made anew: what only somebody
    /// with the secret can make.
    func remade(_ datagram: [UInt8], place: Int, change: UInt8) -> [UInt8] {
        guard let type = datagram.first, let message = HandshakeMessage(rawValue: type) else {
            return datagram
        }
        var data = Array(
            datagram[HandshakeDatagram.headerSize..<(datagram.count - HandshakeDatagram.macSize)])
        data[place % data.count] ^= change
        return HandshakeDatagram.datagram(
            of: message, fragment: datagram[HandshakeDatagram.headerSize - 1], data,
            handshakeID: datagram[17..<25].reduce(0) { $0 << 8 | HandshakeID($1) }, key: psk,
            hour: 0)
    }

    /// A datagram with a right mac around whatever the input says.
    func forged(_ message: HandshakeMessage, _ input: inout FuzzInput) -> [UInt8] {
        let fragment = input.byte()
        let id = HandshakeID(input.byte())
        return HandshakeDatagram.datagram(
            of: message, fragment: fragment, input.filled(message.fragmentSize), handshakeID: id,
            key: psk, hour: 0)
    }

    /// An initiator whose encapsulation key is a valid one with some bytes changed: what a peer
    /// that holds the secret can send as `e1` without breaking any seal.
    func hostileInitiator(_ input: inout FuzzInput) -> HandshakeInitiator? {
        let kem = HostileEncapsulation(place: input.short(), bytes: input.run(atMost: 64))
        var entropy = SeededEntropy(seed: 1_000 + UInt64(input.byte()))
        return try? HandshakeInitiator(
            psk: psk, role: .ticket, local: receiver, expectedPeer: nil, encapsulation: kem,
            entropy: &entropy)
    }
}

/// ML-KEM-768 with some bytes of what it sends replaced.
struct HostileEncapsulation: KeyEncapsulation {
    let place: Int
    let bytes: [UInt8]

    private func spoil(_ run: [UInt8]) -> [UInt8] {
        var run = run
        for (offset, byte) in bytes.enumerated() { run[(place + offset) % run.count] = byte }
        return run
    }

    func encapsulationKey(of seed: SecretBytes) throws(KeyEncapsulationError) -> [UInt8] {
        spoil(try MLKEM768KeyEncapsulation().encapsulationKey(of: seed))
    }

    func encapsulate(to encapsulationKey: [UInt8]) throws(KeyEncapsulationError) -> Encapsulation {
        var result = try MLKEM768KeyEncapsulation().encapsulate(to: encapsulationKey)
        result.ciphertext = spoil(result.ciphertext)
        return result
    }

    func decapsulate(
        _ ciphertext: [UInt8], with seed: SecretBytes
    ) throws(KeyEncapsulationError) -> SecretBytes {
        try MLKEM768KeyEncapsulation().decapsulate(ciphertext, with: seed)
    }
}

extension HandshakeInitiator {
    /// The session and message 3 that a flight leads to, if it does.
    mutating func session(from flight: [[UInt8]]) -> (EstablishedSession, [[UInt8]])? {
        for datagram in flight {
            if case .established(let session, let final)? = try? answer(to: datagram) {
                return (session, final)
            }
        }
        return nil
    }

    /// Takes one datagram.
    mutating func answer(to datagram: [UInt8]) throws(HandshakeError) -> OnDatagram {
        // `withUnsafeBytes` of an array does not carry typed errors.
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: datagram.count, alignment: 8)
        defer { buffer.deallocate() }
        buffer.copyBytes(from: datagram)
        return try receive(UnsafeRawBufferPointer(buffer))
    }
}

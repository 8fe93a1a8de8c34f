import SealiftBase
import SealiftCrypto

/// The two ends of one finished handshake, made once and copied by every input.
struct SessionRig: Sendable {
    let initiator: EstablishedSession
    let responder: EstablishedSession

    /// Nil only if the cryptography fails to work at all.
    static let shared = SessionRig()

    private init?() {
        let rig = HandshakeRig.shared
        var (dialer, waiter) = (rig.initiators[0], rig.responder)
        var replies: [[UInt8]] = []
        for datagram in dialer.firstFlight {
            let outcome = datagram.withUnsafeBytes { waiter.receive($0, now: .zero) }
            if case .reply(let reply) = outcome { replies = reply }
        }
        guard let (near, final) = dialer.session(from: replies) else { return nil }
        var far: EstablishedSession?
        for datagram in final {
            let outcome = datagram.withUnsafeBytes { waiter.receive($0, now: .zero) }
            if case .established(let session) = outcome { far = session }
        }
        guard let far else { return nil }
        (initiator, responder) = (near, far)
    }
}

extension PacketProtection {
    /// A whole packet around `plaintext`, which is not empty; nil where it may not be sealed.
    mutating func sealed(_ plaintext: [UInt8], number: UInt64, sequence: UInt32) -> [UInt8]? {
        let head = [UInt8](repeating: 0, count: Self.headerSize)
        var datagram = head + plaintext + [UInt8](repeating: 0, count: Self.tagSize)
        let size = datagram.withUnsafeMutableBytes {
            try? seal(
                packetNumber: number, plaintextCount: plaintext.count, in: $0, sequence: sequence)
        }
        return size == datagram.count ? datagram : nil
    }

    /// What a packet opens to, in memory of exactly its size.
    mutating func opened(_ datagram: [UInt8], now: Instant) -> (Opened, plaintext: [UInt8])? {
        var plaintext = [UInt8](repeating: 0, count: max(0, datagram.count - Self.overhead))
        let packet = plaintext.withUnsafeMutableBytes { target in
            datagram.withUnsafeBytes { open($0, into: target, now: now) }
        }
        return packet.map { ($0, Array(plaintext[..<$0.plaintextCount])) }
    }
}

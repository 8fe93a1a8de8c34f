import SealiftBase

@testable import SealiftCrypto

/// The bytes of hexadecimal text; empty for nil or malformed text.
func hex(_ text: String?) -> [UInt8] { text.flatMap { Hexadecimal.decode($0) } ?? [] }

extension SecretBytes {
    /// What a test compares.
    var revealed: [UInt8] { withUnsafeBytes { Array($0) } }
}

extension HandshakeInitiator {
    mutating func receive(_ datagram: [UInt8]) throws(HandshakeError) -> OnDatagram {
        // `withUnsafeBytes` of an array does not carry typed errors.
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: datagram.count, alignment: 8)
        defer { buffer.deallocate() }
        buffer.copyBytes(from: datagram)
        return try receive(UnsafeRawBufferPointer(buffer))
    }
}

extension HandshakeResponder {
    mutating func receive(_ datagram: [UInt8], now: Instant = .zero) -> OnDatagram {
        datagram.withUnsafeBytes { receive($0, now: now) }
    }
}

extension PacketProtection {
    /// A whole packet around `plaintext`.
    mutating func sealed(
        _ plaintext: [UInt8], number: UInt64, sequence: UInt32 = 0
    ) throws -> [UInt8] {
        var datagram = [UInt8](repeating: 0, count: plaintext.count + Self.overhead)
        datagram.replaceSubrange(
            Self.headerSize..<(Self.headerSize + plaintext.count), with: plaintext)
        let size = try datagram.withUnsafeMutableBytes {
            try seal(
                packetNumber: number, plaintextCount: plaintext.count, in: $0, sequence: sequence)
        }
        return Array(datagram[..<size])
    }

    /// What a packet opens to.
    mutating func opened(
        _ datagram: [UInt8], now: Instant = .zero
    ) -> (packet: Opened, plaintext: [UInt8])? {
        var plaintext = [UInt8](repeating: 0xAA, count: max(datagram.count, 1))
        let packet = plaintext.withUnsafeMutableBytes { target in
            datagram.withUnsafeBytes { open($0, into: target, now: now) }
        }
        return packet.map { ($0, Array(plaintext[..<$0.plaintextCount])) }
    }
}

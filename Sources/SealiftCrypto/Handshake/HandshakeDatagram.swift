import SealiftBase

/// The random number by which an initiator names one handshake; in all three messages.
package typealias HandshakeID = UInt64

/// The three handshake messages and how they are cut into datagrams (PROTOCOL §4.2).
package enum HandshakeMessage: UInt8, Sendable, CaseIterable {
    case first = 0xE1
    case second = 0xE2
    case third = 0xE3

    /// How many datagrams carry the message.
    package var fragmentCount: Int { self == .third ? 1 : 2 }

    /// The bytes of the message in each datagram.
    package var fragmentSize: Int {
        switch self {
        case .first: 752
        case .second: 728
        case .third: 320
        }
    }

    /// The size of the whole message.
    package var size: Int { fragmentCount * fragmentSize }

    /// The way the message goes.
    var direction: HandshakeDirection {
        self == .second ? .responderToInitiator : .initiatorToResponder
    }
}

/// One handshake datagram (PROTOCOL §4.2):
///
///     type 1 | tag 16 | handshake id 8 | fragment 1 | data | mac 16
///
/// Parsing allocates nothing; ``isAuthentic(under:)`` is asked before anything is kept.
package struct HandshakeDatagram {
    package static let headerSize = 26
    package static let macSize = 16

    /// Which message this is a part of.
    let message: HandshakeMessage
    /// The tag, in clear.
    let tag: HandshakeTag
    /// Which handshake it belongs to.
    let handshakeID: HandshakeID
    /// The fragment's index, below the message's count.
    let index: Int
    private let datagram: UnsafeRawBufferPointer

    /// Reads the header; nil if the type, length, index or count is not one of the table.
    init?(_ datagram: UnsafeRawBufferPointer) {
        var reader = ByteReader(datagram)
        guard let type = try? reader.readUInt8(), let message = HandshakeMessage(rawValue: type),
            datagram.count == Self.headerSize + message.fragmentSize + Self.macSize,
            let tagBytes = try? reader.readBytes(count: HandshakeTag.byteCount),
            let tag = HandshakeTag(tagBytes), let handshakeID = try? reader.readUInt64(),
            let fragment = try? reader.readUInt8(), fragment & 15 == message.fragmentCount,
            fragment >> 4 < message.fragmentCount
        else { return nil }
        self.message = message
        self.tag = tag
        self.handshakeID = handshakeID
        index = Int(fragment >> 4)
        self.datagram = datagram
    }

    /// Whether someone with the pre-shared key wrote exactly these bytes.
    func isAuthentic(under key: PreSharedKey) -> Bool {
        let end = datagram.count - Self.macSize
        let expected = KeyDerivation.shortMAC(
            key.macKey, UnsafeRawBufferPointer(rebasing: datagram[..<end]))
        return expected.withUnsafeBytes {
            constantTimeEquals($0, UnsafeRawBufferPointer(rebasing: datagram[end...]))
        }
    }

    /// The part of the message.
    var fragment: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(
            rebasing: datagram[Self.headerSize..<(datagram.count - Self.macSize)])
    }

    /// Cuts `bytes` into the datagrams of `message`.
    /// - Precondition: `bytes` has the message's size.
    static func datagrams(
        of message: HandshakeMessage, _ bytes: [UInt8], handshakeID: HandshakeID,
        key: PreSharedKey, hour: UInt64
    ) -> [[UInt8]] {
        precondition(bytes.count == message.size, "a handshake message has one size")
        return (0..<message.fragmentCount).map { index in
            let start = index * message.fragmentSize
            return datagram(
                of: message, fragment: UInt8(index << 4 | message.fragmentCount),
                bytes[start..<(start + message.fragmentSize)], handshakeID: handshakeID, key: key,
                hour: hour)
        }
    }

    /// One datagram around `data`, with its mac. Also what somebody with the pre-shared key can make
    /// who keeps no rule: any size, any `fragment` byte (index × 16 + count).
    package static func datagram(
        of message: HandshakeMessage, fragment: UInt8, _ data: some Collection<UInt8>,
        handshakeID: HandshakeID, key: PreSharedKey, hour: UInt64
    ) -> [UInt8] {
        var writer = ByteWriter(capacity: headerSize + data.count + macSize)
        writer.write(message.rawValue)
        // 0xE1 and 0xE3 carry the initiator's tag, 0xE2 the responder's.
        writer.write(key.tag(direction: message.direction, hour: hour).bytes)
        writer.write(handshakeID)
        writer.write(fragment)
        writer.write(data)
        let mac = writer.bytes.withUnsafeBytes { KeyDerivation.shortMAC(key.macKey, $0) }
        writer.write(mac)
        return writer.bytes
    }
}

import SealiftBase
import SealiftCrypto

/// A probe, or the reply to one (`docs/PROTOCOL.md` §10.9): 64 bytes both, so that nobody gets more bytes
/// out of an end than went in.
///
///     type 1 | tag 16 | sequence 4 | nonce 8 | seen 19 | mac 16
///
/// `seen` is zero in a probe; in a reply it is where the probe came from: family (4 or 6) ‖ 16 bytes, IPv4
/// in the first four ‖ port.
struct ProbeDatagram: Equatable {
    /// What a datagram is, and its first byte.
    enum Kind: UInt8 {
        case probe = 0xE4
        case reply = 0xE5
    }

    static let byteCount = 64
    static let nonceByteCount = 8
    private static let seenByteCount = 19

    let kind: Kind
    /// Which probe of its sender's it is, counted from 0; a reply repeats it.
    let sequence: UInt32
    /// Unpredictable: who repeats it has read the probe.
    let nonce: UInt64
    /// Where the probe came from; nil in a probe.
    let seen: TransportAddress?

    /// Whether `datagram` carries `tag` and the form of a probe: everything that a stranger's costs.
    static func isCandidate(_ datagram: UnsafeRawBufferPointer, tag: HandshakeTag) -> Bool {
        guard datagram.count == byteCount, Kind(rawValue: datagram[0]) != nil else { return false }
        return HandshakeTag(
            UnsafeRawBufferPointer(rebasing: datagram[1..<(1 + HandshakeTag.byteCount)])) == tag
    }

    init(probe sequence: UInt32, nonce: UInt64) {
        kind = .probe
        self.sequence = sequence
        self.nonce = nonce
        seen = nil
    }

    init(replyTo probe: ProbeDatagram, from source: TransportAddress) {
        kind = .reply
        sequence = probe.sequence
        nonce = probe.nonce
        seen = source
    }

    /// Reads what somebody with `key` wrote; nil for everything else.
    init?(_ datagram: UnsafeRawBufferPointer, key: ProbeKey) {
        guard Self.isCandidate(datagram, tag: key.tag), key.isAuthentic(datagram) else {
            return nil
        }
        var reader = ByteReader(datagram)
        guard let kind = (try? reader.readUInt8()).flatMap({ Kind(rawValue: $0) }),
            (try? reader.readBytes(count: HandshakeTag.byteCount)) != nil,
            let sequence = try? reader.readUInt32(), let nonce = try? reader.readUInt64(),
            let seenBytes = try? reader.readBytes(count: Self.seenByteCount)
        else { return nil }
        self.kind = kind
        self.sequence = sequence
        self.nonce = nonce
        seen = Self.readSeen(seenBytes)
        guard kind == .reply ? seen != nil : seenBytes.allSatisfy({ $0 == 0 }) else { return nil }
    }

    /// The 64 bytes.
    func encoded(key: ProbeKey) -> [UInt8] {
        var writer = ByteWriter(capacity: Self.byteCount)
        writer.write(kind.rawValue)
        writer.write(key.tag.bytes)
        writer.write(sequence)
        writer.write(nonce)
        if let seen {
            let address = seen.bytes
            writer.write(seen.family.rawValue)
            writer.write(address)
            writer.writeZeros(16 - address.count)
            writer.write(seen.port)
        } else {
            writer.writeZeros(Self.seenByteCount)
        }
        writer.write(key.mac(over: writer.bytes))
        return writer.bytes
    }

    private static func readSeen(_ bytes: UnsafeRawBufferPointer) -> TransportAddress? {
        var reader = ByteReader(bytes)
        guard
            let family = (try? reader.readUInt8())
                .flatMap({ TransportAddress.Family(rawValue: $0) }),
            let address = try? reader.readBytes(count: family.byteCount),
            let padding = try? reader.readBytes(count: 16 - family.byteCount),
            padding.allSatisfy({ $0 == 0 }), let port = try? reader.readUInt16()
        else { return nil }
        return TransportAddress(bytes: address, port: port)
    }
}

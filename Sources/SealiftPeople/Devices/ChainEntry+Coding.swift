internal import SealiftBase
internal import SealiftCrypto

// Body: u8 version ‖ u8 kind ‖ identity 32 ‖ u64 generation ‖ u32 sequence ‖ previous 32 ‖ u64 time ‖
// what the kind needs. Entry: body ‖ hybrid signature. Every kind has one size.
extension ChainEntryBody {
    static let version: UInt8 = 1
    static let headerByteCount = 86

    var encoded: [UInt8] {
        var writer = ByteWriter(capacity: 4_096)
        writer.write(Self.version)
        writer.write(act.kind.rawValue)
        writer.write(identity.value)
        writer.write(position.generation)
        writer.write(position.sequence)
        writer.write(previous)
        writer.write(UInt64(bitPattern: time.secondsSince1970))
        switch act {
        case .genesis(let root, let certificate), .recover(let root, let certificate):
            writer.write(root.bytes)
            writer.write(certificate.encoded)
        case .add(let certificate):
            writer.write(certificate.encoded)
        case .revoke(let device, let reason):
            writer.write(device.value)
            writer.write(reason.rawValue)
        case .rotate(let device, let certificate):
            writer.write(device.value)
            writer.write(certificate.encoded)
        }
        return writer.bytes
    }

    init(from reader: inout ByteReader) throws(ByteReader.Failure) {
        guard try reader.readUInt8() == Self.version,
            let kind = ChainEntry.Act.Kind(rawValue: try reader.readUInt8())
        else { throw .outOfBounds }
        identity = IdentityID(try reader.readHash())
        let generation = try reader.readUInt64()
        let sequence = try reader.readUInt32()
        guard generation <= ChainPosition.maximumGeneration,
            sequence < DeviceChain.maximumEntryCount
        else { throw .outOfBounds }
        position = ChainPosition(generation: generation, sequence: sequence)
        previous = try reader.readHash()
        guard let seconds = Int64(exactly: try reader.readUInt64()) else { throw .outOfBounds }
        time = WallTime(secondsSince1970: seconds)
        act = try ChainEntry.Act(kind, from: &reader)
    }
}

extension ChainEntry.Act {
    enum Kind: UInt8 {
        case genesis = 0
        case add = 1
        case revoke = 2
        case rotate = 3
        case recover = 4
    }

    var kind: Kind {
        switch self {
        case .genesis: .genesis
        case .add: .add
        case .revoke: .revoke
        case .rotate: .rotate
        case .recover: .recover
        }
    }

    fileprivate init(_ kind: Kind, from reader: inout ByteReader) throws(ByteReader.Failure) {
        switch kind {
        case .genesis:
            let root = try Self.readRoot(from: &reader)
            self = .genesis(root, try Self.readCertificate(from: &reader))
        case .recover:
            let root = try Self.readRoot(from: &reader)
            self = .recover(root, try Self.readCertificate(from: &reader))
        case .add:
            self = .add(try Self.readCertificate(from: &reader))
        case .revoke:
            let device = DeviceID(try reader.readHash())
            guard let reason = ChainEntry.RevocationReason(rawValue: try reader.readUInt8()) else {
                throw .outOfBounds
            }
            self = .revoke(device, reason)
        case .rotate:
            let device = DeviceID(try reader.readHash())
            self = .rotate(device, try Self.readCertificate(from: &reader))
        }
    }

    private static func readRoot(
        from reader: inout ByteReader
    ) throws(ByteReader.Failure) -> HybridPublicKey {
        guard let root = HybridPublicKey(try reader.readBytes(count: HybridPublicKey.byteCount))
        else { throw .outOfBounds }
        return root
    }

    private static func readCertificate(
        from reader: inout ByteReader
    ) throws(ByteReader.Failure) -> DeviceCertificate {
        let bytes = try reader.readBytes(count: DeviceCertificate.byteCount)
        guard let certificate = DeviceCertificate(decoding: bytes) else { throw .outOfBounds }
        return certificate
    }
}

extension ChainEntry {
    /// The size of the longest entry: 5,571 bytes.
    static let maximumByteCount =
        ChainEntryBody.headerByteCount + HybridPublicKey.byteCount + DeviceCertificate.byteCount
        + HybridSignature.byteCount

    /// Body ‖ signature.
    public var encoded: [UInt8] { body.encoded + signature.bytes }

    /// Reads one entry from the front of what is left. Nothing is verified but the form.
    init(from reader: inout ByteReader) throws(ByteReader.Failure) {
        let body = try ChainEntryBody(from: &reader)
        guard
            let signature = HybridSignature(
                try reader.readBytes(count: HybridSignature.byteCount))
        else { throw .outOfBounds }
        self.init(body, signature: signature)
    }
}

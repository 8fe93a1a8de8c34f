internal import SealiftBase
internal import SealiftCrypto

extension Invitation {
    private static let checksumSize = 4
    /// No version of the format is longer than this, so that a hostile text costs nothing.
    private static let maximumTextLength = 4_096

    /// The invitation as a file holds it and a QR code shows it. A secret.
    public var text: String {
        purpose.prefix + Base32.encode(encoded)
    }

    /// Reads the text; case and white space do not matter.
    /// - Throws: ``InvitationError``.
    public init(text: String, for purpose: Purpose = .contact) throws(InvitationError) {
        var characters: [UInt8] = []
        for scalar in text.unicodeScalars where !scalar.properties.isWhitespace {
            // A character outside ASCII is in no invitation: 0 stands for it.
            characters.append(scalar.isASCII ? UInt8(scalar.value) : 0)
            guard characters.count <= Self.maximumTextLength else { break }
        }
        let prefix = Array(purpose.prefix.utf8)
        let start = String(decoding: characters.prefix(prefix.count), as: UTF8.self)
        guard Array(start.lowercased().utf8) == prefix else { throw .notAnInvitation }
        guard characters.count <= Self.maximumTextLength,
            let bytes = Base32.decode(characters.dropFirst(prefix.count)),
            bytes.count > Self.checksumSize
        else { throw .mistyped }
        let body = Array(bytes.dropLast(Self.checksumSize))
        guard
            bytes.suffix(Self.checksumSize)
                .elementsEqual(Self.checksum(of: body, for: purpose))
        else { throw .mistyped }
        guard body[0] == Self.version else { throw .newerVersion }
        guard let invitation = body.withUnsafeBytes({ Self.decode(body: $0, for: purpose) })
        else { throw .malformed }
        self = invitation
    }

    private var encoded: [UInt8] {
        var writer = ByteWriter(capacity: 192)
        writer.write(Self.version)
        writer.write(identity.value)
        writer.write(device.bytes)
        secret.secret.withUnsafeBytes { writer.write($0) }
        writer.write(UInt64(bitPattern: expires.secondsSince1970))
        PeerAddress.writeList(addresses, to: &writer)
        writer.write(Self.checksum(of: writer.bytes, for: purpose))
        return writer.bytes
    }

    /// Reads the version and what stands behind it; nil for an impossible value.
    private static func decode(
        body: UnsafeRawBufferPointer, for purpose: Purpose
    ) -> Invitation? {
        var reader = ByteReader(body)
        guard (try? reader.readUInt8()) == version,
            let identity = try? reader.readHash(),
            let fingerprint = try? reader.readArray(count: DeviceFingerprint.byteCount),
            let device = DeviceFingerprint(fingerprint),
            let key = try? reader.readArray(count: PreSharedKey.byteCount),
            let secret = PreSharedKey(key),
            let seconds = try? reader.readUInt64(), let expiry = Int64(exactly: seconds),
            let addresses = PeerAddress.readList(from: &reader), reader.isAtEnd
        else { return nil }
        return Invitation(
            for: purpose, identity: IdentityID(identity), device: device, secret: secret,
            expires: WallTime(secondsSince1970: expiry), addresses: addresses)
    }

    private static func checksum(of body: [UInt8], for purpose: Purpose) -> ArraySlice<UInt8> {
        SHA256Digest.hash(Array(purpose.checksumLabel.utf8) + body).bytes.prefix(checksumSize)
    }
}

extension Invitation.Purpose {
    /// What its text begins with.
    fileprivate var prefix: String {
        switch self {
        case .contact: "sealiftpair1"
        case .device: "sealiftlink1"
        }
    }

    fileprivate var checksumLabel: String {
        switch self {
        case .contact: "sealift/1 invitation"
        case .device: "sealift/1 link invitation"
        }
    }
}

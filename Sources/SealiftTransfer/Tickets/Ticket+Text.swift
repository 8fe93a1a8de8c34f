internal import SealiftBase
internal import SealiftCrypto

extension Ticket {
    private static let prefix = Array("sealift1".utf8)
    private static let checksumLabel = Array("sealift/1 ticket".utf8)
    private static let checksumSize = 4
    /// No version of the format is longer than this, so that a hostile text costs nothing.
    private static let maximumTextLength = 8_192

    /// The ticket as it is handed over: `sealift1` and base32. A secret.
    public var text: String {
        String(decoding: Self.prefix, as: UTF8.self) + Base32.encode(encoded)
    }

    /// Reads a ticket's text; case and white space do not matter.
    /// - Throws: ``TicketError``, each case a different thing to tell the user.
    public init(text: String) throws(TicketError) {
        var characters: [UInt8] = []
        for scalar in text.unicodeScalars where !scalar.properties.isWhitespace {
            // A character outside ASCII is in no ticket: 0 stands for it.
            characters.append(scalar.isASCII ? UInt8(scalar.value) : 0)
            guard characters.count <= Self.maximumTextLength else { break }
        }
        let start = String(decoding: characters.prefix(Self.prefix.count), as: UTF8.self)
        guard Array(start.lowercased().utf8) == Self.prefix else { throw .notATicket }
        guard characters.count <= Self.maximumTextLength,
            let bytes = Base32.decode(characters.dropFirst(Self.prefix.count)),
            bytes.count > Self.checksumSize
        else { throw .mistyped }
        let body = bytes.dropLast(Self.checksumSize)
        guard bytes.suffix(Self.checksumSize).elementsEqual(Self.checksum(of: body)) else {
            throw .mistyped
        }
        guard body.first == Self.version else { throw .newerVersion }
        guard let ticket = Self.decode(body: Array(body.dropFirst())) else { throw .malformed }
        self = ticket
    }

    /// The bytes behind the text, the checksum included.
    private var encoded: [UInt8] {
        var writer = ByteWriter(capacity: 128)
        writer.write(Self.version)
        secret.secret.withUnsafeBytes { writer.write($0) }
        writer.write(fingerprint.bytes)
        writer.write(UInt64(bitPattern: expires.secondsSince1970))
        PeerAddress.writeList(addresses, to: &writer)
        writer.write(Self.checksum(of: writer.bytes))
        return writer.bytes
    }

    /// Reads what stands between the version and the checksum; nil for an impossible value.
    private static func decode(body: [UInt8]) -> Ticket? {
        body.withUnsafeBytes { buffer in
            var reader = ByteReader(buffer)
            guard let secretBytes = try? reader.readArray(count: 32),
                let secret = PreSharedKey(secretBytes),
                let fingerprintBytes = try? reader.readArray(count: 16),
                let fingerprint = DeviceFingerprint(fingerprintBytes),
                let seconds = try? reader.readUInt64(), let expiry = Int64(exactly: seconds),
                let addresses = PeerAddress.readList(from: &reader), reader.isAtEnd
            else { return nil }
            return Ticket(
                secret: secret, fingerprint: fingerprint,
                expires: WallTime(secondsSince1970: expiry), addresses: addresses)
        }
    }

    private static func checksum(of body: some Collection<UInt8>) -> [UInt8] {
        Array(SHA256Digest.hash(checksumLabel + body).bytes.prefix(checksumSize))
    }
}

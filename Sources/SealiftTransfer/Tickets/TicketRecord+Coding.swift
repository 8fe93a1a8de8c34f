internal import SealiftBase
internal import SealiftCrypto

extension TicketRecord {
    /// The two forms: for one device, and for many, which ends with a list of them.
    private static let magic = Array("SLT1".utf8)
    private static let magicForMany = Array("SLT2".utf8)
    private static let checksumLabel = Array("sealift/1 ticket record".utf8)
    private static let checksumSize = 4

    /// Which optional fields follow (the byte `present` of the table).
    private struct Presence: OptionSet {
        let rawValue: UInt8
        static let claim = Presence(rawValue: 1)
        static let completed = Presence(rawValue: 2)
        static let withdrawn = Presence(rawValue: 4)
        static let forgettable = Presence(rawValue: 8)
        static let all: Presence = [.claim, .completed, .withdrawn, .forgettable]
    }

    /// Why stored bytes are no record.
    public enum Failure: Error, Equatable, Sendable {
        /// Written by a version of the format that this build does not know.
        case unknownVersion
        /// Cut, altered, or impossible.
        case damaged
    }

    /// The record's bytes, for the home folder. They hold the secret.
    public var encoded: [UInt8] {
        var writer = ByteWriter(capacity: 256)
        writer.write(audience == .oneDevice ? Self.magic : Self.magicForMany)
        secret.secret.withUnsafeBytes { writer.write($0) }
        writer.write(created)
        writer.write(expires)
        writer.write(presence.rawValue)
        if let claim {
            writer.write(claim.owner.value)
            writer.write(claim.time)
        }
        for time in [completed, withdrawn, forgettableSince] {
            if let time { writer.write(time) }
        }
        writer.writeVariableLengthInteger(UInt64(paths.count))
        for path in paths { writer.writeLengthPrefixed(path) }
        PeerAddress.writeList(listen, to: &writer)
        if audience == .manyDevices { writeMembers(to: &writer) }
        writer.write(Self.checksum(of: writer.bytes))
        return writer.bytes
    }

    private func writeMembers(to writer: inout ByteWriter) {
        writer.writeVariableLengthInteger(UInt64(members.count))
        for member in members {
            writer.write(member.claim.owner.value)
            writer.write(member.claim.time)
            writer.write(UInt8(member.completed == nil ? 0 : 1))
            if let completed = member.completed { writer.write(completed) }
        }
    }

    private static func readMembers(
        from reader: inout ByteReader
    ) throws(ByteReader.Failure) -> [Member]? {
        let count = try reader.readVariableLengthInteger(atMost: UInt64(maximumMemberCount))
        var members: [Member] = []
        for _ in 0..<count {
            let owner = DeviceID(try reader.readHash())
            let time = try reader.readWallTime()
            let isComplete = try reader.readUInt8()
            guard isComplete <= 1 else { return nil }
            members.append(
                Member(
                    claim: Claim(owner: owner, time: time),
                    completed: isComplete == 1 ? try reader.readWallTime() : nil))
        }
        return members
    }

    /// Reads a record's bytes.
    /// - Throws: ``Failure/unknownVersion`` for another first four bytes, else ``Failure/damaged``.
    public init(encoded bytes: [UInt8]) throws(Failure) {
        let audience: Audience
        switch Array(bytes.prefix(Self.magic.count)) {
        case Self.magic: audience = .oneDevice
        case Self.magicForMany: audience = .manyDevices
        default: throw bytes.starts(with: Self.magic.dropLast()) ? .unknownVersion : .damaged
        }
        let body = bytes.dropLast(Self.checksumSize)
        guard bytes.suffix(Self.checksumSize).elementsEqual(Self.checksum(of: body)),
            let record = Self.decode(
                body: Array(body.dropFirst(Self.magic.count)), for: audience)
        else { throw .damaged }
        self = record
    }

    private var presence: Presence {
        var presence: Presence = []
        if claim != nil { presence.insert(.claim) }
        if completed != nil { presence.insert(.completed) }
        if withdrawn != nil { presence.insert(.withdrawn) }
        if forgettableSince != nil { presence.insert(.forgettable) }
        return presence
    }

    private static func decode(body: [UInt8], for audience: Audience) -> TicketRecord? {
        body.withUnsafeBytes { buffer in
            var reader = ByteReader(buffer)
            return try? read(from: &reader, for: audience)
        }
    }

    private static func read(
        from reader: inout ByteReader, for audience: Audience
    ) throws(ByteReader.Failure) -> TicketRecord? {
        let secret = PreSharedKey(try reader.readArray(count: 32))
        let created = try reader.readWallTime()
        let expires = try reader.readWallTime()
        let presence = Presence(rawValue: try reader.readUInt8())
        guard Presence.all.isSuperset(of: presence) else { return nil }
        var claim: Claim?
        if presence.contains(.claim) {
            let owner = DeviceID(try reader.readHash())
            claim = Claim(owner: owner, time: try reader.readWallTime())
        }
        let completed = presence.contains(.completed) ? try reader.readWallTime() : nil
        let withdrawn = presence.contains(.withdrawn) ? try reader.readWallTime() : nil
        let forgettable = presence.contains(.forgettable) ? try reader.readWallTime() : nil
        let pathCount = try reader.readVariableLengthInteger(atMost: UInt64(maximumPathCount))
        var paths: [[UInt8]] = []
        for _ in 0..<pathCount {
            paths.append(Array(try reader.readLengthPrefixedBytes(atMost: maximumPathLength)))
        }
        guard let listen = PeerAddress.readList(from: &reader),
            let members = audience == .oneDevice ? [] : try readMembers(from: &reader),
            reader.isAtEnd, let secret,
            var record = TicketRecord(
                secret: secret, created: created, expires: expires, paths: paths, listen: listen,
                audience: audience)
        else { return nil }
        // A ticket for many is owned by nobody and never spent.
        guard audience == .oneDevice || (claim == nil && completed == nil) else { return nil }
        record.members = members
        record.claim = claim
        record.completed = completed
        record.withdrawn = withdrawn
        record.forgettableSince = forgettable
        return record
    }

    private static func checksum(of body: some Collection<UInt8>) -> [UInt8] {
        Array(SHA256Digest.hash(checksumLabel + body).bytes.prefix(checksumSize))
    }
}

extension ByteWriter {
    fileprivate mutating func write(_ time: WallTime) {
        write(UInt64(bitPattern: time.secondsSince1970))
    }
}

extension ByteReader {
    fileprivate mutating func readWallTime() throws(Failure) -> WallTime {
        WallTime(secondsSince1970: Int64(bitPattern: try readUInt64()))
    }
}

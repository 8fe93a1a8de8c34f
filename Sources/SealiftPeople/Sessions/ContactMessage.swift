public import SealiftBase
internal import SealiftCrypto

/// A message on the control stream of a session between two contacts (`docs/PROTOCOL.md` §11.11).
public enum ContactMessage: Equatable, Sendable {
    /// The first message of each end: its own chain's head, the head that it knows of the other's, and its
    /// clock.
    case greeting(own: ChainHead, known: ChainHead, time: WallTime)
    /// So many bytes of a chain follow: what the other end has not seen.
    case news(length: Int)
    /// The next bytes of them; 1 to ``maximumPartLength``.
    case chain([UInt8])
    /// Another device of the sender's user, with the key of its first session with the receiver.
    case introduction(DeviceIntroduction)
    /// The end that dialled wants the key that is born in this session in the place of one that was told.
    case renew
    /// The other has it on its disk.
    case renewed
    /// So many bytes follow, in the same messages as news: entries of the other end's own chain, which its device
    /// has not seen.
    case returned(length: Int)
    /// The end that dialled asks.
    case request(ContactRequest)
    /// The other answers.
    case answer(ContactAnswer)

    /// The most bytes of a chain in one message.
    public static let maximumPartLength = 16_384
    /// The longest message, without its length.
    static let maximumLength = maximumPartLength + 8
    /// The most shares or items in one message: the longest of them fit.
    public static let maximumItemCount = 48

    private enum Kind: UInt8 {
        case greeting = 0x01
        case news, chain, introduction, renew, renewed, returned
        case shares = 0x10
        case folder, get, offer
        case upload, members, grant, approve, remove, leave
        case refused = 0x80
        case shareList, folderList, ticket, taken, memberList
    }

    // MARK: Writing

    /// The message with its length in front, ready for the control stream.
    public var encoded: [UInt8] {
        var body = ByteWriter(capacity: 256)
        switch self {
        case .greeting(let own, let known, let time):
            body.write(Kind.greeting.rawValue)
            body.write(own.encoded)
            body.write(known.encoded)
            body.write(UInt64(clamping: time.secondsSince1970))
        case .news(let length):
            body.write(Kind.news.rawValue)
            body.writeVariableLengthInteger(UInt64(length))
        case .chain(let part):
            body.write(Kind.chain.rawValue)
            body.write(part)
        case .introduction(let introduction):
            body.write(Kind.introduction.rawValue)
            body.write(introduction.device.value)
            introduction.key.secret.withUnsafeBytes { body.write($0) }
        case .renew: body.write(Kind.renew.rawValue)
        case .renewed: body.write(Kind.renewed.rawValue)
        case .returned(let length):
            body.write(Kind.returned.rawValue)
            body.writeVariableLengthInteger(UInt64(length))
        case .request(let request): Self.write(request, to: &body)
        case .answer(let answer): Self.write(answer, to: &body)
        }
        var whole = ByteWriter(capacity: body.count + 4)
        whole.writeLengthPrefixed(body.bytes)
        return whole.bytes
    }

    private static func write(_ request: ContactRequest, to body: inout ByteWriter) {
        switch request {
        case .shares:
            body.write(Kind.shares.rawValue)
        case .folder(let share, let path):
            body.write(Kind.folder.rawValue)
            body.write(share.bytes)
            body.writeLengthPrefixed(path?.bytes ?? [])
        case .get(let share, let parts):
            body.write(Kind.get.rawValue)
            body.write(share.bytes)
            body.writeVariableLengthInteger(UInt64(parts.count))
            for part in parts { body.writeLengthPrefixed(part.bytes) }
        case .offer(let offer):
            body.write(Kind.offer.rawValue)
            offer.write(to: &body)
        case .upload(let share, let path, let offer):
            body.write(Kind.upload.rawValue)
            body.write(share.bytes)
            body.writeLengthPrefixed(path?.bytes ?? [])
            offer.write(to: &body)
        case .members(let share):
            body.write(Kind.members.rawValue)
            body.write(share.bytes)
        case .grant(let share, let member, let wish):
            body.write(Kind.grant.rawValue)
            body.write(share.bytes)
            body.write(member.value)
            wish.write(to: &body)
        case .approve(let share, let member):
            body.write(Kind.approve.rawValue)
            body.write(share.bytes)
            body.write(member.value)
        case .remove(let share, let member):
            body.write(Kind.remove.rawValue)
            body.write(share.bytes)
            body.write(member.value)
        case .leave(let share):
            body.write(Kind.leave.rawValue)
            body.write(share.bytes)
        }
    }

    private static func write(_ answer: ContactAnswer, to body: inout ByteWriter) {
        switch answer {
        case .refused(let reason):
            body.write(Kind.refused.rawValue)
            body.write(reason.rawValue)
        case .shares(let shares, let isLast):
            body.write(Kind.shareList.rawValue)
            body.write(isLast ? 1 : 0 as UInt8)
            body.writeVariableLengthInteger(UInt64(shares.count))
            for share in shares {
                body.write(share.id.bytes)
                body.write(share.role.rawValue)
                body.write(share.isApprovalAwaited ? 1 : 0 as UInt8)
                body.write(UInt64(clamping: share.expires?.secondsSince1970 ?? 0))
                body.writeLengthPrefixed(share.name)
            }
        case .folder(let items, let isLast):
            body.write(Kind.folderList.rawValue)
            body.write(isLast ? 1 : 0 as UInt8)
            body.writeVariableLengthInteger(UInt64(items.count))
            for item in items {
                body.write(item.kind.rawValue)
                body.write(item.size)
                body.write(UInt64(bitPattern: item.modified))
                body.writeLengthPrefixed(item.name)
            }
        case .ticket(let text):
            body.write(Kind.ticket.rawValue)
            body.writeLengthPrefixed(text)
        case .taken(let standing):
            body.write(Kind.taken.rawValue)
            body.write(standing.rawValue)
        case .members(let members, let isLast):
            body.write(Kind.memberList.rawValue)
            body.write(isLast ? 1 : 0 as UInt8)
            body.writeVariableLengthInteger(UInt64(members.count))
            for member in members { member.write(to: &body) }
        }
    }

    // MARK: Reading

    /// Cuts the first whole message off `bytes`; nil where more bytes are needed.
    /// - Throws: ``ContactFailure/violation`` for a message too long, or not one of the above.
    public static func cut(from bytes: inout [UInt8]) throws(ContactFailure) -> ContactMessage? {
        do throws(MalformedMessage) {
            return try MessageFraming.cut(from: &bytes, atMost: maximumLength) {
                reader throws(ByteReader.Failure) in try Self(&reader)
            }
        } catch {
            throw .violation
        }
    }

    private init(_ reader: inout ByteReader) throws(ByteReader.Failure) {
        switch Kind(rawValue: try reader.readUInt8()) {
        case .greeting:
            let own = try reader.readChainHead()
            let known = try reader.readChainHead()
            let time = try reader.readUInt64()
            guard let seconds = Int64(exactly: time) else { throw .outOfBounds }
            self = .greeting(own: own, known: known, time: WallTime(secondsSince1970: seconds))
        case .news: self = .news(length: try Self.readChainLength(&reader))
        case .chain:
            let part = Array(reader.readRemaining())
            guard (1...Self.maximumPartLength).contains(part.count) else { throw .outOfBounds }
            self = .chain(part)
        case .introduction:
            let device = DeviceID(try reader.readHash())
            guard let key = PreSharedKey(try reader.readArray(count: PreSharedKey.byteCount))
            else { throw .outOfBounds }
            self = .introduction(DeviceIntroduction(device: device, key: key))
        case .renew: self = .renew
        case .renewed: self = .renewed
        case .returned: self = .returned(length: try Self.readChainLength(&reader))
        case .shares: self = .request(.shares)
        case .folder: self = .request(try Self.readFolder(&reader))
        case .get: self = .request(try Self.readGet(&reader))
        case .offer: self = .request(.offer(try reader.readPushOffer()))
        case .upload:
            self = .request(
                .upload(
                    try reader.readShareID(), try reader.readInnerPath(),
                    try reader.readPushOffer()))
        case .members: self = .request(.members(try reader.readShareID()))
        case .grant:
            self = .request(
                .grant(
                    try reader.readShareID(), IdentityID(try reader.readHash()),
                    try reader.readGrantWish()))
        case .approve:
            self = .request(.approve(try reader.readShareID(), IdentityID(try reader.readHash())))
        case .remove:
            self = .request(.remove(try reader.readShareID(), IdentityID(try reader.readHash())))
        case .leave: self = .request(.leave(try reader.readShareID()))
        case .refused:
            guard let reason = ContactRefusal(rawValue: try reader.readUInt8()) else {
                throw .outOfBounds
            }
            self = .answer(.refused(reason))
        case .shareList:
            let isLast = try reader.readFlag()
            self = .answer(
                .shares(try Self.readItems(&reader, Self.readShare), isLast: isLast))
        case .folderList:
            let isLast = try reader.readFlag()
            self = .answer(.folder(try Self.readItems(&reader, Self.readItem), isLast: isLast))
        case .ticket:
            self = .answer(
                .ticket(try reader.readRun(1...PushOffer.maximumTicketByteCount)))
        case .taken:
            guard let standing = OfferStanding(rawValue: try reader.readUInt8()) else {
                throw .outOfBounds
            }
            self = .answer(.taken(standing))
        case .memberList:
            let isLast = try reader.readFlag()
            self = .answer(
                .members(
                    try Self.readItems(&reader) { reader throws(ByteReader.Failure) in
                        try reader.readMember()
                    }, isLast: isLast))
        case nil: throw .outOfBounds
        }
    }

    private static func readChainLength(
        _ reader: inout ByteReader
    ) throws(ByteReader.Failure) -> Int {
        let length = try reader.readVariableLengthInteger(
            atMost: UInt64(DeviceChain.maximumByteCount))
        guard length > 0 else { throw .outOfBounds }
        return Int(length)
    }

    private static func readFolder(
        _ reader: inout ByteReader
    ) throws(ByteReader.Failure) -> ContactRequest {
        .folder(try reader.readShareID(), try reader.readInnerPath())
    }

    private static func readGet(
        _ reader: inout ByteReader
    ) throws(ByteReader.Failure) -> ContactRequest {
        let share = try reader.readShareID()
        return .get(share, try reader.readPaths(atMost: ContactRequest.maximumPartByteCount))
    }

    private static func readItems<Item>(
        _ reader: inout ByteReader,
        _ read: (inout ByteReader) throws(ByteReader.Failure) -> Item
    ) throws(ByteReader.Failure) -> [Item] {
        let count = try reader.readVariableLengthInteger(atMost: UInt64(maximumItemCount))
        var items: [Item] = []
        for _ in 0..<count { items.append(try read(&reader)) }
        return items
    }

    private static func readShare(
        _ reader: inout ByteReader
    ) throws(ByteReader.Failure) -> VisibleShare {
        let id = try reader.readShareID()
        guard let role = Role(rawValue: try reader.readUInt8()), role < .owner else {
            throw .outOfBounds
        }
        let isAwaited = try reader.readFlag()
        guard let expires = Int64(exactly: try reader.readUInt64()) else { throw .outOfBounds }
        return VisibleShare(
            id: id, role: role, isApprovalAwaited: isAwaited,
            expires: expires == 0 ? nil : WallTime(secondsSince1970: expires),
            name: try reader.readRun(1...ContactName.maximumByteCount))
    }

    private static func readItem(
        _ reader: inout ByteReader
    ) throws(ByteReader.Failure) -> FolderItem {
        guard let kind = FolderItem.Kind(rawValue: try reader.readUInt8()) else {
            throw .outOfBounds
        }
        let size = try reader.readUInt64()
        let modified = Int64(bitPattern: try reader.readUInt64())
        return FolderItem(
            kind: kind, size: size, modified: modified,
            name: try reader.readRun(1...GrantedPath.maximumComponentByteCount))
    }
}

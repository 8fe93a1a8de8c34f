import SealiftBase

/// What a rendezvous server says to a client: one binary WebSocket message each
/// (`docs/PROTOCOL.md` §10.3).
public enum ServerMessage: Equatable, Sendable {
    /// The first message, always.
    case welcome(Welcome)
    /// A box of a mailbox that the client subscribed to.
    case box(MailboxID, RendezvousBox)
    /// The client's box lies in this mailbox.
    case stored(MailboxID)
    /// The number is the client's.
    case opened(number: UInt32)
    /// The number is in use; another one, please.
    case taken(number: UInt32)
    /// The box behind a number; the client is its other end now.
    case claimed(number: UInt32, RendezvousBox)
    /// There is no such number, or somebody claimed it before.
    case unknown(number: UInt32)
    /// A box from the other end of a number.
    case passed(number: UInt32, RendezvousBox)
    /// The number is no more.
    case closed(number: UInt32, CodeEnding)
    /// A message of the type given was not carried out; it may be in so many seconds.
    case busy(type: UInt8, seconds: UInt16)
    /// The server is about to stop.
    case leaving

    /// No message is longer.
    public static let maximumByteCount = ClientMessage.maximumByteCount

    /// The bytes of the message.
    public var encoded: [UInt8] {
        var writer = ByteWriter(capacity: 64)
        switch self {
        case .welcome(let welcome):
            writer.write(UInt8(0x81))
            welcome.write(to: &writer)
        case .box(let mailbox, let box):
            writer.write(UInt8(0x82))
            writer.write(mailbox.bytes)
            writer.write(box.bytes)
        case .stored(let mailbox):
            writer.write(UInt8(0x83))
            writer.write(mailbox.bytes)
        case .opened(let number):
            writer.write(UInt8(0x84))
            writer.write(number)
        case .taken(let number):
            writer.write(UInt8(0x85))
            writer.write(number)
        case .claimed(let number, let box):
            writer.write(UInt8(0x86))
            writer.write(number)
            writer.write(box.bytes)
        case .unknown(let number):
            writer.write(UInt8(0x87))
            writer.write(number)
        case .passed(let number, let box):
            writer.write(UInt8(0x88))
            writer.write(number)
            writer.write(box.bytes)
        case .closed(let number, let ending):
            writer.write(UInt8(0x89))
            writer.write(number)
            writer.write(ending.rawValue)
        case .busy(let type, let seconds):
            writer.write(UInt8(0x8A))
            writer.write(type)
            writer.write(seconds)
        case .leaving:
            writer.write(UInt8(0x8B))
        }
        return writer.bytes
    }

    /// Reads a whole message; nil where a byte is wrong, missing or left over.
    public init?(_ bytes: UnsafeRawBufferPointer) {
        var reader = ByteReader(bytes)
        guard let message = Self.read(from: &reader), reader.isAtEnd else { return nil }
        self = message
    }

    private static func read(from reader: inout ByteReader) -> ServerMessage? {
        guard let type = try? reader.readUInt8() else { return nil }
        switch type {
        case 0x81:
            return Welcome.read(from: &reader).map { .welcome($0) }
        case 0x82:
            guard let mailbox = MailboxID.read(from: &reader),
                let box = RendezvousBox.read(from: &reader)
            else { return nil }
            return .box(mailbox, box)
        case 0x83:
            return MailboxID.read(from: &reader).map { .stored($0) }
        case 0x84...0x89:
            guard let number = try? reader.readUInt32() else { return nil }
            return readNumbered(type, number, from: &reader)
        case 0x8A:
            guard let type = try? reader.readUInt8(), let seconds = try? reader.readUInt16() else {
                return nil
            }
            return .busy(type: type, seconds: seconds)
        case 0x8B:
            return .leaving
        default:
            return nil
        }
    }

    private static func readNumbered(
        _ type: UInt8, _ number: UInt32, from reader: inout ByteReader
    ) -> ServerMessage? {
        switch type {
        case 0x84: .opened(number: number)
        case 0x85: .taken(number: number)
        case 0x86: RendezvousBox.read(from: &reader).map { .claimed(number: number, $0) }
        case 0x87: .unknown(number: number)
        case 0x88: RendezvousBox.read(from: &reader).map { .passed(number: number, $0) }
        default: CodeEnding.read(from: &reader).map { .closed(number: number, $0) }
        }
    }
}

/// What a server says to whoever connects:
///
///     u8 version (1) ‖ server id (16) ‖ challenge (16) ‖ u8 entry bits ‖ u8 claim bits
public struct Welcome: Equatable, Sendable {
    /// The version of §10 that this build speaks.
    static let version: UInt8 = 1

    /// 16 random bytes of this run of the server; both ends of a code bind its key to them.
    public let serverID: [UInt8]
    /// The work to do.
    public let work: ProofOfWork

    init(serverID: [UInt8], work: ProofOfWork) {
        self.serverID = serverID
        self.work = work
    }

    func write(to writer: inout ByteWriter) {
        writer.write(Self.version)
        writer.write(serverID)
        writer.write(work.challenge)
        writer.write(work.entryBits)
        writer.write(work.claimBits)
    }

    static func read(from reader: inout ByteReader) -> Welcome? {
        guard let version = try? reader.readUInt8(), version == Self.version,
            let serverID = try? reader.readArray(count: 16),
            let challenge = try? reader.readArray(count: ProofOfWork.challengeByteCount),
            let entryBits = try? reader.readUInt8(), let claimBits = try? reader.readUInt8()
        else { return nil }
        return Welcome(
            serverID: serverID,
            work: ProofOfWork(challenge: challenge, entryBits: entryBits, claimBits: claimBits))
    }
}

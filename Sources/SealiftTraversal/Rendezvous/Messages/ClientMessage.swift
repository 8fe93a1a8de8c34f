import SealiftBase

/// What a client says to a rendezvous server: one binary WebSocket message each
/// (`docs/PROTOCOL.md` §10.3).
public enum ClientMessage: Equatable, Sendable {
    /// The proof of work that the welcome asked for; nothing else is heard before it.
    case work(solution: UInt64)
    /// The mailboxes whose boxes this client wants from now on: all of them, instead of those before.
    case subscribe([MailboxID])
    /// Leaves a box in a mailbox.
    case put(MailboxID, RendezvousBox)
    /// Takes the number of a code, with the box for whoever claims it.
    case open(number: UInt32, RendezvousBox)
    /// Asks for the box behind a number. Only the first claim of a number gets it.
    case claim(number: UInt32, solution: UInt64)
    /// Gives a box to the other end of a number.
    case pass(number: UInt32, RendezvousBox)
    /// Ends a number, for both ends.
    case close(number: UInt32, CodeEnding)

    /// The most mailboxes of one subscription.
    public static let maximumSubscriptions = 128
    /// No message is longer: a box, a mailbox and the type.
    public static let maximumByteCount = 1 + MailboxID.byteCount + RendezvousBox.byteCount

    /// The bytes of the message.
    public var encoded: [UInt8] {
        var writer = ByteWriter(capacity: 16)
        switch self {
        case .work(let solution):
            writer.write(UInt8(0x01))
            writer.write(solution)
        case .subscribe(let mailboxes):
            writer.write(UInt8(0x02))
            writer.write(UInt8(mailboxes.count))
            for mailbox in mailboxes { writer.write(mailbox.bytes) }
        case .put(let mailbox, let box):
            writer.write(UInt8(0x03))
            writer.write(mailbox.bytes)
            writer.write(box.bytes)
        case .open(let number, let box):
            writer.write(UInt8(0x04))
            writer.write(number)
            writer.write(box.bytes)
        case .claim(let number, let solution):
            writer.write(UInt8(0x05))
            writer.write(number)
            writer.write(solution)
        case .pass(let number, let box):
            writer.write(UInt8(0x06))
            writer.write(number)
            writer.write(box.bytes)
        case .close(let number, let ending):
            writer.write(UInt8(0x07))
            writer.write(number)
            writer.write(ending.rawValue)
        }
        return writer.bytes
    }

    /// Reads a whole message; nil where a byte is wrong, missing or left over.
    public init?(_ bytes: UnsafeRawBufferPointer) {
        var reader = ByteReader(bytes)
        guard let message = Self.read(from: &reader), reader.isAtEnd else { return nil }
        self = message
    }

    private static func read(from reader: inout ByteReader) -> ClientMessage? {
        guard let type = try? reader.readUInt8() else { return nil }
        switch type {
        case 0x01:
            return (try? reader.readUInt64()).map { .work(solution: $0) }
        case 0x02:
            guard let count = try? reader.readUInt8(), count <= maximumSubscriptions else {
                return nil
            }
            var mailboxes: [MailboxID] = []
            for _ in 0..<count {
                guard let mailbox = MailboxID.read(from: &reader) else { return nil }
                mailboxes.append(mailbox)
            }
            return .subscribe(mailboxes)
        case 0x03:
            guard let mailbox = MailboxID.read(from: &reader),
                let box = RendezvousBox.read(from: &reader)
            else { return nil }
            return .put(mailbox, box)
        case 0x04...0x07:
            guard let number = try? reader.readUInt32() else { return nil }
            return readNumbered(type, number, from: &reader)
        default:
            return nil
        }
    }

    private static func readNumbered(
        _ type: UInt8, _ number: UInt32, from reader: inout ByteReader
    ) -> ClientMessage? {
        switch type {
        case 0x04: RendezvousBox.read(from: &reader).map { .open(number: number, $0) }
        case 0x05: (try? reader.readUInt64()).map { .claim(number: number, solution: $0) }
        case 0x06: RendezvousBox.read(from: &reader).map { .pass(number: number, $0) }
        default: CodeEnding.read(from: &reader).map { .close(number: number, $0) }
        }
    }
}

/// Why a number is no more.
public enum CodeEnding: UInt8, Hashable, Sendable, CaseIterable {
    /// Both ends have what they need.
    case done = 0
    /// The words at the two ends differ. The code is dead.
    case wrongWords = 1
    /// The other end went away.
    case left = 2
    /// The exchange took too long.
    case expired = 3

    static func read(from reader: inout ByteReader) -> CodeEnding? {
        (try? reader.readUInt8()).flatMap { CodeEnding(rawValue: $0) }
    }
}

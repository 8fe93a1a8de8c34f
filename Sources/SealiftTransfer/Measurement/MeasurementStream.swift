import SealiftBase
import SealiftTransport

/// The objects of a measuring session at one end: what it may send, what it lets the other end send.
///
/// Objects hold zeros, and nobody looks into them: what is measured is the way there.
struct MeasurementStream {
    /// The length of an object: as a piece's.
    static let objectLength = 262_144
    /// Objects allowed ahead of those received: 128 MiB, a gigabit over a second.
    static let window: UInt64 = 512
    /// Bytes that wait in the transport: a tenth of a second, so that little is left over at the end of
    /// a stretch, and enough for a fast link's next turn.
    private static let queued = (least: 2 * objectLength, most: 8 << 20)

    private let content: ObjectBuffer
    private var allowedBelow: UInt64 = 0
    private var nextToSend: UInt64 = 0
    private var granted: UInt64 = 0
    private var received: UInt64 = 0

    init() {
        content = ObjectBuffer(count: Self.objectLength)
        content.bytes.initializeMemory(as: UInt8.self, repeating: 0)
    }

    /// The other end allows objects below `bound`.
    /// - Throws: where that is more than this end would ever have allowed.
    mutating func allow(below bound: UInt64) throws(TransferViolation) {
        guard bound >= allowedBelow, bound <= nextToSend + 2 * Self.window else {
            throw .unexpectedMessage
        }
        allowedBelow = bound
    }

    /// Hands the transport as many objects as it wants and the other end allows.
    mutating func send(on connection: inout Connection) {
        let rate = connection.statistics.deliveryRate ?? 0
        let wanted = max(Self.queued.least, Int(min(rate / 10, Double(Self.queued.most))))
        while nextToSend < allowedBelow, connection.bytesQueuedToSend < wanted {
            connection.sendObject(ObjectID(rawValue: nextToSend), content)
            nextToSend += 1
        }
    }

    /// Lets the other end send more, once half of what it was allowed has come.
    mutating func grant(on connection: inout Connection) {
        guard granted < received + Self.window / 2 + 1 else { return }
        let bound = received + Self.window
        connection.expectObjects(
            first: ObjectID(rawValue: granted),
            lengths: repeatElement(Self.objectLength, count: Int(bound - granted)))
        granted = bound
        connection.writeControl(MeasurementMessage.grant(below: bound).encoded)
    }

    mutating func objectArrived() { received += 1 }
}

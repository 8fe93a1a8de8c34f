/// A ratchet offer or answer on its way out, cut into parts that fit the smallest packet (PROTOCOL
/// §6.8).
struct RatchetMessageParts {
    let number: UInt64
    private let message: [UInt8]
    private let count: Int
    /// A bit for each part to be sent.
    private var waiting: UInt8
    /// A bit for each part the peer has.
    private var acknowledged: UInt8 = 0

    /// Cuts `message`, at most 2,560 bytes.
    init(number: UInt64, message: [UInt8]) {
        self.number = number
        self.message = message
        count = max(1, (message.count + RatchetPart.maximumSize - 1) / RatchetPart.maximumSize)
        precondition(count <= RatchetPart.maximumCount)
        waiting = UInt8(1 << count) - 1
    }

    /// Whether a part waits to be sent.
    var hasWork: Bool { waiting != 0 }

    /// Writes the parts that wait and fit, and reports each index to `wrote`.
    mutating func write(
        _ type: FrameType, into frames: inout FrameWriter, wrote: (UInt8) -> Void
    ) {
        for index in 0..<count where waiting & 1 << index != 0 {
            let start = index * RatchetPart.maximumSize
            let end = min(message.count, start + RatchetPart.maximumSize)
            let fits = message.withUnsafeBytes {
                frames.writeRatchet(
                    type,
                    RatchetPart(
                        number: number, index: index, count: count,
                        bytes: UnsafeRawBufferPointer(rebasing: $0[start..<end])))
            }
            guard fits else { return }
            waiting &= ~(1 << index)
            wrote(UInt8(index))
        }
    }

    /// A part arrived.
    mutating func acknowledged(part: UInt8) {
        acknowledged |= 1 << part
        waiting &= ~(1 << part)
    }

    /// A part was lost.
    mutating func lost(part: UInt8) {
        if acknowledged & 1 << part == 0 { waiting |= 1 << part }
    }
}

/// A ratchet message on its way in: at most four parts of at most 640 bytes.
struct RatchetMessageAssembly {
    let number: UInt64
    private let count: Int
    private var parts: [[UInt8]?]

    /// Begins with the message that `part` belongs to.
    init(_ part: RatchetPart) {
        number = part.number
        count = part.count
        parts = Array(repeating: nil, count: part.count)
    }

    /// Takes in a part of this message.
    /// - Returns: the message once it is whole.
    /// - Throws: ``Violation/malformedRatchet`` if the parts disagree on their count.
    mutating func receive(_ part: RatchetPart) throws(Violation) -> [UInt8]? {
        guard part.count == count else { throw .malformedRatchet }
        parts[part.index] = Array(part.bytes)
        guard parts.allSatisfy({ $0 != nil }) else { return nil }
        return parts.flatMap { $0 ?? [] }
    }
}

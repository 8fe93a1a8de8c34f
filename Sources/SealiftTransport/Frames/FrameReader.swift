import SealiftBase

/// Reads the frames of one opened packet in order.
///
/// Nothing is copied or allocated: byte runs borrow from the packet, ranges go into an array the
/// caller keeps. After a violation the reader must not be used further.
struct FrameReader {
    /// The most ranges an ACK may have after its first (PROTOCOL §6.1).
    static let maximumAdditionalRanges: UInt64 = 64

    private var reader: ByteReader

    /// Makes a reader of a packet's plaintext.
    init(_ plaintext: UnsafeRawBufferPointer) {
        reader = ByteReader(plaintext)
    }

    /// The next frame, or nil at the packet's end.
    ///
    /// - Parameter ranges: for an ACK, filled with its ranges from the largest down; else untouched.
    /// - Throws: ``Violation/malformedFrame`` or, for a ratchet part, ``Violation/malformedRatchet``.
    mutating func next(ranges: inout [ClosedRange<UInt64>]) throws(Violation) -> Frame? {
        guard !reader.isAtEnd else { return nil }
        do {
            return try decode(&ranges)
        } catch {
            throw .malformedFrame
        }
    }

    private mutating func decode(
        _ ranges: inout [ClosedRange<UInt64>]
    ) throws(ByteReader.Failure) -> Frame {
        guard let type = FrameType(rawValue: try reader.readUInt8()) else { throw .outOfBounds }
        switch type {
        case .padding:
            reader.skipZeros()
            return .padding
        case .ping: return .ping
        case .immediateAcknowledgement: return .immediateAcknowledgement
        case .acknowledgement: return .acknowledgement(try acknowledgement(&ranges))
        case .acknowledgementWithECN:
            var header = try acknowledgement(&ranges)
            header.ecn = ECNCounts(
                capable0: try reader.readVariableLengthInteger(),
                capable1: try reader.readVariableLengthInteger(),
                congestionExperienced: try reader.readVariableLengthInteger())
            return .acknowledgement(header)
        case .objectData:
            let id = ObjectID(try reader.readVariableLengthInteger())
            let offset = try reader.readVariableLengthInteger()
            return .objectData(id, offset: offset, bytes: try run())
        case .controlData:
            return .controlData(offset: try reader.readVariableLengthInteger(), bytes: try run())
        case .controlCredit: return .controlCredit(limit: try reader.readVariableLengthInteger())
        case .pathChallenge: return .pathChallenge(try reader.readUInt64())
        case .pathResponse: return .pathResponse(try reader.readUInt64())
        case .ratchetOffer: return .ratchetOffer(try ratchetPart())
        case .ratchetAnswer: return .ratchetAnswer(try ratchetPart())
        case .acknowledgementFrequency:
            return .acknowledgementFrequency(try acknowledgementFrequency())
        case .close:
            let code = CloseCode(rawValue: try reader.readVariableLengthInteger())
            return .close(code, reason: try reader.readLengthPrefixedBytes(atMost: 128))
        }
    }

    private mutating func run() throws(ByteReader.Failure) -> UnsafeRawBufferPointer {
        try reader.readLengthPrefixedBytes(atMost: 65_535)
    }

    /// Reads the body of §6.1. Every step is checked to stay at or above packet number 0.
    private mutating func acknowledgement(
        _ ranges: inout [ClosedRange<UInt64>]
    ) throws(ByteReader.Failure) -> AcknowledgementHeader {
        let sequence = try reader.readVariableLengthInteger(atMost: UInt64(UInt32.max))
        let largest = try reader.readVariableLengthInteger()
        let delay = try reader.readVariableLengthInteger()
        let count = try reader.readVariableLengthInteger(atMost: Self.maximumAdditionalRanges)
        ranges.removeAll(keepingCapacity: true)
        var smallest = largest
        smallest -= try reader.readVariableLengthInteger(atMost: largest)
        ranges.append(smallest...largest)
        for _ in 0..<count {
            // The next range ends at smallest − gap − 2.
            guard smallest >= 2 else { throw .outOfBounds }
            let end = smallest - 2 - (try reader.readVariableLengthInteger(atMost: smallest - 2))
            smallest = end - (try reader.readVariableLengthInteger(atMost: end))
            ranges.append(smallest...end)
        }
        return AcknowledgementHeader(sequence: sequence, largest: largest, delayMicroseconds: delay)
    }

    private mutating func acknowledgementFrequency()
        throws(ByteReader.Failure) -> AcknowledgementFrequency
    {
        let request = AcknowledgementFrequency(
            sequence: try reader.readVariableLengthInteger(),
            packets: try reader.readVariableLengthInteger(atMost: 1024),
            delayMicroseconds: try reader.readVariableLengthInteger(atMost: 1_000_000))
        guard request.packets >= 1 else { throw .outOfBounds }
        return request
    }

    private mutating func ratchetPart() throws(ByteReader.Failure) -> RatchetPart {
        let number = try reader.readVariableLengthInteger()
        let position = try reader.readUInt8()
        let (index, count) = (Int(position >> 4), Int(position & 0x0F))
        let length = Int(try reader.readUInt16())
        guard count >= 1, count <= RatchetPart.maximumCount, index < count,
            length <= RatchetPart.maximumSize
        else { throw .outOfBounds }
        return RatchetPart(
            number: number, index: index, count: count, bytes: try reader.readBytes(count: length))
    }
}

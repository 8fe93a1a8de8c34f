import SealiftBase

/// Writes frames straight into the place of a packet's plaintext. Each method that may not fit says
/// so by its result and then has written nothing.
struct FrameWriter {
    /// The most that the header of a control frame takes: type, offset, two-byte length.
    static let controlHeaderLimit = 1 + 8 + 2

    private var writer: BufferWriter

    /// Makes a writer at the start of `plaintext`.
    init(_ plaintext: UnsafeMutableRawBufferPointer) {
        writer = BufferWriter(plaintext)
    }

    /// Bytes written so far.
    var count: Int { writer.count }
    /// Room left, in bytes.
    var remaining: Int { writer.remaining }

    /// Writes a frame that is only its type, if it fits.
    mutating func writeBare(_ type: FrameType) -> Bool {
        guard remaining >= 1 else { return false }
        writer.write(type.rawValue)
        return true
    }

    /// Fills the rest with padding frames.
    mutating func padToEnd() {
        while writer.remaining >= 8 { writer.write(UInt64(0)) }
        while writer.remaining > 0 { writer.write(UInt8(0)) }
    }

    /// Pads until `minimum` bytes are written, as far as there is room.
    mutating func pad(to minimum: Int) {
        while writer.count < minimum, writer.remaining > 0 { writer.write(UInt8(0)) }
    }

    /// The most payload bytes that fit behind a header of `headerLimit` bytes.
    func payloadRoom(behind headerLimit: Int) -> Int {
        Self.payloadRoom(of: remaining, behind: headerLimit)
    }

    private static func payloadRoom(of space: Int, behind headerLimit: Int) -> Int {
        max(0, min(space - headerLimit, 16_383))
    }

    /// The most bytes of an object that an object frame of at most `space` bytes carries from `offset`
    /// on. A run of so many fills the space to its last byte, from 64 bytes on and up to what the
    /// two-byte length can say.
    static func objectRoom(of space: Int, _ id: ObjectID, offset: UInt32) -> Int {
        let header =
            1 + VariableLengthInteger.size(of: id.rawValue)
            + VariableLengthInteger.size(of: UInt64(offset)) + 2
        return payloadRoom(of: space, behind: header)
    }

    /// Writes an object frame. The caller asked ``objectRoom(of:_:offset:)``.
    mutating func writeObjectData(_ id: ObjectID, offset: UInt32, bytes: UnsafeRawBufferPointer) {
        writer.write(FrameType.objectData.rawValue)
        writer.writeVariableLengthInteger(id.rawValue)
        writer.writeVariableLengthInteger(UInt64(offset))
        writer.writeVariableLengthInteger(UInt64(bytes.count))
        writer.write(bytes)
    }

    /// Writes a control frame. The caller asked ``payloadRoom(behind:)``.
    mutating func writeControlData(offset: UInt64, bytes: UnsafeRawBufferPointer) {
        writer.write(FrameType.controlData.rawValue)
        writer.writeVariableLengthInteger(offset)
        writer.writeVariableLengthInteger(UInt64(bytes.count))
        writer.write(bytes)
    }

    /// Writes a control credit, if it fits.
    mutating func writeControlCredit(limit: UInt64) -> Bool {
        guard remaining >= 9 else { return false }
        writer.write(FrameType.controlCredit.rawValue)
        writer.writeVariableLengthInteger(limit)
        return true
    }

    /// Writes a path challenge or response, if it fits.
    mutating func writePath(_ type: FrameType, _ value: UInt64) -> Bool {
        guard remaining >= 9 else { return false }
        writer.write(type.rawValue)
        writer.write(value)
        return true
    }

    /// Writes an ACK frequency request, if it fits.
    mutating func writeAcknowledgementFrequency(_ request: AcknowledgementFrequency) -> Bool {
        guard remaining >= 1 + 3 * 8 else { return false }
        writer.write(FrameType.acknowledgementFrequency.rawValue)
        writer.writeVariableLengthInteger(request.sequence)
        writer.writeVariableLengthInteger(request.packets)
        writer.writeVariableLengthInteger(request.delayMicroseconds)
        return true
    }

    /// Writes a part of a ratchet offer or answer, if it fits.
    mutating func writeRatchet(_ type: FrameType, _ part: RatchetPart) -> Bool {
        guard remaining >= 1 + 8 + 1 + 2 + part.bytes.count else { return false }
        writer.write(type.rawValue)
        writer.writeVariableLengthInteger(part.number)
        writer.write(UInt8(part.index << 4 | part.count))
        writer.write(UInt16(part.bytes.count))
        writer.write(part.bytes)
        return true
    }

    /// Writes a close frame, if it fits. The reason is at most 128 bytes.
    mutating func writeClose(_ code: CloseCode, reason: UnsafeRawBufferPointer) -> Bool {
        guard remaining >= 1 + 8 + 2 + reason.count else { return false }
        writer.write(FrameType.close.rawValue)
        writer.writeVariableLengthInteger(min(code.rawValue, VariableLengthInteger.maximum))
        writer.writeVariableLengthInteger(UInt64(reason.count))
        writer.write(reason)
        return true
    }

    /// Writes an ACK of the highest of `ranges` that fit (PROTOCOL §6.1).
    ///
    /// - Parameter ranges: ascending, at least one; at most 65 of them go out.
    /// - Returns: whether it was written: there was room for at least one range.
    mutating func writeAcknowledgement(
        sequence: UInt32, ranges: [Range<UInt64>], delayMicroseconds: UInt64, ecn: ECNCounts
    ) -> Bool {
        guard let top = ranges.last else { return false }
        // Type, sequence, largest, delay, a count below 2^14, first length, three ECN counts.
        var room = remaining - (1 + 8 + 8 + 8 + 2 + 8 + 3 * 8)
        guard room >= 0 else { return false }
        var additional = 0
        let limit = min(ranges.count - 1, Int(FrameReader.maximumAdditionalRanges))
        while additional < limit, room >= 16 {
            additional += 1
            room -= 16
        }
        writer.write(
            (ecn.isZero ? FrameType.acknowledgement : .acknowledgementWithECN).rawValue)
        writer.writeVariableLengthInteger(UInt64(sequence))
        writer.writeVariableLengthInteger(top.upperBound - 1)
        writer.writeVariableLengthInteger(min(delayMicroseconds, VariableLengthInteger.maximum))
        writer.writeVariableLengthInteger(UInt64(additional))
        writer.writeVariableLengthInteger(top.upperBound - 1 - top.lowerBound)
        var smallest = top.lowerBound
        for step in 0..<additional {
            let range = ranges[ranges.count - 2 - step]
            // Ranges of an IntervalSet neither touch nor overlap: the gap is at least one number.
            writer.writeVariableLengthInteger(smallest - range.upperBound - 1)
            writer.writeVariableLengthInteger(range.upperBound - 1 - range.lowerBound)
            smallest = range.lowerBound
        }
        if !ecn.isZero {
            writer.writeVariableLengthInteger(ecn.capable0)
            writer.writeVariableLengthInteger(ecn.capable1)
            writer.writeVariableLengthInteger(ecn.congestionExperienced)
        }
        return true
    }
}

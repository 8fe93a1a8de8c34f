internal import SealiftBase

/// What moves during a stretch of a measuring session, seen from the end that dialed.
public enum MeasurementPhase: UInt8, Hashable, Sendable, CaseIterable {
    /// Nothing.
    case idle = 0
    /// Objects go from the end that waited to the end that dialed.
    case download = 1
    /// Objects go the other way.
    case upload = 2
}

/// A message on the control stream of a measuring session (`docs/PROTOCOL.md` §7.5).
public enum MeasurementMessage: Equatable, Sendable {
    /// The dialing end begins a stretch; the one before is over.
    case phase(MeasurementPhase)
    /// Objects with numbers below this may be sent: by the end that receives.
    case grant(below: UInt64)
    /// The dialing end wants to know what the other end counted.
    case ask
    /// What the waiting end counted, in answer to one ``ask``.
    case report(MeasurementReport)

    /// The longest message, in bytes, without its length.
    static let maximumLength = 256

    private enum Kind: UInt8 {
        case phase = 0x01
        case grant, ask, report
    }

    /// The message with its length in front, ready for the control stream.
    public var encoded: [UInt8] {
        var body = ByteWriter(capacity: Self.maximumLength)
        switch self {
        case .phase(let phase):
            body.write(Kind.phase.rawValue)
            body.write(phase.rawValue)
        case .grant(let bound):
            body.write(Kind.grant.rawValue)
            body.writeVariableLengthInteger(bound)
        case .ask:
            body.write(Kind.ask.rawValue)
        case .report(let report):
            body.write(Kind.report.rawValue)
            report.write(to: &body)
        }
        var whole = ByteWriter(capacity: body.bytes.count + 2)
        whole.writeVariableLengthInteger(UInt64(body.bytes.count))
        whole.write(body.bytes)
        return whole.bytes
    }

    /// Cuts the first whole message off `bytes`; nil where more bytes are needed.
    /// - Throws: ``TransferViolation/malformedMessage``.
    public static func cut(
        from bytes: inout [UInt8]
    ) throws(TransferViolation) -> MeasurementMessage? {
        do throws(MalformedMessage) {
            return try MessageFraming.cut(from: &bytes, atMost: maximumLength) {
                reader throws(ByteReader.Failure) in try Self(&reader)
            }
        } catch {
            throw .malformedMessage
        }
    }

    private init(_ reader: inout ByteReader) throws(ByteReader.Failure) {
        switch Kind(rawValue: try reader.readUInt8()) {
        case .phase:
            guard let phase = MeasurementPhase(rawValue: try reader.readUInt8()) else {
                throw .outOfBounds
            }
            self = .phase(phase)
        case .grant: self = .grant(below: try reader.readVariableLengthInteger())
        case .ask: self = .ask
        case .report: self = .report(try MeasurementReport(&reader))
        case nil: throw .outOfBounds
        }
    }
}

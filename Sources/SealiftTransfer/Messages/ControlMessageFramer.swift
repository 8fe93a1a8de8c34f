internal import SealiftBase

/// Cuts the control stream into messages (`docs/PROTOCOL.md` §7.1: a length, then that many bytes).
///
/// Holds at most one unfinished message beyond what was fed.
public struct ControlMessageFramer: Sendable {
    /// The longest message, in bytes, without its length.
    public static let maximumMessageLength = 65_536

    /// Bytes fed and not cut yet.
    public var buffer: [UInt8] = []
    private var start = 0

    /// Makes a framer with nothing in it.
    public init() {}

    /// Takes the next whole message; nil where more bytes are needed.
    /// - Throws: a ``TransferViolation`` for a message too long or malformed.
    public mutating func next() throws(TransferViolation) -> ControlMessage? {
        let (message, consumed) = try Self.cut(buffer, from: start)
        start += consumed
        if message == nil {
            buffer.removeFirst(start)
            start = 0
        }
        return message
    }

    private static func cut(
        _ buffer: [UInt8], from start: Int
    ) throws(TransferViolation) -> (ControlMessage?, Int) {
        var result: Result<(ControlMessage?, Int), TransferViolation> = .success((nil, 0))
        buffer.withUnsafeBytes { whole in
            let bytes = UnsafeRawBufferPointer(rebasing: whole[start...])
            var reader = ByteReader(bytes)
            do throws(ByteReader.Failure) {
                let length = try reader.readVariableLengthInteger(
                    atMost: UInt64(maximumMessageLength))
                let body = try reader.readBytes(count: Int(length))
                do throws(TransferViolation) {
                    result = .success((try ControlMessage(body: body), reader.offset))
                } catch {
                    result = .failure(error)
                }
            } catch .outOfBounds {
                result = .failure(.malformedMessage)
            } catch {
                // Truncated: the rest has not arrived.
            }
        }
        return try result.get()
    }
}

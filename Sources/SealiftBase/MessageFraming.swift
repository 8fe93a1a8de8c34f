/// A message of a control stream that is none: too long, or not read to its end (`docs/PROTOCOL.md` §7.1).
public struct MalformedMessage: Error, Equatable, Sendable {
    /// There is nothing more to say of it.
    public init() {}
}

/// Messages behind their length, one behind the other on a control stream (`docs/PROTOCOL.md` §7.1).
public enum MessageFraming {
    /// Cuts the first whole message off `bytes`; nil where more bytes are needed.
    /// - Parameters:
    ///   - bound: the longest message, without its length: nothing longer is waited for.
    ///   - read: reads the message from its bytes, all of which it has to read.
    /// - Throws: ``MalformedMessage``.
    public static func cut<Message>(
        from bytes: inout [UInt8], atMost bound: Int,
        _ read: (inout ByteReader) throws(ByteReader.Failure) -> Message
    ) throws(MalformedMessage) -> Message? {
        var found: (message: Message, byteCount: Int)?
        var isMalformed = false
        bytes.withUnsafeBytes { whole in
            var reader = ByteReader(whole)
            do throws(ByteReader.Failure) {
                let length = try reader.readVariableLengthInteger(atMost: UInt64(bound))
                var body = ByteReader(try reader.readBytes(count: Int(length)))
                guard let message = try? read(&body), body.isAtEnd else {
                    isMalformed = true
                    return
                }
                found = (message, reader.offset)
            } catch .outOfBounds {
                isMalformed = true
            } catch {
                // Truncated: the rest has not arrived.
            }
        }
        if isMalformed { throw MalformedMessage() }
        guard let found else { return nil }
        bytes.removeFirst(found.byteCount)
        return found.message
    }
}

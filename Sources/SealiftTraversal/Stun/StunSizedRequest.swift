import SealiftBase

/// A Binding request of a chosen size: whether it is answered tells whether the path carries it.
///
/// What fills it are SOFTWARE attributes, which every server must pass over (RFC 8489 §14.14; of several
/// only the first counts, §14), so any server will do.
public struct StunSizedRequest: Equatable, Sendable {
    /// The smallest request: a header and one empty attribute.
    public static let minimumByteCount = StunMessage.headerSize + 4
    /// The largest request: 32 attributes, the most that our own servers read.
    public static let maximumByteCount = StunMessage.headerSize + 32 * (4 + longestValue)
    /// The longest value of SOFTWARE (RFC 8489 §14.14), less what keeps it a multiple of four.
    private static let longestValue = 760

    /// The transaction.
    public let transactionID: StunTransactionID
    /// The datagram.
    public let bytes: [UInt8]

    /// Makes a request of `byteCount` bytes, rounded down to a multiple of four.
    /// - Returns: nil below ``minimumByteCount`` and above ``maximumByteCount``.
    public init?(byteCount: Int, transactionID: StunTransactionID) {
        let byteCount = byteCount & ~3
        guard (Self.minimumByteCount...Self.maximumByteCount).contains(byteCount) else {
            return nil
        }
        var writer = StunMessageWriter(.bindingRequest, transactionID)
        var left = byteCount - StunMessage.headerSize
        while left > 0 {
            let value = min(left - 4, Self.longestValue)
            writer.add(.software, [UInt8](repeating: UInt8(ascii: " "), count: value))
            left -= 4 + value
        }
        self.transactionID = transactionID
        bytes = writer.finish()
    }

    /// Whether `datagram` is a server's response to this request, of whatever kind.
    public func isAnswered(by datagram: UnsafeRawBufferPointer) -> Bool {
        guard let message = try? StunMessage(datagram) else { return false }
        return message.transactionID == transactionID
            && (message.type == .bindingSuccess || message.type == .bindingError)
    }
}

/// The server side of STUN Binding (RFC 8489 §3, §6.3.1): says to a client what address it is seen at.
/// Keeps nothing.
///
/// An answer is at most 24 bytes longer than its request, so it makes a poor amplifier; indications,
/// responses and everything malformed get none.
public enum StunResponder {
    /// The answer to `datagram` from `source`; nil where there is none.
    public static func answer(
        to datagram: UnsafeRawBufferPointer, from source: TransportAddress
    ) -> [UInt8]? {
        guard let request = try? StunMessage(datagram), request.type == .bindingRequest else {
            return nil
        }
        let unknown = request.unknownRequired
        var answer: StunMessageWriter
        if unknown.isEmpty {
            answer = StunMessageWriter(.bindingSuccess, request.transactionID)
            answer.add(
                .xorMappedAddress, StunAddress.encode(source, maskedWith: request.transactionID))
        } else {
            // 420 Unknown Attribute, with no words: they would only make the answer longer.
            answer = StunMessageWriter(.bindingError, request.transactionID)
            answer.add(.errorCode, [0, 0, 4, 20])
            answer.add(
                .unknownAttributes,
                unknown.prefix(4).flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] })
        }
        return request.hasFingerprint ? answer.finishWithFingerprint() : answer.finish()
    }
}

import SealiftTransfer

/// A control stream cut into messages: what came of it.
struct MessagesRead<Message: Equatable> {
    var messages: [Message] = []
    var violation: TransferViolation?
}

/// Holds a reader of messages to two rules: chunks make no difference, and a message that was read is
/// written and read again as itself.
func demandStableMessages<Message: Equatable>(
    in input: inout FuzzInput, encoded: (Message) -> [UInt8],
    read: ([ArraySlice<UInt8>]) -> MessagesRead<Message>
) throws(BrokenRule) {
    let step = 1 + input.choice(64)
    let stream = input.rest()
    let whole = read([stream[...]])
    let parts = stride(from: 0, to: stream.count, by: step).map {
        stream[$0..<min($0 + step, stream.count)]
    }
    let inParts = read(parts)
    try demand(whole.messages == inParts.messages, "chunks make other messages")
    try demand(whole.violation == inParts.violation, "chunks make another verdict")
    for message in whole.messages {
        try demand(
            read([encoded(message)[...]]).messages == [message],
            "a message is not written as it was read")
    }
}

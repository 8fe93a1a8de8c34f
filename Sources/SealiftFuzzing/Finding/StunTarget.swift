import SealiftBase
import SealiftTraversal

extension FuzzTarget {
    /// A datagram that may be STUN, as the server of addresses and as a client with a request under
    /// way see it.
    static let stun = FuzzTarget(
        "stun", maximumLength: 1_500, seeds: StunSample.seeds
    ) { input throws(BrokenRule) in
        guard let server = StunSample.address(1), let stranger = StunSample.address(2),
            let id = StunSample.transaction
        else { return }
        let (isStranger, isCorrected) = (input.byte() & 1 == 1, input.byte() & 1 == 1)
        let bytes = isCorrected ? StunSample.corrected(input.rest()) : input.rest()
        let message = bytes.withUnsafeBytes { try? StunMessage($0) }
        if let message {
            try demand(
                bytes.withUnsafeBytes { StunMessage.mayBegin($0) }, "a message that may be none")
            _ = message.mappedAddress
            try demand(
                message.errorCode.map { (300..<700).contains($0) } ?? true, "an error's code")
        }
        let answer = bytes.withUnsafeBytes { StunResponder.answer(to: $0, from: stranger) }
        if let answer {
            try demand(message?.type == .bindingRequest, "what is no request was answered")
            try demand(answer.count <= bytes.count + 24, "an answer much longer than its request")
            guard let read = answer.withUnsafeBytes({ try? StunMessage($0) }) else {
                throw BrokenRule(description: "an answer that is no STUN message")
            }
            try demand(read.transactionID == message?.transactionID, "an answer to something else")
            try demand(
                read.type != .bindingSuccess || read.mappedAddress == stranger, "another address")
        }
        var binding = StunBinding(server: server, transactionID: id, now: .zero)
        _ = binding.pollTransmit(now: .zero)
        let isTaken = bytes.withUnsafeBytes {
            binding.receive($0, from: isStranger ? stranger : server)
        }
        try demand(!isTaken || !isStranger, "an answer of another server was believed")
        try demand(!isTaken || message?.transactionID == id, "an answer to another request")
        try demand(isTaken == (binding.state != .waiting), "an answer that changes nothing")
    }
}

/// Messages to begin with.
private enum StunSample {
    static let identifier = [UInt8](repeating: 11, count: StunTransactionID.byteCount)
    static var transaction: StunTransactionID? { StunTransactionID(identifier) }

    static func address(_ host: UInt8) -> TransportAddress? {
        TransportAddress(bytes: [192, 0, 2, host], port: 3_478)
    }

    /// `bytes` with the length, the cookie and our transaction where they belong.
    static func corrected(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.count >= 4 else { return bytes }
        let body = bytes.dropFirst(4)
        let whole = body + [UInt8](repeating: 0, count: -body.count & 3)
        return [
            bytes[0] & 0x3F, bytes[1], UInt8(whole.count >> 8 & 0xFF), UInt8(whole.count & 0xFF),
        ]
            + [0x21, 0x12, 0xA4, 0x42] + identifier + whole
    }

    static func seeds() -> [[UInt8]] {
        guard let server = address(1), let id = transaction else { return [] }
        var binding = StunBinding(server: server, transactionID: id, now: .zero)
        guard let request = binding.pollTransmit(now: .zero),
            let answer = request.withUnsafeBytes({ StunResponder.answer(to: $0, from: server) })
        else { return [] }
        let mapped: [UInt8] = [1, 1, 0, 0, 0, 1, 0, 8, 0, 1, 0x30, 0x39, 192, 0, 2, 7]
        let error: [UInt8] = [1, 0x11, 0, 0, 0, 9, 0, 4, 0, 0, 4, 20]
        let unknown: [UInt8] = [0, 1, 0, 0, 0x7F, 0xFF, 0, 1, 9, 0, 0, 0]
        return [[0, 0] + request, [0, 0] + answer, [1, 0] + answer]
            + [mapped, error, unknown].map { [0, 1] + $0 }
    }
}

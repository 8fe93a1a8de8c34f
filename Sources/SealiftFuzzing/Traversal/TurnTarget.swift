import SealiftBase
import SealiftCrypto
import SealiftTraversal

extension FuzzTarget {
    /// Whatever a hostile relay says: no address without its proof, few peers, few requests, an end.
    static let turn = FuzzTarget(
        "turn", maximumLength: 4_096,
        seeds: {
            // A 401 with a realm and a nonce; the first twelve bytes are put in place below.
            let challenge: [UInt8] =
                [0x01, 0x13, 0, 28, 0x21, 0x12, 0xA4, 0x42] + [UInt8](repeating: 0, count: 12)
                + [0, 9, 0, 4, 0, 0, 4, 1, 0, 0x14, 0, 3, 0x61, 0x2E, 0x62, 0]
                + [0, 0x15, 0, 5, 1, 2, 3, 4, 5, 0, 0, 0]
            let data: [UInt8] = [0x40, 0, 0, 3, 1, 2, 3, 0]
            func steps(_ messages: [[UInt8]]) -> [UInt8] {
                seed {
                    for message in messages {
                        $0.write(UInt8(1))
                        $0.writeRun(message)
                    }
                }
            }
            return [
                steps([challenge, challenge]), steps([challenge, data, data]), steps([data]),
            ]
        }
    ) { input throws(BrokenRule) in
        var client = TurnClient(
            username: "ann", password: SecretBytes(copying: [1, 2, 3]), carrier: .datagrams,
            seed: 1, now: .zero)
        var (now, sent, steps) = (Instant.zero, 0, 0)
        var latest: [UInt8] = []
        while !input.isAtEnd, steps < 64 {
            steps += 1
            if let request = client.pollTransmit(now: now) {
                latest = request
                sent += 1
            }
            now += .milliseconds(input.choice(256))
            var message = input.run(atMost: 1_500)
            // The transaction is random; a fuzzer that had to guess it would see nothing.
            if message.count >= 20, latest.count >= 20 {
                message.replaceSubrange(8..<20, with: latest[8..<20])
            }
            message.withUnsafeBytes { _ = client.receive($0, now: now) }
            if case .allocated = client.state {
                throw BrokenRule(description: "an address without the server's proof")
            }
        }
        try demand(sent <= steps + 1, "more requests than answers and repetitions")
        client.release(now: now)
        try demand(client.nextTimeout == nil, "a client that cannot end")
    }

    /// A stream cut into messages: each is as long as it says, and what is held is bounded.
    static let turnStream = FuzzTarget(
        "turn-stream", maximumLength: 4_096,
        seeds: {
            [
                [0x40, 0, 0, 1, 7, 0, 0, 0, 0, 1, 0, 0] + [UInt8](repeating: 0, count: 16),
                [0x00, 0x01, 0xFF, 0xFF], [0x80, 0, 0, 0],
            ]
        }
    ) { input throws(BrokenRule) in
        var framer = TurnFramer()
        var total = 0
        let bytes = input.rest()
        for start in stride(from: 0, to: bytes.count, by: 7) {
            framer.append(bytes[start..<min(start + 7, bytes.count)])
            do throws(TurnFramer.Violation) {
                while let message = try framer.next() {
                    total += message.count
                }
            } catch {
                return
            }
        }
        try demand(total <= bytes.count, "messages made of nothing")
    }
}

import SealiftBase
import SealiftCrypto
import SealiftTraversal

extension FuzzTarget {
    /// One message of a client or of a server: read in one way, written in one way.
    static let rendezvousMessages = FuzzTarget(
        "rendezvous-messages", maximumLength: ClientMessage.maximumByteCount + 8,
        seeds: {
            RendezvousSample.clientMessages.map(\.encoded)
                + RendezvousSample.serverMessages.map(\.encoded)
                + [RendezvousSample.welcome(entryBits: 24, claimBits: 255), [0x02, 129]]
        }
    ) { input throws(BrokenRule) in
        let bytes = input.rest()
        let client = bytes.withUnsafeBytes { ClientMessage($0) }
        let server = bytes.withUnsafeBytes { ServerMessage($0) }
        try demand(client == nil || server == nil, "a message of both ends")
        if let client {
            try demand(client.encoded == bytes, "a client's message is written otherwise")
        }
        if let server {
            try demand(server.encoded == bytes, "a server's message is written otherwise")
        }
        if client != nil || server != nil {
            try demand(bytes.count <= ClientMessage.maximumByteCount, "a message is too long")
        }
    }

    /// A rendezvous server and four clients that say whatever they like, in any order: what it holds
    /// stays within its bounds, and what it says can be read.
    static let rendezvousServer = FuzzTarget(
        "rendezvous-server", maximumLength: 512,
        seeds: {
            [
                // Two clients; a box put and fetched; a number opened, claimed, passed, closed.
                [0, 0, 1, 0, 0, 0, 3, 2, 1, 7, 0, 0, 3, 3, 7, 9],
                [0, 1, 0, 3, 4, 1, 5, 1, 3, 5, 1, 0, 3, 6, 1, 7, 0, 3, 6, 1, 8, 1, 3, 7, 1, 1],
                [0, 0, 0, 0, 3, 2, 90, 1, 2, 3, 3, 2, 0, 1, 0, 2, 40, 4, 2, 200],
                [0, 0, 4, 0, 9, 0x02, 0xFF, 0, 1, 2, 1, 0],
            ]
        }
    ) { input throws(BrokenRule) in
        var limits = RendezvousLimits()
        limits.clients = 6
        limits.clientsPerAddress = 4
        limits.boxes = 8
        limits.boxesPerMailbox = 2
        limits.subscribersPerMailbox = 2
        limits.numbers = 4
        limits.numbersPerClient = 2
        limits.addresses = 4
        limits.claimBits = 0
        limits.loadedBits = 1
        var core = RendezvousCore(limits: limits, entropy: SeededEntropy(seed: 8))
        var clients: [RendezvousCore.ClientNumber] = []
        var now = Instant.zero
        var steps = 0
        while !input.isAtEnd, steps < 200 {
            steps += 1
            let verb = input.choice(6)
            let index = Int(input.byte())
            let client = clients.isEmpty ? nil : clients[index % clients.count]
            switch (verb, client) {
            case (0, _), (_, nil):
                let bytes: [UInt8] = [10, 0, 0, UInt8(index % 6)]
                if let address = TransportAddress(bytes: bytes, port: 1_024),
                    let number = core.connect(from: address, now: now)
                {
                    clients.append(number)
                }
            case (1, let client?):
                core.disconnect(client, now: now)
                clients.removeAll { $0 == client }
            case (2, _):
                now = now + .seconds(index)
                core.handleTimeout(now: now)
            case (4, let client?):
                let bytes = input.run(atMost: 200)
                bytes.withUnsafeBytes { core.receive($0, from: client, now: now) }
            case (_, let client?):
                let bytes = RendezvousSample.message(of: &input).encoded
                bytes.withUnsafeBytes { core.receive($0, from: client, now: now) }
            }
            while let action = core.pollAction() {
                switch action {
                case .send(_, let bytes):
                    try demand(
                        bytes.withUnsafeBytes { ServerMessage($0) } != nil,
                        "a server says what no client can read")
                case .hangUp(let gone):
                    clients.removeAll { $0 == gone }
                }
            }
            let held = core.counters
            try demand(
                held.clients <= limits.clients && held.boxes <= limits.boxes
                    && held.numbers <= limits.numbers && held.addresses <= limits.addresses,
                "a server holds more than its bounds: \(held)")
            try demand(held.clients == clients.count, "a server's clients are others")
        }
    }

    /// The two ends of a code in the hands of a server that says whatever it likes: without the
    /// words it makes nobody agree, and each end's answers can be read.
    static let codeEnds = FuzzTarget(
        "code-ends", maximumLength: 1_024,
        seeds: {
            let box = (UInt16(60), [1] + (0..<59).map { UInt8($0) })
            let acceptance = (UInt16(97), [2] + [UInt8](repeating: 0x5A, count: 96))
            func pass(_ kind: UInt8, _ box: (UInt16, [UInt8])) -> [UInt8] {
                seed {
                    $0.write(kind)
                    $0.writeRun(box.1)
                }
            }
            return [
                [0, 0, 0, 2] + pass(6, box), [1, 0, 3] + pass(5, box) + pass(6, acceptance),
                [0, 0, 4, 2] + pass(6, acceptance), [0, 0, 6, 7, 8, 9], [1, 0, 0, 4, 10, 0, 5],
            ]
        }
    ) { input throws(BrokenRule) in
        let isSender = input.byte() & 1 == 0
        var offer = CodeOffer(meeting: [1, 2, 3], entropy: SeededEntropy(seed: 21))
        guard let code = try? PairingCode(text: "48213-abandon-ability-able") else { return }
        var claim = CodeClaim(code, entropy: SeededEntropy(seed: 22))
        var number = code.number
        var steps = 0
        while !input.isAtEnd, steps < 12 {
            steps += 1
            let bytes = RendezvousSample.serverMessage(of: &input, number: number)
            guard let message = bytes.withUnsafeBytes({ ServerMessage($0) }) else { continue }
            var sent: [ClientMessage] = []
            if isSender {
                for action in offer.receive(message) {
                    switch action {
                    case .send(let message): sent.append(message)
                    case .agreed: throw BrokenRule(description: "a sender agreed with nobody")
                    default: break
                    }
                }
            } else {
                for action in claim.receive(message) {
                    switch action {
                    case .send(let message): sent.append(message)
                    case .agreed: throw BrokenRule(description: "a receiver agreed with nobody")
                    default: break
                    }
                }
            }
            for message in sent {
                if case .open(let opened, _) = message { number = opened }
                try demand(
                    message.encoded.withUnsafeBytes { ClientMessage($0) } == message,
                    "an end says what no server can read")
            }
        }
    }
}

/// Messages to begin with, and messages made of a fuzzer's choices.
private enum RendezvousSample {
    static let mailbox = MailboxID([UInt8](repeating: 4, count: MailboxID.byteCount))
    static let box = RendezvousBox([UInt8](repeating: 5, count: RendezvousBox.byteCount))

    static var clientMessages: [ClientMessage] {
        guard let mailbox, let box else { return [] }
        return [
            .work(solution: 7), .subscribe([mailbox, mailbox]), .put(mailbox, box),
            .open(number: 10_000, box), .claim(number: 48_213, solution: 9),
            .pass(number: 48_213, box), .close(number: 48_213, .wrongWords),
        ]
    }

    static var serverMessages: [ServerMessage] {
        guard let mailbox, let box else { return [] }
        return [
            .box(mailbox, box), .stored(mailbox), .opened(number: 48_213), .taken(number: 1),
            .claimed(number: 48_213, box), .unknown(number: 0), .passed(number: 48_213, box),
            .closed(number: 48_213, .left), .busy(type: 4, seconds: 60), .leaving,
        ]
    }

    static func welcome(entryBits: UInt8, claimBits: UInt8) -> [UInt8] {
        [0x81, 1] + [UInt8](repeating: 6, count: 32) + [entryBits, claimBits]
    }

    /// A client's message whose names, numbers and boxes are few, so that they meet.
    static func message(of input: inout FuzzInput) -> ClientMessage {
        let kind = input.choice(8)
        let name = input.byte()
        let number = 10_000 + UInt32(name % 4)
        guard let box,
            let mailbox = MailboxID([UInt8](repeating: name % 4, count: MailboxID.byteCount))
        else { return .work(solution: 0) }
        switch kind {
        case 0: return .work(solution: UInt64(name))
        case 1, 2:
            let names = (0..<name).compactMap { index in
                MailboxID([UInt8](repeating: index % 8, count: MailboxID.byteCount))
            }
            return .subscribe(Array(names.prefix(ClientMessage.maximumSubscriptions)))
        case 3: return .put(mailbox, box)
        case 4: return .open(number: number, box)
        case 5: return .claim(number: number, solution: 0)
        case 6: return .pass(number: number, box)
        default: return .close(number: number, CodeEnding(rawValue: name >> 6) ?? .done)
        }
    }

    /// The bytes of a server's message about `number`, with boxes that begin as the input says. Work
    /// that takes seconds is another test's.
    static func serverMessage(of input: inout FuzzInput, number: UInt32) -> [UInt8] {
        let kind = input.choice(12)
        var box = [UInt8](repeating: 0, count: RendezvousBox.byteCount)
        if kind == 5 || kind == 6 {
            for (index, byte) in input.run(atMost: 200).enumerated() { box[index] = byte }
        }
        guard let box = RendezvousBox(box) else { return [] }
        let message: ServerMessage
        switch kind {
        case 0, 3: return welcome(entryBits: 0, claimBits: 2)
        case 1: return welcome(entryBits: 255, claimBits: 255)
        case 4: return welcome(entryBits: 2, claimBits: 0)
        case 2: message = .opened(number: number)
        case 5: message = .claimed(number: number, box)
        case 6: message = .passed(number: number, box)
        case 7: message = .taken(number: number)
        case 8: message = .unknown(number: number)
        case 9: message = .closed(number: number, CodeEnding(rawValue: input.byte()) ?? .left)
        case 10: message = .busy(type: input.byte(), seconds: .max)
        default: message = .leaving
        }
        return message.encoded
    }
}

import SealiftBase
import SealiftCrypto
import Testing

@testable import SealiftTraversal

@Suite("A code between two ends and a server")
struct CodeFlowTests {
    private let meeting = Array("who and where".utf8)

    /// A sender, a receiver and a server, driven until nothing more happens.
    private struct Scene {
        var bench = ServerBench()
        var offer: CodeOffer
        var claim: CodeClaim?
        let sender: ServerBench.Client
        var receiver: ServerBench.Client?
        var shown: PairingCode?
        var offered: [CodeOffer.Action] = []
        var claimed: [CodeClaim.Action] = []
        /// Every message that passes, either way, for a server that is not honest.
        var onPass: (RendezvousBox) -> RendezvousBox = { $0 }
        var seen: [[UInt8]] = []

        init(meeting: [UInt8]) throws {
            offer = CodeOffer(meeting: meeting, entropy: SeededEntropy(seed: 11))
            sender = try bench.connected(1)
            run()
        }

        mutating func receive(_ text: String) throws {
            claim = CodeClaim(try PairingCode(text: text), entropy: SeededEntropy(seed: 12))
            receiver = bench.connect(2)
            run()
        }

        mutating func run() {
            var isBusy = true
            while isBusy {
                isBusy = false
                for message in bench.take(sender) {
                    isBusy = true
                    let given = tampered(message)
                    for action in offer.receive(given) {
                        switch action {
                        case .send(let message): send(message, from: sender)
                        case .show(let code): shown = code
                        default: offered.append(action)
                        }
                    }
                }
                guard let receiver else { continue }
                for message in bench.take(receiver) {
                    isBusy = true
                    let given = tampered(message)
                    for action in claim?.receive(given) ?? [] {
                        if case .send(let message) = action {
                            send(message, from: receiver)
                        } else {
                            claimed.append(action)
                        }
                    }
                }
            }
        }

        private mutating func send(_ message: ClientMessage, from client: ServerBench.Client) {
            seen.append(message.encoded)
            bench.send(message, from: client)
        }

        private func tampered(_ message: ServerMessage) -> ServerMessage {
            switch message {
            case .passed(let number, let box): .passed(number: number, onPass(box))
            case .claimed(let number, let box): .claimed(number: number, onPass(box))
            default: message
            }
        }

        /// The key and meeting of both ends, where both have them.
        var agreement: (sender: PreSharedKey, receiver: PreSharedKey, meeting: [UInt8])? {
            guard case .agreed(let first)? = offered.first, offered.count == 1,
                case .agreed(let second, let meeting)? = claimed.first, claimed.count == 1
            else { return nil }
            return (first, second, meeting)
        }

        var failure: CodeClaim.Failure? {
            guard case .failed(let failure)? = claimed.first, claimed.count == 1 else { return nil }
            return failure
        }

        var isDeadAtSender: Bool {
            guard case .wrongWords? = offered.first else { return false }
            return offered.count == 1
        }
    }

    private func other(_ code: PairingCode) -> String {
        let words = WordList.english.words
        let last = code.text.split(separator: "-").last.map(String.init) ?? ""
        return code.text.dropLast(last.count) + (words[0] == last ? words[1] : words[0])
    }

    @Test("gives both the same key, and the receiver the meeting")
    func success() throws {
        var scene = try Scene(meeting: meeting)
        let code = try #require(scene.shown)
        try scene.receive(code.text)
        let agreement = try #require(scene.agreement)
        #expect(agreement.sender.secret.constantTimeEquals(agreement.receiver.secret))
        #expect(agreement.meeting == meeting)
        #expect(scene.bench.core.counters.numbers == 0)
    }

    @Test("never shows the server a word, nor anything of the meeting")
    func nothingForTheServer() throws {
        var scene = try Scene(meeting: meeting)
        let code = try #require(scene.shown)
        try scene.receive(code.text)
        let words = code.text.split(separator: "-").dropFirst().map { Array($0.utf8) }
        for message in scene.seen {
            for secret in words + [meeting] {
                #expect(message.firstRange(of: secret) == nil)
            }
        }
    }

    @Test("with a wrong word is dead at both ends, which are told")
    func wrongWord() throws {
        var scene = try Scene(meeting: meeting)
        let code = try #require(scene.shown)
        try scene.receive(other(code))
        #expect(scene.failure == .wrongWords)
        #expect(scene.isDeadAtSender)
        // The right words come too late.
        scene.claimed = []
        try scene.receive(code.text)
        #expect(scene.failure == .unknownNumber)
        #expect(scene.offered.count == 1)
    }

    @Test("is the first receiver's; the second is told that it is gone")
    func twoReceivers() throws {
        var scene = try Scene(meeting: meeting)
        let code = try #require(scene.shown)
        try scene.receive(code.text)
        #expect(scene.agreement != nil)
        scene.claimed = []
        try scene.receive(code.text)
        #expect(scene.failure == .unknownNumber)
    }

    @Test("is not opened by a server that changes any box, which both ends see as a wrong code")
    func changedBoxes() throws {
        for target in 1...3 {
            for position in [0, 1, 17, 20, 40, 60, 96] {
                var scene = try Scene(meeting: meeting)
                let code = try #require(scene.shown)
                // The third box is sealed; any byte of it counts.
                let isCounted = target == 1 ? position < 49 : target == 2 ? position < 97 : true
                guard isCounted else { continue }
                var count = 0
                scene.onPass = { box in
                    count += 1
                    guard count == target else { return box }
                    var bytes = box.bytes
                    bytes[position] ^= 1
                    return RendezvousBox(bytes) ?? box
                }
                try scene.receive(code.text)
                #expect(scene.agreement == nil, "box \(target), byte \(position)")
                #expect(scene.claimed.count <= 1)
                if target < 3 {
                    #expect(
                        !scene.offered.contains { if case .agreed = $0 { true } else { false } })
                }
            }
        }
    }

    @Test("lets a hostile server that hands the invitation to many have one guess in all")
    func oneGuess() throws {
        var scene = try Scene(meeting: meeting)
        let code = try #require(scene.shown)
        let guess = CodeExchange.acceptance(
            share: [UInt8](repeating: 0, count: 32), confirmation: [UInt8](repeating: 0, count: 64))
        let first = scene.offer.receive(.passed(number: code.number, guess))
        #expect(first.contains { if case .wrongWords = $0 { true } else { false } })
        let second = scene.offer.receive(.passed(number: code.number, guess))
        #expect(second.isEmpty)
    }

    @Test("takes another number where one is in use, with more digits where many are")
    func collisions() throws {
        var offer = CodeOffer(meeting: [], entropy: SeededEntropy(seed: 1))
        let work = ProofOfWork(
            challenge: [UInt8](repeating: 1, count: 16), entryBits: 0, claimBits: 0)
        var actions = offer.receive(
            .welcome(Welcome(serverID: [UInt8](repeating: 2, count: 16), work: work)))
        var numbers: [UInt32] = []
        for _ in 0..<7 {
            guard case .send(.open(let number, _))? = actions.first else { break }
            numbers.append(number)
            actions = offer.receive(.taken(number: number))
        }
        #expect(numbers.map { String($0).count } == [5, 5, 5, 6, 6, 6, 7])
    }

    @Test("ends at a server that asks for too much work, is busy, or breaks the protocol")
    func hostileServer() throws {
        let code = try PairingCode(text: "48213-copper-orbit-tiger")
        func failure(_ messages: [ServerMessage]) -> CodeClaim.Failure? {
            var claim = CodeClaim(code, entropy: SeededEntropy(seed: 1))
            for message in messages {
                for case .failed(let failure) in claim.receive(message) { return failure }
            }
            return nil
        }
        func welcome(_ bits: UInt8) -> ServerMessage {
            .welcome(
                Welcome(
                    serverID: [UInt8](repeating: 2, count: 16),
                    work: ProofOfWork(
                        challenge: [UInt8](repeating: 1, count: 16), entryBits: 0, claimBits: bits))
            )
        }
        #expect(failure([welcome(25)]) == .violated)
        #expect(failure([welcome(0), .busy(type: 5, seconds: 6)]) == .refused(seconds: 6))
        #expect(failure([welcome(0), .opened(number: 48_213)]) == .violated)
        #expect(failure([welcome(0), .unknown(number: 48_214)]) == .violated)
        #expect(failure([welcome(0), .claimed(number: 48_213, Samples.box(0))]) == .violated)
        let notAnElement = RendezvousBox(padding: [1] + [UInt8](repeating: 0, count: 48))
        #expect(failure([welcome(0), .claimed(number: 48_213, notAnElement)]) == .violated)
    }
}

@Suite("Padded subscriptions")
struct PaddedSubscriptionsTests {
    private let key = MailboxKey(SecretBytes(copying: [UInt8](repeating: 1, count: 32)))

    @Test("have one of few lengths, whatever is wanted, and hold all of it")
    func padding() throws {
        for (wanted, length) in [(0, 32), (1, 32), (32, 32), (33, 64), (128, 128), (200, 128)] {
            let mailboxes = Set((0..<wanted).map { Samples.mailbox(UInt8($0)) })
            let list = PaddedSubscriptions.list(wanted: mailboxes, key: key, hour: 5)
            #expect(list.count == length)
            #expect(Set(list).count == length)
            #expect(list == list.sorted())
            if wanted <= 128 { #expect(mailboxes.isSubset(of: Set(list))) }
        }
    }

    @Test("are the same after each reconnect within an hour, and others in the next")
    func stability() {
        let wanted: Set = [Samples.mailbox(1)]
        let first = PaddedSubscriptions.list(wanted: wanted, key: key, hour: 5)
        #expect(first == PaddedSubscriptions.list(wanted: wanted, key: key, hour: 5))
        let next = PaddedSubscriptions.list(wanted: wanted, key: key, hour: 6)
        #expect(Set(first).intersection(next) == wanted)
    }

    @Test("name real mailboxes by hour and direction")
    func names() {
        let names = [
            key.name(hour: 5, direction: .initiatorToResponder),
            key.name(hour: 5, direction: .responderToInitiator),
            key.name(hour: 6, direction: .initiatorToResponder),
            key.dummyName(hour: 5, index: 0), key.dummyName(hour: 5, index: 1),
        ]
        #expect(Set(names).count == names.count)
        #expect(names.allSatisfy { MailboxID($0) != nil })
    }
}

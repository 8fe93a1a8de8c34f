import SealiftBase
import SealiftCrypto
import Testing

@testable import SealiftTraversal

@Suite("Messages of the rendezvous")
struct MessageTests {
    private let mailbox = Samples.mailbox(1)
    private let box = Samples.box(2)

    private var clientMessages: [ClientMessage] {
        [
            .work(solution: 7), .subscribe([]), .subscribe([mailbox, Samples.mailbox(9)]),
            .put(mailbox, box), .open(number: 48_213, box), .claim(number: 48_213, solution: .max),
            .pass(number: 48_213, box), .close(number: 48_213, .wrongWords),
        ]
    }

    private var serverMessages: [ServerMessage] {
        let work = ProofOfWork(
            challenge: [UInt8](repeating: 3, count: 16), entryBits: 1, claimBits: 12)
        return [
            .welcome(Welcome(serverID: [UInt8](repeating: 4, count: 16), work: work)),
            .box(mailbox, box), .stored(mailbox), .opened(number: 1), .taken(number: 2),
            .claimed(number: 3, box), .unknown(number: 4), .passed(number: 5, box),
            .closed(number: 6, .expired), .busy(type: 3, seconds: 10), .leaving,
        ]
    }

    @Test("are read back as they were written")
    func roundTrip() {
        for message in clientMessages {
            #expect(message.encoded.withUnsafeBytes { ClientMessage($0) } == message)
            #expect(message.encoded.count <= ClientMessage.maximumByteCount)
        }
        for message in serverMessages {
            #expect(message.encoded.withUnsafeBytes { ServerMessage($0) } == message)
            #expect(message.encoded.count <= ServerMessage.maximumByteCount)
        }
    }

    @Test("cut, lengthened, or random are refused and never trap")
    func malformed() {
        for bytes in clientMessages.map(\.encoded) + serverMessages.map(\.encoded) {
            for length in Set([0, 1, bytes.count / 2, bytes.count - 1]) where length < bytes.count {
                let cut = Array(bytes[..<length])
                #expect(cut.withUnsafeBytes { ClientMessage($0) } == nil)
                #expect(cut.withUnsafeBytes { ServerMessage($0) } == nil)
            }
            let longer = bytes + [0]
            #expect(longer.withUnsafeBytes { ClientMessage($0) } == nil)
            #expect(longer.withUnsafeBytes { ServerMessage($0) } == nil)
        }
        var generator = SeededGenerator(seed: 7_440)
        for _ in 0..<20_000 {
            var bytes = generator.bytes(Int(generator.next() % 64))
            if !bytes.isEmpty { bytes[0] = (bytes[0] & 0x8F) }
            _ = bytes.withUnsafeBytes { (ClientMessage($0), ServerMessage($0)) }
        }
    }

    @Test("may not subscribe to more mailboxes than a client has")
    func tooManySubscriptions() {
        let many = (0..<129).map { Samples.mailbox(UInt8($0)) }
        #expect(ClientMessage.subscribe(many).encoded.withUnsafeBytes { ClientMessage($0) } == nil)
    }
}

@Suite("Proof of work")
struct ProofOfWorkTests {
    private func work(_ bits: UInt8, challenge: UInt8 = 1) -> ProofOfWork {
        ProofOfWork(
            challenge: [UInt8](repeating: challenge, count: 16), entryBits: bits, claimBits: bits)
    }

    @Test("is found by trying, and holds for its challenge and its number only")
    func solution() throws {
        let solution = try #require(work(10).solutionToClaim(48_213))
        #expect(work(10).isClaim(solution, number: 48_213))
        let elsewhere = (2...40).filter {
            work(10, challenge: $0).isClaim(solution, number: 48_213)
        }
        #expect(elsewhere.count < 3)
        let numbers = (10_000...10_040).filter { work(10).isClaim(solution, number: $0) }
        #expect(numbers.count < 3)
        let entry = try #require(work(10).solutionToEnter())
        #expect(work(10).isEntry(entry))
        #expect(work(0).isEntry(0))
    }

    @Test("that would take for ever is not begun")
    func tooMuch() {
        #expect(work(25).solutionToEnter() == nil)
        #expect(work(255).solutionToClaim(48_213) == nil)
    }
}

/// Values that several suites use.
enum Samples {
    static func mailbox(_ byte: UInt8) -> MailboxID {
        guard let id = MailboxID([UInt8](repeating: byte, count: 16)) else {
            preconditionFailure("16 bytes are a mailbox")
        }
        return id
    }

    static func box(_ byte: UInt8) -> RendezvousBox {
        RendezvousBox(padding: [UInt8](repeating: byte, count: 100))
    }

    static func address(_ last: UInt8) -> TransportAddress {
        guard let address = TransportAddress(bytes: [192, 0, 2, last] as [UInt8], port: 9) else {
            preconditionFailure("four bytes are an address")
        }
        return address
    }
}

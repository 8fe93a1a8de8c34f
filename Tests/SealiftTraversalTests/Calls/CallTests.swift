import SealiftBase
import SealiftCrypto
import SealiftTestSupport
import Testing

@testable import SealiftTraversal

@Suite("A call")
struct CallTests {
    private static let hour: UInt64 = 495_000
    private let psk: PreSharedKey
    private var entropy = SeededEntropy(seed: 5)

    init() {
        psk = PreSharedKey.generate(entropy: &entropy)
    }

    private func call(revision: UInt16 = 3, seed: UInt64 = 9) -> Call {
        var entropy = SeededEntropy(seed: seed)
        return Call(
            id: CallID.random(entropy: &entropy), revision: revision, nat: .endpointDependent,
            candidates: CandidateList([
                Candidate(.host, .ipv4(192, 168, 1, 5, port: 40_000)),
                Candidate(.reflexive, .ipv4(198, 51, 100, 7, port: 50_000)),
            ]))
    }

    private func read(_ bytes: [UInt8]) -> Call? {
        bytes.withUnsafeBytes { Call(peer: $0, policy: AddressPolicy()) }
    }

    @Test("survives the way to the peer, in a box that only the peer opens")
    mutating func roundTrip() throws {
        for nat in [
            NATKind.blocked, .none, .endpointIndependent, .endpointDependent, .unclassified,
        ] {
            let call = Call(id: call().id, nat: nat, flags: [], candidates: call().candidates)
            #expect(read(call.encoded) == call)
        }
        let call = call()
        let boxes = CallBoxes(MailboxSecret(lasting: psk))
        let box = boxes.seal(call, from: .caller, hour: Self.hour, entropy: &entropy)
        let policy = AddressPolicy()
        #expect(boxes.open(box, from: .caller, hour: Self.hour, policy: policy) == call)
        let other = CallBoxes(
            MailboxSecret(lasting: PreSharedKey.generate(entropy: &entropy)))
        #expect(other.open(box, from: .caller, hour: Self.hour, policy: policy) == nil)
    }

    @Test("turned back at its sender, or kept for another hour, is a box that does not open")
    mutating func misplaced() {
        let boxes = CallBoxes(MailboxSecret(lasting: psk))
        let box = boxes.seal(call(), from: .caller, hour: Self.hour, entropy: &entropy)
        let policy = AddressPolicy()
        #expect(boxes.open(box, from: .callee, hour: Self.hour, policy: policy) == nil)
        #expect(boxes.open(box, from: .caller, hour: Self.hour + 1, policy: policy) == nil)
    }

    @Test("that is malformed is refused whole, and never traps")
    func malformed() {
        let bytes = call().encoded
        for length in 0..<bytes.count { #expect(read(Array(bytes[..<length])) == nil) }
        #expect(read(bytes + [0]) == nil)
        for (place, value) in [(0, 2), (19, 0), (19, 6), (22, 17)] as [(Int, UInt8)] {
            var altered = bytes
            altered[place] = value
            #expect(read(altered) == nil, "\(place)")
        }
        var unknownFlags = bytes
        unknownFlags[20] = 0xFF
        #expect(read(unknownFlags)?.flags.contains(.birthday) == true)
        var generator = SeededGenerator(seed: 16)
        for _ in 0..<5_000 {
            var random = generator.bytes(Int(generator.next() % 80))
            if !random.isEmpty { random[0] = 1 }
            _ = read(random)
        }
    }

    @Test("names private addresses only as those of its own interfaces")
    func privateAddresses() {
        for address in [
            TransportAddress.ipv4(10, 0, 0, 1), .ipv4(172, 31, 255, 1), .ipv4(192, 168, 1, 1),
            .ipv4(100, 127, 0, 1), .ipv4(169, 254, 1, 1),
        ] {
            for kind in Candidate.Kind.allCases {
                let isUsable = CandidateList.isUsable(
                    Candidate(kind, address), policy: AddressPolicy())
                #expect(isUsable == (kind == .host), "\(kind) \(address)")
            }
        }
        for address in [TransportAddress.ipv4(172, 32, 0, 1), .ipv4(100, 128, 0, 1)] {
            #expect(
                CandidateList.isUsable(
                    Candidate(.reflexive, address), policy: AddressPolicy()))
        }
    }

    @Test("is taken once: the same again, an older revision and a dead id do nothing")
    func ledger() {
        var ledger = CallLedger()
        var now = Instant(nanoseconds: 1_000_000_000)
        #expect(ledger.admit(call(revision: 3), now: now) == .begin)
        #expect(ledger.admit(call(revision: 3), now: now) == .ignore)
        #expect(ledger.admit(call(revision: 2), now: now) == .ignore)
        #expect(ledger.admit(call(revision: 4), now: now) == .revise)
        #expect(ledger.admit(call(revision: 3), now: now) == .ignore)
        now += .seconds(29)
        #expect(ledger.admit(call(revision: 5), now: now) == .revise)
        now += .seconds(1)
        #expect(ledger.nextTimeout == now)
        #expect(ledger.takeExpired(now: now) == [call().id])
        #expect(ledger.admit(call(revision: 9), now: now) == .ignore)
    }

    @Test(
        "of the one device that may call is taken at once, whatever of its calls came before")
    func begunAnew() {
        var ledger = CallLedger(.oneDevice)
        var now = Instant(nanoseconds: 1)
        // A waiting end was begun anew: five calls that nobody makes any more, then the one that is made.
        let calls = (1...6).map { call(seed: $0) }
        #expect(calls[0..<2].map { ledger.admit($0, now: now) } == [.begin, .begin])
        for (former, next) in zip(calls, calls[2...]) {
            #expect(ledger.admit(next, now: now) == .replace(former.id))
            #expect(ledger.admit(former, now: now) == .ignore)
        }
        // The caller's next, 25 s later, finds a place while the last two are live.
        now += .seconds(25)
        #expect(ledger.admit(call(seed: 7), now: now) == .replace(calls[4].id))
        #expect(ledger.admit(calls[5], now: now) == .ignore)
        now += .seconds(5)
        #expect(ledger.takeExpired(now: now) == [calls[5].id])
        #expect(ledger.nextTimeout == now + .seconds(25))
        // Of several callers, who is first is not pushed out.
        var shared = CallLedger()
        let verdicts = (1...3).map { shared.admit(call(seed: $0), now: now) }
        #expect(verdicts == [.begin, .begin, .busy])
    }

    @Test("is one of two at most; ids of those that are over are remembered up to a bound")
    func ledgerBounds() {
        var ledger = CallLedger()
        let now = Instant(nanoseconds: 1)
        #expect(ledger.admit(call(seed: 1), now: now) == .begin)
        #expect(ledger.admit(call(seed: 2), now: now) == .begin)
        #expect(ledger.admit(call(seed: 3), now: now) == .busy)
        ledger.end(call(seed: 1).id)
        #expect(ledger.admit(call(seed: 1), now: now) == .ignore)
        #expect(ledger.admit(call(seed: 3), now: now) == .begin)
        ledger.end(call(seed: 3).id)
        for seed in 10..<(UInt64(CallLedger.rememberedCount) + 10) {
            #expect(ledger.admit(call(seed: seed), now: now) == .begin)
            ledger.end(call(seed: seed).id)
        }
        // The oldest are forgotten, the newer ones are not.
        #expect(ledger.admit(call(seed: 10), now: now) == .ignore)
        #expect(ledger.admit(call(seed: 1), now: now) == .begin)
    }
}

extension TransportAddress {
    static func ipv4(
        _ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8, port: UInt16 = 40_000
    ) -> TransportAddress {
        guard let address = TransportAddress(bytes: [a, b, c, d], port: port) else {
            preconditionFailure("four bytes are an address")
        }
        return address
    }
}

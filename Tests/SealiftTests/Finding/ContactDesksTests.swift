import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftPeople
import SealiftRendezvous
import SealiftTransfer
import SealiftTransport
import SealiftTraversal
import Testing

@testable import Sealift

@Suite("Connections that wait for calls of contacts")
struct ContactDesksTests {
    @Test("are given what is new, and keep what they had")
    func shareOut() {
        func share(_ lines: [Int], _ former: [[Int]]) -> [[Int]] {
            PathFinder.shareOut(lines, among: former, atMost: 3)
        }
        #expect(share([], []) == [])
        #expect(share([1, 2, 3, 4], []) == [[1, 2, 3], [4]])
        // In another order nothing changes.
        #expect(share([4, 3, 2, 1], [[1, 2, 3], [4]]) == [[1, 2, 3], [4]])
        // What goes leaves room, which is filled before there is another group.
        #expect(share([1, 3, 4, 5], [[1, 2, 3], [4]]) == [[1, 3, 5], [4]])
        #expect(share([4, 5], [[1, 2, 3], [4]]) == [[5], [4]])
        #expect(share([4], [[1, 2, 3], [4]]) == [[], [4]])
        #expect(share([1, 2, 3, 4, 5, 6, 7], [[1, 2, 3], [4]]) == [[1, 2, 3], [4, 5, 6], [7]])
    }

    @Test("stay open while their lines are the same, and take the mailboxes of later days")
    func changes() throws {
        let waker = try Waker()
        let policy = NetworkPolicy(lan: .none, portMapping: .none)
        let pump = DatagramPump(
            sockets: [try DatagramSocket(bind: .loopbackIPv4(port: 0))], waker: waker,
            policy: policy)
        var entropy = SeededEntropy(seed: 5)
        let own = DeviceKeyPair.generate(entropy: &entropy).publicKeys.id
        // Nobody listens there: what is asked here is known without a server.
        let finder = try PathFinder(
            pump, role: .callee, device: own, policy: policy, stun: [],
            rendezvous: [RendezvousAddress(host: "127.0.0.1", port: 9, pin: nil, isSecure: false)],
            relay: nil, waker: waker)
        defer { finder.finish() }
        let identity = IdentityID(SHA256Digest.hash([1]))
        let count = CallDesk.mostContactLines + 1
        var keys: [PairKey] = []
        for _ in 0..<count {
            // Key, u64 day of the mailboxes, their key.
            let bytes =
                entropy.bytes(32)
                + (0..<8).reversed().map { UInt8(truncatingIfNeeded: 20_600 >> ($0 * 8)) }
                + entropy.bytes(32)
            keys.append(try #require(PairKey(encoded: SecretBytes(copying: bytes))))
        }
        let devices = (0..<count).map { DeviceID(SHA256Digest.hash([2, UInt8($0)])) }
        func pairs(_ indices: some Sequence<Int>) -> [ContactPair] {
            indices.map {
                ContactPair(
                    identity: identity, device: devices[$0], key: keys[$0], dialing: own)
            }
        }
        try finder.awaitCalls(of: pairs(0..<count))
        let first = finder.desks
        try #require(first.count == 2)
        let numbers = finder.contactDesks.map(\.lines)
        try finder.awaitCalls(of: pairs((0..<count).reversed()))
        let isSame = finder.desks.elementsEqual(first, by: ===)
        #expect(isSame)
        // A key that moved on: the same line, and the other connection is left alone.
        keys[count - 1] = try #require(keys[count - 1].moved(byContactOn: 20_700))
        try finder.awaitCalls(of: pairs(0..<count))
        let second = finder.desks
        try #require(second.count == 2)
        #expect(second[0] === first[0] && second[1] !== first[1])
        #expect(finder.contactDesks.map(\.lines) == numbers)
        let line = try #require(finder.lines.first { $0.number == numbers[1][0] })
        #expect(line.firstMailboxDay == 20_693)
        // Of a day that is over it has no key: whatever is asked, it gives the first that it keeps.
        let kept = line.mailboxes.secret(at: 20_693 * 24)
        #expect(line.mailboxes.secret(at: 20_600 * 24).constantTimeEquals(kept))
        // The contact of the one is gone.
        try finder.awaitCalls(of: pairs(0..<(count - 1)))
        #expect(finder.desks.count == 1 && finder.desks[0] === first[0])
        try finder.awaitCalls(of: [])
        #expect(finder.desks.isEmpty && finder.lines.isEmpty)
    }
}

import SealiftBase
import SealiftCrypto
import Testing

@testable import SealiftPeople

@Suite("A device chain")
struct ChainViewTests {
    private var alice: Person
    private let laptop: DeviceKeyPair
    private let server: DeviceKeyPair
    /// Genesis with the laptop, then the server.
    private let author: ChainAuthor

    init() throws {
        alice = try Person(1)
        laptop = alice.device()
        server = alice.device()
        var author = try ChainAuthor(beginning: alice.root, with: laptop, time: someTime)
        try author.add(alice.certificate(server), time: someTime)
        self.author = author
    }

    private func chain(_ entries: [ChainEntry]) throws -> DeviceChain {
        try #require(DeviceChain(entries))
    }

    private func forged(
        _ act: ChainEntry.Act, after head: ChainHead, by root: HybridSigningKey
    ) throws -> ChainEntry {
        let body = ChainEntryBody(
            identity: head.identity, position: head.position.next, previous: head.hash,
            time: someTime, act: act)
        return try #require(body.signed(with: root))
    }

    @Test("tells which devices speak for an identity, through add, revoke and rotate")
    func life() throws {
        var author = author
        var view = try ChainView(verifying: author.chain, of: alice.identity)
        #expect(view.activeDevices.map(\.keys) == [laptop.publicKeys, server.publicKeys])
        var person = alice
        let renewed = person.device()
        try author.rotate(server.publicKeys.id, to: alice.certificate(renewed), time: someTime)
        try author.revoke(laptop.publicKeys.id, reason: .lost, time: someTime)
        let news = try #require(author.chain.newer(than: view.head))
        #expect(news.entries.count == 2)
        #expect(
            try view.take(news)
                == .extended(
                    added: [renewed.publicKeys.id],
                    ended: [server.publicKeys.id, laptop.publicKeys.id]))
        #expect(view.activeDevices.map(\.keys) == [renewed.publicKeys])
        #expect(view.devices[laptop.publicKeys.id]?.reason == .lost)
        #expect(view.head == author.view.head)
        #expect(try view.take(author.chain) == .unchanged)
    }

    @Test("is read as it was written, and never with a byte more, less or out of bounds")
    func coding() throws {
        var author = author
        try author.revoke(server.publicKeys.id, reason: .retired, time: someTime)
        let bytes = author.chain.encoded
        func read(_ bytes: [UInt8]) -> DeviceChain? {
            bytes.withUnsafeBytes { DeviceChain(decoding: $0) }
        }
        #expect(read(bytes) == author.chain)
        #expect(read(bytes + [0]) == nil && read(Array(bytes.dropLast())) == nil)
        #expect(read([0, 0, 0, 0]) == nil && read([0, 0, 0x10, 1] + bytes.dropFirst(4)) == nil)
        let head = author.view.head
        #expect(head.encoded.count == ChainHead.byteCount)
        #expect(head.encoded.withUnsafeBytes { ChainHead(decoding: $0) } == head)
        #expect(author.chain.entries[0].encoded.count == ChainEntry.maximumByteCount)
    }

    @Test("with any byte changed is refused")
    func altered() throws {
        let bytes = author.chain.encoded
        for place in stride(from: 4, to: bytes.count, by: 61) {
            var altered = bytes
            altered[place] ^= 0x10
            guard let read = altered.withUnsafeBytes({ DeviceChain(decoding: $0) }) else {
                continue
            }
            #expect(throws: ChainError.self, "byte \(place)") {
                try ChainView(verifying: read, of: alice.identity)
            }
        }
    }

    @Test("that was rolled back is refused, and the revoked device stays revoked")
    func rollback() throws {
        var longer = author
        try longer.revoke(server.publicKeys.id, reason: .lost, time: someTime)
        var view = try ChainView(verifying: longer.chain, of: alice.identity)
        let position = { ChainPosition(generation: 0, sequence: $0) }
        #expect(throws: ChainError.rollback(seen: position(2), offered: position(1))) {
            try view.take(author.chain)
        }
        #expect(!view.isActive(server.publicKeys.id) && view.head == longer.view.head)
    }

    @Test("of which there are two versions is refused by whoever saw one, whichever is longer")
    func fork() throws {
        var (left, right) = (author, author)
        try left.revoke(server.publicKeys.id, reason: .lost, time: someTime)
        var person = alice
        for _ in 0..<3 { try right.add(alice.certificate(person.device()), time: someTime) }
        let place = ChainPosition(generation: 0, sequence: 2)
        var view = try ChainView(verifying: left.chain, of: alice.identity)
        for offered in [right.chain, try #require(right.chain.newer(than: author.view.head))] {
            #expect(throws: ChainError.fork(at: place)) { try view.take(offered) }
        }
        // What stands behind the fork alone does not join either.
        #expect(throws: ChainError.brokenLink(at: place.next)) {
            try view.take(chain([right.entries[3]]))
        }
        #expect(view.head == left.view.head)
        let short = ChainHead(
            identity: alice.identity, position: place, hash: right.entries[2].hash)
        #expect(view.head.compared(to: short) == .forked)
    }

    @Test("with an entry left out, twice, or in another order is refused")
    func gaps() throws {
        var longer = author
        try longer.revoke(server.publicKeys.id, reason: .lost, time: someTime)
        var person = alice
        try longer.add(alice.certificate(person.device()), time: someTime)
        let entries = longer.entries
        for order in [[0, 2, 3], [0, 1, 3], [0, 1, 1], [0, 2, 1], [0, 1, 0]] {
            #expect(throws: ChainError.self, "\(order)") {
                try ChainView(verifying: chain(order.map { entries[$0] }), of: alice.identity)
            }
            var view = try ChainView(verifying: chain([entries[0]]), of: alice.identity)
            #expect(throws: ChainError.self, "\(order)") {
                try view.take(chain(order.map { entries[$0] }))
            }
            #expect(view.head == entries[0].head)
        }
        var view = try ChainView(verifying: author.chain, of: alice.identity)
        let last = ChainPosition(generation: 0, sequence: 3)
        #expect(throws: ChainError.gap(before: last)) { try view.take(chain([entries[3]])) }
    }

    @Test("is only what the root signed with both keys, not what a device or another root did")
    func signatures() throws {
        let mallory = try Person(66)
        let act = ChainEntry.Act.revoke(laptop.publicKeys.id, .lost)
        let entry = try forged(act, after: author.view.head, by: mallory.root)
        let place = ChainPosition(generation: 0, sequence: 2)
        var view = author.view
        #expect(throws: ChainError.wrongSignature(at: place)) { try view.append(entry) }
        // One half of alice's, one of mallory's.
        let own = try forged(act, after: author.view.head, by: alice.root)
        for halves in [
            own.signature.bytes[..<64] + entry.signature.bytes[64...],
            entry.signature.bytes[..<64] + own.signature.bytes[64...],
        ] {
            let mixed = ChainEntry(own.body, signature: try #require(HybridSignature(halves)))
            #expect(throws: ChainError.wrongSignature(at: place)) { try view.append(mixed) }
        }
        #expect(view.head == author.view.head)
    }

    @Test("of another identity is never taken for the pinned one")
    func anotherIdentity() throws {
        var mallory = try Person(66)
        let theirs = try ChainAuthor(
            beginning: mallory.root, with: mallory.device(), time: someTime)
        let refusal = ChainError.anotherIdentity(pinned: alice.identity, offered: mallory.identity)
        #expect(throws: refusal) { try ChainView(verifying: theirs.chain, of: alice.identity) }
        var view = author.view
        #expect(throws: refusal) { try view.take(theirs.chain) }
        // An origin that names alice and brings mallory's root.
        let genesis = ChainEntry.Act.genesis(
            mallory.root.publicKey, try alice.certificate(laptop))
        let body = ChainEntryBody(
            identity: alice.identity, position: ChainPosition(generation: 0, sequence: 0),
            previous: .zero, time: someTime, act: genesis)
        let entry = try #require(body.signed(with: mallory.root))
        #expect(throws: ChainError.noOrigin) {
            try ChainView(verifying: chain([entry]), of: alice.identity)
        }
    }

    @Test("holds no device that did not consent to this identity and generation")
    func consent() throws {
        let bob = try Person(2)
        let place = ChainPosition(generation: 0, sequence: 2)
        var person = alice
        let device = person.device()
        for certificate in [
            try bob.certificate(device), try alice.certificate(device, generation: 1),
        ] {
            var author = author
            #expect(throws: ChainError.noConsent(at: place)) {
                try author.add(certificate, time: someTime)
            }
            #expect(author.entries.count == 2)
        }
    }

    @Test("never brings back keys that it had, nor ends what is not there")
    func reuse() throws {
        var author = author
        try author.revoke(server.publicKeys.id, reason: .lost, time: someTime)
        let place = ChainPosition(generation: 0, sequence: 3)
        let again = try alice.certificate(server)
        #expect(throws: ChainError.reusedKeys(server.publicKeys.id, at: place)) {
            try author.add(again, time: someTime)
        }
        #expect(throws: ChainError.unknownDevice(server.publicKeys.id, at: place)) {
            try author.revoke(server.publicKeys.id, reason: .lost, time: someTime)
        }
        #expect(throws: ChainError.unknownDevice(server.publicKeys.id, at: place)) {
            try author.rotate(server.publicKeys.id, to: again, time: someTime)
        }
        // A rotation that fails half-way leaves the device as it was.
        #expect(throws: ChainError.reusedKeys(server.publicKeys.id, at: place)) {
            try author.rotate(laptop.publicKeys.id, to: again, time: someTime)
        }
        #expect(author.view.isActive(laptop.publicKeys.id) && author.entries.count == 3)
    }

    @Test("has at most 64 devices at a time")
    func deviceCap() throws {
        var (author, person) = (author, alice)
        while author.view.activeDevices.count < DeviceChain.maximumDeviceCount {
            try author.add(alice.certificate(person.device()), time: someTime)
        }
        let place = author.view.head.position.next
        let next = try alice.certificate(person.device())
        #expect(throws: ChainError.tooManyDevices(at: place)) {
            try author.add(next, time: someTime)
        }
        try author.revoke(laptop.publicKeys.id, reason: .retired, time: someTime)
        try author.add(next, time: someTime)
    }

    @Test("that is recovered ends all older devices, and nothing older is taken afterwards")
    func recovery() throws {
        var person = alice
        let phone = person.device()
        let generation = ChainAuthor.recoveryGeneration(time: someTime, known: nil)
        let recovered = try ChainAuthor(
            recovering: alice.root, with: phone, generation: generation, time: someTime)
        var view = author.view
        #expect(try view.take(recovered.chain) == .recovered(from: 0))
        #expect(view.activeDevices.map(\.keys) == [phone.publicKeys])
        #expect(!view.isActive(laptop.publicKeys.id))
        var later = author
        try later.add(alice.certificate(person.device()), time: someTime)
        #expect(throws: ChainError.self) { try view.take(later.chain) }
        #expect(view.head == recovered.view.head)
        // Two recoveries into one generation are a fork.
        let other = try ChainAuthor(
            recovering: alice.root, with: person.device(), generation: generation, time: someTime)
        #expect(throws: ChainError.fork(at: ChainPosition(generation: generation, sequence: 0))) {
            try view.take(other.chain)
        }
    }

    @Test("recovers past every generation that is known, whatever the clock says")
    func recoveryGeneration() {
        let make = ChainAuthor.recoveryGeneration(time:known:)
        let year2099 = WallTime(secondsSince1970: 4_070_908_800)
        let far = make(year2099, nil)
        #expect(make(someTime, nil) > 0 && make(someTime, far) == far + 1)
        #expect(make(WallTime(secondsSince1970: .min), nil) == 1)
        #expect(make(someTime, .max) == ChainPosition.maximumGeneration)
    }

    @Test("takes a signature of a device only while that device speaks for the identity")
    func deviceSignatures() throws {
        let label = SignatureLabel("test")
        let signature = try #require(server.sign([1], for: label))
        let id = server.publicKeys.id
        #expect(author.view.isValid(signature, by: id, of: [1], for: label))
        #expect(!author.view.isValid(signature, by: laptop.publicKeys.id, of: [1], for: label))
        var later = author
        try later.revoke(id, reason: .lost, time: someTime)
        #expect(!later.view.isValid(signature, by: id, of: [1], for: label))
    }

    @Test("goes on only with the words that began it")
    func continuing() throws {
        var again = try ChainAuthor(root: alice.root, continuing: author.chain)
        try again.revoke(server.publicKeys.id, reason: .retired, time: someTime)
        #expect(throws: ChainError.self) {
            try ChainAuthor(root: Person(66).root, continuing: author.chain)
        }
    }
}

import SealiftBase
import SealiftCrypto
import Testing

@testable import SealiftPeople

@Suite("A session between contacts")
struct ContactSessionTests {
    /// Two people who have each other as contacts, with what each knows of the other's chain.
    private struct Scene {
        var ann: Person
        var bob: Person
        let laptop: DeviceKeyPair
        let desktop: DeviceKeyPair
        var annsAuthor: ChainAuthor
        var bobsAuthor: ChainAuthor
        /// What each knows of the other.
        var annKnows: DeviceChain
        var bobKnows: DeviceChain

        init() throws {
            ann = try Person(1)
            bob = try Person(2)
            laptop = ann.device()
            desktop = bob.device()
            annsAuthor = try ChainAuthor(beginning: ann.root, with: laptop, time: someTime)
            bobsAuthor = try ChainAuthor(beginning: bob.root, with: desktop, time: someTime)
            annKnows = bobsAuthor.chain
            bobKnows = annsAuthor.chain
        }

        func contact(_ chain: DeviceChain, named name: String) throws -> Contact {
            let view = try ChainView(verifying: chain, of: chain.entries[0].identity)
            return Contact(
                name: try ContactName(name), devices: view, verification: .verified(.code))
        }

        func annsEnd() throws -> End {
            End(
                ContactSession(
                    .initiator, peer: desktop.publicKeys.id, showing: annsAuthor.chain,
                    contact: try contact(annKnows, named: "bob"), chain: annKnows, time: someTime))
        }

        func bobsEnd(mayReplaceKey: Bool = false) throws -> End {
            End(
                ContactSession(
                    .responder, peer: laptop.publicKeys.id, showing: bobsAuthor.chain,
                    contact: try contact(bobKnows, named: "ann"), chain: bobKnows, time: someTime,
                    mayReplaceKey: mayReplaceKey))
        }
    }

    /// One end, and what came of it.
    private struct End {
        var session: ContactSession
        var outbox: [UInt8] = []
        var learned: [(Contact, DeviceChain, ChainView.Change)] = []
        var gained: [(DeviceChain, ChainHead)] = []
        var isGreeted = false
        var requests: [ContactRequest] = []
        var answers: [ContactAnswer] = []
        var introduced: [DeviceIntroduction] = []
        var renewals = 0
        var isRenewed = false
        var failure: ContactFailure?

        init(_ session: ContactSession) {
            self.session = session
            take()
        }

        mutating func take() {
            while let action = session.pollAction() {
                switch action {
                case .send(let bytes): outbox += bytes
                case .learned(let contact, let chain, let change):
                    learned.append((contact, chain, change))
                case .caughtUp(let chain, let former): gained.append((chain, former))
                case .greeted: isGreeted = true
                case .request(let request): requests.append(request)
                case .answer(let answer): answers.append(answer)
                case .introduced(let introduction): introduced.append(introduction)
                case .renew: renewals += 1
                case .renewed: isRenewed = true
                case .failed(let failure): self.failure = failure
                }
            }
        }

        mutating func receive(_ bytes: [UInt8]) {
            session.receive(bytes)
            take()
        }
    }

    private func exchange(_ one: inout End, _ other: inout End) {
        while !one.outbox.isEmpty || !other.outbox.isEmpty {
            let (first, second) = (one.outbox, other.outbox)
            (one.outbox, other.outbox) = ([], [])
            one.receive(second)
            other.receive(first)
        }
    }

    @Test("whose greeting shows another chain than its handshake is a violation")
    func handshakeHead() throws {
        let scene = try Scene()
        func bobsEnd(_ named: Hash256?) throws -> End {
            End(
                ContactSession(
                    .responder, peer: scene.laptop.publicKeys.id, showing: scene.bobsAuthor.chain,
                    contact: try scene.contact(scene.bobKnows, named: "ann"), chain: scene.bobKnows,
                    time: someTime, handshakeHead: named))
        }
        let right = scene.annsAuthor.chain.headHash
        for (named, isRight) in [
            (nil, true), (right, true), (scene.bobsAuthor.chain.headHash, false),
        ]
            as [(Hash256?, Bool)]
        {
            var (ann, bob) = (try scene.annsEnd(), try bobsEnd(named))
            exchange(&ann, &bob)
            #expect(bob.isGreeted == isRight && bob.failure == (isRight ? nil : .violation))
        }
        // PROTOCOL §4.1.
        let head = try #require(scene.annsAuthor.chain.entries.last?.head)
        #expect(right == SHA256Digest.hash(Array("sealift/1 chain head".utf8) + head.encoded))
    }

    @Test("passes requests and answers in turn once both know each other's devices")
    func questions() throws {
        let scene = try Scene()
        var (ann, bob) = (try scene.annsEnd(), try scene.bobsEnd())
        ann.session.ask(.shares)
        ann.take()
        exchange(&ann, &bob)
        #expect(ann.isGreeted && bob.isGreeted && bob.requests == [.shares])
        #expect(ann.learned.isEmpty && bob.learned.isEmpty)
        bob.session.answer(.shares([], isLast: false))
        bob.session.answer(.shares([], isLast: true))
        // Said after the last: nothing.
        bob.session.answer(.refused(.notThere))
        bob.take()
        exchange(&ann, &bob)
        #expect(ann.answers.count == 2)
        let share = try #require(ShareID([UInt8](repeating: 1, count: 16)))
        ann.session.ask(.get(share, []))
        ann.take()
        exchange(&ann, &bob)
        #expect(bob.requests.count == 2 && bob.failure == nil && ann.failure == nil)
    }

    @Test("introduces another device behind the chain that has it, and no other device")
    func introductions() throws {
        var scene = try Scene()
        let tablet = scene.ann.device()
        var entropy = SeededEntropy(seed: 7)
        let introduction = DeviceIntroduction(
            device: tablet.publicKeys.id, key: PreSharedKey.generate(entropy: &entropy))
        func annsEnd(_ scene: Scene) throws -> End {
            End(
                ContactSession(
                    .initiator, peer: scene.desktop.publicKeys.id,
                    showing: scene.annsAuthor.chain,
                    contact: try scene.contact(scene.annKnows, named: "bob"),
                    chain: scene.annKnows, time: someTime, introducing: [introduction]))
        }
        // A device that the chain does not have is a violation.
        var (ann, bob) = (try annsEnd(scene), try scene.bobsEnd())
        exchange(&ann, &bob)
        #expect(bob.introduced.isEmpty && bob.failure == .violation)
        try scene.annsAuthor.add(scene.ann.certificate(tablet), time: someTime)
        (ann, bob) = (try annsEnd(scene), try scene.bobsEnd())
        exchange(&ann, &bob)
        #expect(bob.introduced == [introduction] && bob.learned.count == 1)
        #expect(bob.failure == nil && ann.failure == nil)
        // One that was ended is introduced no more.
        try scene.annsAuthor.revoke(tablet.publicKeys.id, reason: .lost, time: someTime)
        (ann, bob) = (try annsEnd(scene), try scene.bobsEnd())
        exchange(&ann, &bob)
        #expect(bob.introduced.isEmpty && bob.failure == .violation)
        // The device at the other end has a key, and introduces nobody as itself.
        (ann, bob) = (try scene.annsEnd(), try scene.bobsEnd())
        exchange(&ann, &bob)
        bob.receive(
            ContactMessage.introduction(
                DeviceIntroduction(device: scene.laptop.publicKeys.id, key: introduction.key)
            ).encoded)
        #expect(bob.introduced.isEmpty && bob.failure == .violation)
    }

    @Test("has a key that was told replaced once, by who dials, and only after greetings")
    func renewal() throws {
        let scene = try Scene()
        var ann = End(
            ContactSession(
                .initiator, peer: scene.desktop.publicKeys.id, showing: scene.annsAuthor.chain,
                contact: try scene.contact(scene.annKnows, named: "bob"), chain: scene.annKnows,
                time: someTime, mayReplaceKey: true))
        var bob = try scene.bobsEnd(mayReplaceKey: true)
        exchange(&ann, &bob)
        #expect(bob.renewals == 1 && ann.session.isRenewing && !ann.isRenewed)
        bob.session.didRenew()
        bob.take()
        exchange(&ann, &bob)
        #expect(ann.isRenewed && !ann.session.isRenewing && ann.failure == nil)
        bob.receive(ContactMessage.renew.encoded)
        #expect(bob.renewals == 1 && bob.failure == .violation)
        // Nobody asked.
        var (one, other) = (try scene.annsEnd(), try scene.bobsEnd())
        exchange(&one, &other)
        one.receive(ContactMessage.renewed.encoded)
        #expect(one.failure == .violation && !one.isRenewed)
        // Asked where there is no reason, as bob sees it.
        other.receive(ContactMessage.renew.encoded)
        #expect(other.failure == .violation && other.renewals == 0)
        var early = try scene.bobsEnd(mayReplaceKey: true)
        early.receive(ContactMessage.renew.encoded)
        #expect(early.failure == .violation)
    }

    @Test("gives each other what it has not seen of the devices, before any request counts")
    func news() throws {
        var scene = try Scene()
        let second = scene.ann.device()
        try scene.annsAuthor.add(scene.ann.certificate(second), time: someTime)
        try scene.annsAuthor.revoke(second.publicKeys.id, reason: .lost, time: someTime)
        let third = scene.bob.device()
        try scene.bobsAuthor.add(scene.bob.certificate(third), time: someTime)
        var (ann, bob) = (try scene.annsEnd(), try scene.bobsEnd())
        ann.session.ask(.shares)
        ann.take()
        exchange(&ann, &bob)
        #expect(ann.isGreeted && bob.isGreeted && bob.requests == [.shares])
        let (atBob, atAnn) = (try #require(bob.learned.first), try #require(ann.learned.first))
        #expect(
            atBob.0.devices.devices.count == 2 && !atBob.0.devices.isActive(second.publicKeys.id))
        #expect(atAnn.0.devices.isActive(third.publicKeys.id))
        // What is stored is whole: it verifies from its origin.
        #expect(atBob.1 == scene.annsAuthor.chain && atAnn.1 == scene.bobsAuthor.chain)
    }

    @Test("nothing is served to a device that the news ends")
    func endedDevice() throws {
        var scene = try Scene()
        let second = scene.ann.device()
        try scene.annsAuthor.add(scene.ann.certificate(second), time: someTime)
        try scene.annsAuthor.revoke(scene.laptop.publicKeys.id, reason: .lost, time: someTime)
        var (ann, bob) = (try scene.annsEnd(), try scene.bobsEnd())
        ann.session.ask(.shares)
        ann.take()
        exchange(&ann, &bob)
        #expect(bob.failure == .notAdmitted(.endedDevice) && bob.requests.isEmpty)
        // The news is kept all the same.
        #expect(bob.learned.count == 1)
    }

    @Test("a recovery is kept, and nothing is served before both have paired again")
    func recovery() throws {
        var scene = try Scene()
        let fresh = scene.ann.device()
        let author = try ChainAuthor(
            recovering: scene.ann.root, with: fresh, generation: 40, time: someTime)
        scene.annsAuthor = author
        var (ann, bob) = (try scene.annsEnd(), try scene.bobsEnd())
        ann.session.ask(.shares)
        ann.take()
        exchange(&ann, &bob)
        #expect(bob.failure == .notAdmitted(.mustPairAgain) && bob.requests.isEmpty)
        #expect(bob.learned.first?.2 == .recovered(from: 0))
        #expect(bob.learned.first?.1 == author.chain)
    }

    @Test(
        "a chain that goes back, or has another history, is a hard stop at the end that knows better"
    )
    func rollbackAndFork() throws {
        // Bob has seen a recovery of ann's, by a device that her machine, put back, still is.
        var scene = try Scene()
        let author = try ChainAuthor(
            recovering: scene.ann.root, with: scene.laptop, generation: 40, time: someTime)
        scene.bobKnows = author.chain
        var (ann, bob) = (try scene.annsEnd(), try scene.bobsEnd())
        exchange(&ann, &bob)
        #expect(ann.failure == .ownChainBehind && ann.gained.isEmpty)
        guard case .contact(.chain(.rollback))? = bob.failure else {
            Issue.record("\(String(describing: bob.failure))")
            return
        }
        // Another entry at the same place.
        scene = try Scene()
        var further = scene.annsAuthor
        try further.add(scene.ann.certificate(scene.ann.device()), time: someTime)
        scene.bobKnows = further.chain
        try scene.annsAuthor.add(scene.ann.certificate(scene.ann.device()), time: someTime)
        (ann, bob) = (try scene.annsEnd(), try scene.bobsEnd())
        exchange(&ann, &bob)
        #expect(ann.failure == .ownChainForked)
        guard case .contact(.chain(.fork))? = bob.failure else {
            Issue.record("\(String(describing: bob.failure))")
            return
        }
        #expect(bob.requests.isEmpty && bob.learned.isEmpty)
        // And further back: what bob has seen goes on from another entry.
        try further.add(scene.ann.certificate(scene.ann.device()), time: someTime)
        scene.bobKnows = further.chain
        (ann, bob) = (try scene.annsEnd(), try scene.bobsEnd())
        exchange(&ann, &bob)
        guard case .contact(.chain(.fork))? = bob.failure else {
            Issue.record("\(String(describing: bob.failure))")
            return
        }
        #expect(ann.isGreeted == false && ann.gained.isEmpty && bob.requests.isEmpty)
    }

    @Test("another identity behind the same key is a hard stop")
    func changedIdentity() throws {
        var scene = try Scene()
        var eve = try Person(9)
        scene.annsAuthor = try ChainAuthor(
            beginning: eve.root, with: eve.device(), time: someTime)
        var (ann, bob) = (try scene.annsEnd(), try scene.bobsEnd())
        ann.session.ask(.shares)
        ann.take()
        exchange(&ann, &bob)
        guard case .contact(.identityChanged)? = bob.failure else {
            Issue.record("\(String(describing: bob.failure))")
            return
        }
        #expect(bob.requests.isEmpty)
    }

    @Test("what is said out of turn ends it")
    func outOfTurn() throws {
        let scene = try Scene()
        let head = try #require(scene.annsAuthor.chain.entries.last).head
        let bobs = try #require(scene.bobsAuthor.chain.entries.last).head
        let greeting = ContactMessage.greeting(own: head, known: bobs, time: someTime)
        for messages: [ContactMessage] in [
            [.request(.shares)], [greeting, greeting], [greeting, .news(length: 5)],
            [.chain([1])], [greeting, .chain([1])], [greeting, .answer(.taken(.waiting))],
            [greeting, .request(.shares), .request(.shares)],
        ] {
            var bob = try scene.bobsEnd()
            for message in messages { bob.receive(message.encoded) }
            #expect(bob.failure == .violation, "\(messages)")
            #expect(bob.session.isOver)
        }
        var ann = try scene.annsEnd()
        ann.receive(ContactMessage.greeting(own: bobs, known: head, time: someTime).encoded)
        ann.receive(ContactMessage.answer(.taken(.waiting)).encoded)
        #expect(ann.failure == .violation)
        #expect(ann.answers.isEmpty)
    }

    @Test("news with a false signature on an entry that is known harms no chain that is stored")
    func falseOverlap() throws {
        var scene = try Scene()
        try scene.annsAuthor.add(scene.ann.certificate(scene.ann.device()), time: someTime)
        scene.bobKnows = scene.annsAuthor.chain
        try scene.annsAuthor.add(scene.ann.certificate(scene.ann.device()), time: someTime)
        let chain = scene.annsAuthor.chain
        let head = try #require(chain.entries.last).head
        let bobs = try #require(scene.bobsAuthor.chain.entries.last).head
        var end = 4
        for known in scene.bobKnows.entries {
            // The signature is the end of an entry.
            end += known.encoded.count
            var bytes = chain.encoded
            bytes[end - 1] ^= 1
            var bob = try scene.bobsEnd()
            bob.receive(
                ContactMessage.greeting(own: head, known: bobs, time: someTime).encoded)
            bob.receive(ContactMessage.news(length: bytes.count).encoded)
            bob.receive(ContactMessage.chain(bytes).encoded)
            let learned = try #require(bob.learned.first?.1)
            let view = try ChainView(verifying: learned, of: head.identity)
            #expect(view.head == head && learned == chain && bob.isGreeted)
        }
    }

    @Test("news of another length, or that is no chain, is refused and nothing is learned")
    func falseNews() throws {
        var scene = try Scene()
        let known = try #require(scene.annsAuthor.chain.entries.last).head
        let bobs = try #require(scene.bobsAuthor.chain.entries.last).head
        try scene.annsAuthor.add(scene.ann.certificate(scene.ann.device()), time: someTime)
        let head = try #require(scene.annsAuthor.chain.entries.last).head
        let run = try #require(scene.annsAuthor.chain.newer(than: known)).encoded
        var altered = run
        altered[altered.count - 1] ^= 1
        for (length, bytes) in [(run.count - 1, run), (run.count, altered), (4, [0, 0, 0, 0])] {
            var bob = try scene.bobsEnd()
            bob.receive(
                ContactMessage.greeting(own: head, known: bobs, time: someTime).encoded)
            bob.receive(ContactMessage.news(length: length).encoded)
            bob.receive(ContactMessage.chain(bytes).encoded)
            #expect(bob.failure != nil && bob.learned.isEmpty && !bob.isGreeted)
        }
    }
}

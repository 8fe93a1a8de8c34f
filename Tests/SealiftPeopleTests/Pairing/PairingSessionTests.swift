import SealiftBase
import SealiftCrypto
import SealiftTestSupport
import Testing

@testable import SealiftPeople

@Suite("A session in which two people become contacts")
struct PairingSessionTests {
    /// Two people with a device each, and a session between the devices: ann dials, bob waits.
    private struct Scene {
        var ann: Person
        var bob: Person
        let laptop: DeviceKeyPair
        let desktop: DeviceKeyPair
        let sessions: SessionPair
        var annsChain: DeviceChain
        var bobsChain: DeviceChain

        init() throws {
            ann = try Person(1)
            bob = try Person(2)
            laptop = ann.device()
            desktop = bob.device()
            sessions = try SessionPair(
                seed: 3, dialing: laptop, waiting: desktop, role: .introduction)
            annsChain = try ChainAuthor(beginning: ann.root, with: laptop, time: someTime).chain
            bobsChain = try ChainAuthor(beginning: bob.root, with: desktop, time: someTime).chain
        }

        func ann(expecting: IdentityID? = nil, suggestion: String? = nil) throws -> End {
            End(
                PairingSession(
                    sessions.initiator, showing: annsChain,
                    suggestion: try suggestion.map { try ContactName($0) }, expecting: expecting))
        }

        func bob(expecting: IdentityID? = nil) -> End {
            End(
                PairingSession(
                    sessions.responder, showing: bobsChain, suggestion: nil, expecting: expecting))
        }
    }

    /// One end, and what came of it.
    private struct End {
        var session: PairingSession
        var outbox: [UInt8] = []
        var introduction: PairingSession.Introduction?
        var isAskedToStore = false
        var isFinished = false
        var failure: PairingFailure?

        init(_ session: PairingSession) {
            self.session = session
            take()
        }

        mutating func take() {
            while let action = session.pollAction() {
                switch action {
                case .send(let bytes): outbox += bytes
                case .introduced(let found): introduction = found
                case .store: isAskedToStore = true
                case .finished: isFinished = true
                case .failed(let failure): self.failure = failure
                }
            }
        }

        mutating func receive(_ bytes: [UInt8]) {
            session.receive(bytes)
            take()
        }

        mutating func agree() {
            session.agree()
            take()
        }

        mutating func store() {
            session.didStore()
            take()
        }
    }

    /// Carries what both said to the other, until nothing more is said.
    private func exchange(_ one: inout End, _ other: inout End) {
        while !one.outbox.isEmpty || !other.outbox.isEmpty {
            let (first, second) = (one.outbox, other.outbox)
            (one.outbox, other.outbox) = ([], [])
            one.receive(second)
            other.receive(first)
        }
    }

    @Test("introduces each to the other, and gives both devices one key that is no other pair's")
    func introductions() throws {
        let scene = try Scene()
        var (ann, bob) = (try scene.ann(suggestion: "ann"), scene.bob())
        exchange(&ann, &bob)
        let (toAnn, toBob) = (
            try #require(ann.introduction), try #require(bob.introduction)
        )
        #expect(toAnn.identity == scene.bob.identity && toBob.identity == scene.ann.identity)
        #expect(toAnn.device == scene.desktop.publicKeys.id)
        #expect(toBob.suggestion?.text == "ann" && toAnn.suggestion == nil)
        #expect(toAnn.pairKey.opensTheSame(as: toBob.pairKey))
        #expect(toAnn.chain == scene.bobsChain)
    }

    @Test(
        "stores nothing before both said yes; then the end that waited first, and both in the end")
    func commitOrder() throws {
        let scene = try Scene()
        for annFirst in [true, false] {
            var (ann, bob) = (try scene.ann(), scene.bob())
            exchange(&ann, &bob)
            if annFirst { ann.agree() } else { bob.agree() }
            exchange(&ann, &bob)
            #expect(!ann.isAskedToStore && !bob.isAskedToStore)
            if annFirst { bob.agree() } else { ann.agree() }
            exchange(&ann, &bob)
            #expect(bob.isAskedToStore && !ann.isAskedToStore)
            bob.store()
            #expect(!bob.isFinished)
            exchange(&ann, &bob)
            #expect(ann.isAskedToStore && !bob.isFinished)
            ann.store()
            exchange(&ann, &bob)
            #expect(ann.isFinished && bob.isFinished)
            #expect(ann.failure == nil && bob.failure == nil)
        }
    }

    @Test(
        "cut at any byte leaves nobody stored, or the end that waited, or both: never the other alone"
    )
    func cuts() throws {
        let scene = try Scene()
        var tail = 0
        for cut in [0, 1, 40, 5_000, 5_700, 5_720, 5_740, 5_760, 5_770, 5_780] {
            var (ann, bob) = (try scene.ann(), scene.bob())
            var left = [cut, cut]
            var (annStored, bobStored) = (false, false)
            for _ in 0..<8 {
                let toBob = Array(ann.outbox.prefix(left[0]))
                let toAnn = Array(bob.outbox.prefix(left[1]))
                left[0] -= toBob.count
                left[1] -= toAnn.count
                (ann.outbox, bob.outbox) = ([], [])
                ann.receive(toAnn)
                bob.receive(toBob)
                if ann.introduction != nil { ann.agree() }
                if bob.introduction != nil { bob.agree() }
                if bob.isAskedToStore, !bobStored {
                    bobStored = true
                    bob.store()
                }
                if ann.isAskedToStore, !annStored {
                    annStored = true
                    ann.store()
                }
            }
            #expect(bobStored || !annStored, "cut at \(cut)")
            if bobStored { tail += 1 }
        }
        #expect(tail > 0)
    }

    @Test("is refused with one's own identity, or another than the invitation names")
    func wrongIdentities() throws {
        var scene = try Scene()
        var (ann, bob) = (try scene.ann(expecting: scene.ann.identity), scene.bob())
        exchange(&ann, &bob)
        #expect(
            ann.failure
                == .unexpectedIdentity(expected: scene.ann.identity, offered: scene.bob.identity))
        #expect(ann.introduction == nil)
        // Another device of ann's own.
        let certificate = try scene.ann.certificate(scene.desktop)
        var author = try ChainAuthor(root: scene.ann.root, continuing: scene.annsChain)
        try author.add(certificate, time: someTime)
        scene.bobsChain = author.chain
        var (again, own) = (try scene.ann(), scene.bob())
        exchange(&again, &own)
        #expect(again.failure == .ownIdentity && own.failure == .ownIdentity)
    }

    @Test("is refused where the device at the other end does not speak for what it shows")
    func foreignChain() throws {
        var scene = try Scene()
        var carol = try Person(3)
        // Somebody else's chain, whole and well signed.
        scene.bobsChain = try ChainAuthor(
            beginning: carol.root, with: carol.device(), time: someTime
        ).chain
        var (ann, bob) = (try scene.ann(), scene.bob())
        exchange(&ann, &bob)
        #expect(ann.failure == .deviceNotTheirs && ann.introduction == nil)
        // A device that has ended.
        let old = try Scene()
        var author = try ChainAuthor(root: old.bob.root, continuing: old.bobsChain)
        try author.revoke(old.desktop.publicKeys.id, reason: .lost, time: someTime)
        scene = old
        scene.bobsChain = author.chain
        (ann, bob) = (try scene.ann(), scene.bob())
        exchange(&ann, &bob)
        #expect(ann.failure == .deviceNotTheirs)
    }

    @Test("is refused with any byte of the chain changed, and after anything out of turn")
    func altered() throws {
        let scene = try Scene()
        let said = scene.bob().outbox
        for place in stride(from: 0, to: said.count, by: 211) {
            var ann = try scene.ann()
            var bytes = said
            bytes[place] ^= 1
            ann.receive(bytes)
            #expect(ann.introduction == nil, "byte \(place)")
        }
        let chain = PairingMessage.chain([1]).encoded
        let agreed = PairingMessage.agreed(.zero).encoded
        let stored = PairingMessage.stored.encoded
        for early in [chain, agreed, stored, [0], [1, 9], [0xC0, 0, 0, 0, 0, 1, 0, 0]] {
            var ann = try scene.ann()
            ann.receive(early)
            #expect(ann.failure == .violation)
        }
        for late in [said, chain, agreed, stored] {
            var ann = try scene.ann()
            ann.receive(said + late)
            #expect(ann.failure == .violation)
        }
        // More of a chain than was announced.
        var ann = try scene.ann()
        ann.receive(
            PairingMessage.introduction(scene.bob.identity, chainLength: 3, suggestion: []).encoded
                + PairingMessage.chain([1, 2]).encoded + PairingMessage.chain([3, 4]).encoded)
        #expect(ann.failure == .violation)
    }

    @Test("never takes a suggestion that cannot be a name")
    func suggestions() throws {
        let scene = try Scene()
        let said = scene.bob().outbox
        var rest = said
        guard
            case .introduction(let identity, let length, _)? = try PairingMessage.cut(from: &rest)
        else {
            Issue.record("an introduction comes first")
            return
        }
        for text in ["\u{1B}[2Jbob", "b\u{202E}ob", "bob:viewer", " bob", ""] {
            var ann = try scene.ann()
            ann.receive(
                PairingMessage.introduction(
                    identity, chainLength: length, suggestion: Array(text.utf8)
                ).encoded + rest)
            #expect(try #require(ann.introduction).suggestion == nil)
        }
    }
}

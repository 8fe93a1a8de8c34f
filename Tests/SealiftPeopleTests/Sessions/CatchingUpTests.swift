import SealiftBase
import SealiftCrypto
import Testing

@testable import SealiftPeople

/// Ann has two devices. The laptop does not know what the other did; bob does.
@Suite("A device that is behind its own chain")
struct CatchingUpTests {
    private var ann: Person
    private var bob: Person
    private let laptop: DeviceKeyPair
    private let desktop: DeviceKeyPair
    /// What the laptop has, and what bob knows.
    private let old: ChainAuthor
    private var newer: ChainAuthor
    private let bobs: ChainAuthor

    init() throws {
        ann = try Person(1)
        bob = try Person(2)
        (laptop, desktop) = (ann.device(), bob.device())
        old = try ChainAuthor(beginning: ann.root, with: laptop, time: someTime)
        newer = old
        for _ in 0..<2 { try newer.add(ann.certificate(ann.device()), time: someTime) }
        bobs = try ChainAuthor(beginning: bob.root, with: desktop, time: someTime)
    }

    private func contact(_ author: ChainAuthor, _ name: String) throws -> Contact {
        Contact(
            name: try ContactName(name), devices: author.view, verification: .verified(.code))
    }

    /// The laptop's end; it asks at once where it dials.
    private func behind(
        _ side: HandshakeSide, introducing: [DeviceIntroduction] = []
    ) throws -> ContactSession {
        ContactSession(
            side, peer: desktop.publicKeys.id, showing: old.chain,
            contact: try contact(bobs, "bob"), chain: bobs.chain, time: someTime,
            introducing: introducing)
    }

    private func knowing(_ side: HandshakeSide) throws -> ContactSession {
        ContactSession(
            side, peer: laptop.publicKeys.id, showing: bobs.chain,
            contact: try contact(newer, "ann"), chain: newer.chain, time: someTime)
    }

    /// What a session does next: bytes apart from the rest.
    private func drain(
        _ session: inout ContactSession
    ) -> (bytes: [UInt8], actions: [ContactSession.Action]) {
        var (bytes, actions): ([UInt8], [ContactSession.Action]) = ([], [])
        while let action = session.pollAction() {
            if case .send(let part) = action { bytes += part } else { actions.append(action) }
        }
        return (bytes, actions)
    }

    private func word(_ action: ContactSession.Action) -> String {
        switch action {
        case .caughtUp: "caught up"
        case .greeted: "greeted"
        case .request: "request"
        case .learned: "learned"
        case .failed(let failure): "\(failure)"
        default: "other"
        }
    }

    /// Lets both speak until nothing is left.
    private func exchange(
        _ one: inout ContactSession, _ other: inout ContactSession
    ) -> (one: [ContactSession.Action], other: [ContactSession.Action]) {
        var all: (one: [ContactSession.Action], other: [ContactSession.Action]) = ([], [])
        while true {
            let (first, second) = (drain(&one), drain(&other))
            all.one += first.actions
            all.other += second.actions
            if first.bytes.isEmpty, second.bytes.isEmpty { return all }
            other.receive(first.bytes)
            one.receive(second.bytes)
        }
    }

    @Test(
        "is given what a contact has seen of it, proves it, and goes on; the contact believes nothing"
    )
    func catchesUp() throws {
        for side in [HandshakeSide.initiator, .responder] {
            var late = try behind(side)
            var other = try knowing(side == .initiator ? .responder : .initiator)
            if side == .initiator { late.ask(.shares) } else { other.ask(.shares) }
            let (found, heard) = exchange(&late, &other)
            guard case .caughtUp(let chain, let former)? = found.first else {
                Issue.record("\(found.map(word))")
                return
            }
            #expect(chain == newer.chain && former == old.view.head)
            let asked = side == .initiator ? heard : found
            #expect(asked.map(word).last == "request")
            #expect(found.map(word).filter { $0 != "request" } == ["caught up", "greeted"])
            #expect(heard.map(word).filter { $0 != "request" } == ["greeted"])
            #expect(other.contact.devices.head == newer.view.head)
            #expect(!late.isBehind && !late.isOver && !other.isOver)
        }
    }

    @Test("brings no device along that the entries ended")
    func introductions() throws {
        var scene = self
        let tablet = scene.ann.device()
        var entropy = SeededEntropy(seed: 7)
        var before = scene.old
        try before.add(scene.ann.certificate(tablet), time: someTime)
        scene.newer = before
        try scene.newer.revoke(tablet.publicKeys.id, reason: .lost, time: someTime)
        var late = ContactSession(
            .initiator, peer: desktop.publicKeys.id, showing: before.chain,
            contact: try contact(bobs, "bob"), chain: bobs.chain, time: someTime,
            introducing: [
                DeviceIntroduction(
                    device: tablet.publicKeys.id, key: PreSharedKey.generate(entropy: &entropy))
            ])
        var other = try scene.knowing(.responder)
        let (found, heard) = exchange(&late, &other)
        #expect(found.map(word) == ["caught up", "greeted"] && heard.map(word) == ["greeted"])
    }

    @Test("hears of its own end, which the driver acts on")
    func ended() throws {
        var scene = self
        try scene.newer.revoke(laptop.publicKeys.id, reason: .lost, time: someTime)
        // A contact that goes by the newest chain is silent: nothing is told to a device that was ended.
        var silent = try scene.knowing(.responder)
        #expect(silent.isOver && drain(&silent).bytes.isEmpty)
        // One that tells all the same is believed: the root signed it.
        var late = try behind(.initiator)
        late.receive(scene.told(newer.chain.entries, ofHead: scene.newer.view.head))
        late.receive(scene.returned(scene.newer.chain.newer(than: old.view.head)))
        guard case .caughtUp(let chain, _)? = drain(&late).actions.first else {
            Issue.record("nothing was gained")
            return
        }
        let view = try ChainView(verifying: chain, of: old.view.identity)
        #expect(!view.isActive(laptop.publicKeys.id))
    }

    /// Bob's greeting, where he knows this head of ann's.
    private func told(_ entries: [ChainEntry], ofHead head: ChainHead) -> [UInt8] {
        ContactMessage.greeting(own: bobs.view.head, known: head, time: someTime).encoded
    }

    /// Entries handed back.
    private func returned(_ run: DeviceChain?) -> [UInt8] {
        let bytes = run?.encoded ?? []
        return ContactMessage.returned(length: bytes.count).encoded
            + ContactMessage.chain(bytes).encoded
    }

    /// What the laptop does with `bytes` behind the greeting that claims `head`.
    private func outcome(_ head: ChainHead, _ bytes: [UInt8]) throws -> ContactSession {
        var late = try behind(.responder)
        late.receive(told([], ofHead: head) + bytes)
        return late
    }

    @Test("stops hard where the entries do not come, do not hold, or lead elsewhere")
    func hostile() throws {
        let head = newer.view.head
        let run = try #require(newer.chain.newer(than: old.view.head))
        func failure(_ head: ChainHead, _ bytes: [UInt8]) throws -> ContactFailure? {
            var late = try outcome(head, bytes)
            let actions = drain(&late).actions
            #expect(!actions.map(word).contains("caught up"))
            #expect(!late.isGreeted)
            if case .failed(let failure)? = actions.last { return failure }
            return nil
        }
        // Nothing comes: whoever is older closes here.
        #expect(try failure(head, []) == nil)
        #expect(try outcome(head, []).isBehind)
        // Every byte of the entries changed.
        let good = run.encoded
        for place in stride(from: 0, to: good.count, by: 97) {
            var bad = good
            bad[place] ^= 1
            let message =
                ContactMessage.returned(length: bad.count).encoded
                + ContactMessage.chain(bad).encoded
            #expect(try failure(head, message) != nil, "\(place)")
        }
        // A part of what was claimed, and more than that.
        let first = try #require(DeviceChain([run.entries[0]]))
        #expect(try failure(head, returned(first)) == .ownChainBehind)
        #expect(try failure(run.entries[0].head, returned(run)) == .ownChainBehind)
        // Entries without those before them, none that are new, and another identity's.
        #expect(
            try failure(head, returned(DeviceChain([run.entries[1]]))) == .ownChainBehind)
        #expect(try failure(head, returned(old.chain)) == .ownChainBehind)
        #expect(try failure(head, returned(bobs.chain)) == .ownChainBehind)
        // Another history behind the same origin, by who has the root too.
        var scene = self
        var other = scene.old
        try other.add(scene.ann.certificate(scene.ann.device()), time: someTime)
        try other.add(scene.ann.certificate(scene.ann.device()), time: someTime)
        let fork = try #require(
            DeviceChain([run.entries[0]] + other.chain.entries.dropFirst(2)))
        #expect(try failure(other.view.head, returned(fork)) == .ownChainForked)
        // A recovery is never learned so.
        let recovery = try ChainAuthor(
            recovering: ann.root, with: scene.ann.device(), generation: 9, time: someTime)
        #expect(
            try failure(recovery.view.head, returned(recovery.chain)) == .ownChainBehind)
        // Unasked, of no length, and news in its place.
        var unasked = try outcome(old.view.head, [])
        unasked.receive(returned(run))
        #expect(drain(&unasked).actions.map(word).last == "violation")
        #expect(try failure(head, ContactMessage.news(length: 5).encoded) == .violation)
        #expect(
            try failure(
                head,
                ContactMessage.returned(length: 5).encoded
                    + ContactMessage.chain([UInt8](repeating: 0, count: 6)).encoded) == .violation)
    }
}

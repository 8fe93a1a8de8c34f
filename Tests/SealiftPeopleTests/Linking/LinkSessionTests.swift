import SealiftBase
import SealiftCrypto
import SealiftTestSupport
import Testing

@testable import SealiftPeople

@Suite("A session in which a machine becomes a further device")
struct LinkSessionTests {
    /// Ann's desktop waits, her new laptop dials; bob is her contact.
    private struct Scene {
        var ann: Person
        let desktop: DeviceKeyPair
        let laptop: DeviceKeyPair
        let sessions: SessionPair
        var chain: DeviceChain
        let bobsChain: DeviceChain
        let bobsDevice: DeviceID

        init() throws {
            ann = try Person(1)
            desktop = ann.device()
            laptop = ann.device()
            sessions = try SessionPair(
                seed: 3, dialing: laptop, waiting: desktop, role: .deviceLink)
            chain = try ChainAuthor(beginning: ann.root, with: desktop, time: someTime).chain
            var bob = try Person(2)
            let device = bob.device()
            bobsDevice = device.publicKeys.id
            bobsChain = try ChainAuthor(beginning: bob.root, with: device, time: someTime).chain
        }

        func host() -> End {
            End(
                LinkSession(
                    sessions.responder, of: desktop.publicKeys.id, showing: chain))
        }

        func guest(expecting expected: IdentityID? = nil) -> End {
            End(
                LinkSession(
                    sessions.initiator, of: laptop.publicKeys.id, expecting: expected))
        }

        func consent() throws -> DeviceCertificate { try ann.certificate(laptop) }

        func longer(by device: DeviceKeyPair? = nil) throws -> DeviceChain {
            var author = try ChainAuthor(root: ann.root, continuing: chain)
            try author.add(try ann.certificate(device ?? laptop), time: someTime)
            return author.chain
        }

        func bundle(_ chain: DeviceChain) throws -> [UInt8] {
            let contact = Contact(
                name: try ContactName("bob"),
                devices: try ChainView(verifying: bobsChain, of: bobsChain.entries[0].identity),
                verification: .verified(.code), isBlocked: true)
            return try #require(
                LinkBundle(
                    chain: chain, names: [laptop.publicKeys.id: ContactName("laptop")],
                    contacts: [
                        LinkBundle.KnownContact(
                            contact: contact, chain: bobsChain, reachable: [bobsDevice])
                    ]
                ).encoded)
        }
    }

    private struct End {
        var session: LinkSession
        var outbox: [UInt8] = []
        var host: LinkSession.Host?
        var guest: LinkSession.Guest?
        var gift: LinkSession.Gift?
        var isFinished = false
        var failure: LinkFailure?

        init(_ session: LinkSession) {
            self.session = session
            take()
        }

        mutating func take() {
            while let action = session.pollAction() {
                switch action {
                case .send(let bytes): outbox += bytes
                case .met(let host): self.host = host
                case .asked(let guest): self.guest = guest
                case .store(let gift): self.gift = gift
                case .finished: isFinished = true
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

    /// Both ends up to the question at the device that is there.
    private func asked(_ scene: Scene) throws -> (host: End, guest: End) {
        var (host, guest) = (scene.host(), scene.guest())
        exchange(&host, &guest)
        guest.session.consent(try scene.consent(), suggestion: try ContactName("laptop"))
        guest.take()
        exchange(&host, &guest)
        return (host, guest)
    }

    @Test(
        "gives the new device the chain that has it, the contacts, and one key with who brought it")
    func whole() throws {
        let scene = try Scene()
        var (host, guest) = try asked(scene)
        #expect(guest.host?.identity == scene.ann.identity)
        #expect(guest.host?.device == scene.desktop.publicKeys.id && guest.gift == nil)
        let question = try #require(host.guest)
        #expect(question.certificate.device == scene.laptop.publicKeys.id)
        #expect(question.suggestion?.text == "laptop")
        host.session.give(try scene.bundle(scene.longer()))
        host.take()
        exchange(&host, &guest)
        let gift = try #require(guest.gift)
        #expect(gift.devices.isActive(scene.laptop.publicKeys.id))
        #expect(gift.linkKey.secret.constantTimeEquals(question.linkKey.secret))
        let known = try #require(gift.bundle.contacts.first)
        #expect(known.contact.name.text == "bob" && known.contact.isBlocked)
        #expect(known.contact.isVerified && known.reachable == [scene.bobsDevice])
        #expect(gift.bundle.names[scene.laptop.publicKeys.id]?.text == "laptop")
        // Last of all the new device stores.
        #expect(!host.isFinished && !guest.isFinished)
        guest.session.didStore()
        guest.take()
        exchange(&host, &guest)
        #expect(host.isFinished && guest.isFinished)
    }

    @Test("gives nothing before the chain has the device, and takes no chain without it")
    func withoutEntry() throws {
        let scene = try Scene()
        var other = scene
        let stranger = other.ann.device()
        for chain in [scene.chain, try scene.longer(by: stranger)] {
            var (host, guest) = try asked(scene)
            host.session.give(try scene.bundle(chain))
            host.take()
            exchange(&host, &guest)
            #expect(guest.gift == nil && guest.failure == .deviceNotTheirs)
        }
        // A chain of the same user that does not follow from the one that was shown.
        var (host, guest) = try asked(scene)
        var fork = try ChainAuthor(
            beginning: scene.ann.root, with: scene.laptop, time: someTime)
        try fork.add(try scene.ann.certificate(scene.desktop), time: someTime)
        host.session.give(try scene.bundle(fork.chain))
        host.take()
        exchange(&host, &guest)
        guard case .chain(.fork) = try #require(guest.failure) else {
            Issue.record("\(String(describing: guest.failure))")
            return
        }
    }

    @Test(
        "asks nobody about a device that is not at the other end, or did not consent to this identity"
    )
    func foreignConsent() throws {
        let scene = try Scene()
        var ann = scene.ann
        let carol = try Person(3)
        for certificate in [
            try scene.ann.certificate(ann.device()), try carol.certificate(scene.laptop),
            try scene.ann.certificate(scene.laptop, generation: 7),
        ] {
            var (host, guest) = (scene.host(), scene.guest())
            exchange(&host, &guest)
            guest.session.consent(certificate, suggestion: nil)
            guest.take()
            exchange(&host, &guest)
            #expect(host.guest == nil && host.failure == .violation)
        }
    }

    @Test(
        "joins nobody whose device is not at the other end, no other identity than the file's, and not twice"
    )
    func wrongHosts() throws {
        var scene = try Scene()
        var carol = try Person(3)
        let carols = carol.device()
        scene.chain = try ChainAuthor(beginning: carol.root, with: carols, time: someTime).chain
        var (host, guest) = (scene.host(), scene.guest())
        exchange(&host, &guest)
        #expect(guest.host == nil && guest.failure == .deviceNotTheirs)
        scene = try Scene()
        (host, guest) = (scene.host(), scene.guest(expecting: carol.identity))
        exchange(&host, &guest)
        #expect(
            guest.failure
                == .unexpectedIdentity(expected: carol.identity, offered: scene.ann.identity))
        // A device that was ended never comes back.
        var author = try ChainAuthor(root: scene.ann.root, continuing: scene.longer())
        try author.revoke(scene.laptop.publicKeys.id, reason: .lost, time: someTime)
        scene.chain = author.chain
        (host, guest) = (scene.host(), scene.guest())
        exchange(&host, &guest)
        #expect(guest.failure == .endedDevice && guest.host == nil)
    }

    @Test("is refused after anything out of turn, and with any byte of what is given changed")
    func altered() throws {
        let scene = try Scene()
        let consent = LinkMessage.consent(try scene.consent(), suggestion: []).encoded
        let early = [
            LinkMessage.chain([1]).encoded, LinkMessage.bundle(length: 3).encoded,
            LinkMessage.part([1]).encoded, LinkMessage.stored.encoded, consent, [0], [1, 9],
        ]
        for bytes in early {
            var guest = scene.guest()
            guest.receive(bytes)
            #expect(guest.failure == .violation)
        }
        for bytes in early where bytes != consent {
            var host = scene.host()
            host.receive(bytes)
            #expect(host.failure == .violation)
        }
        let (host, guest) = try asked(scene)
        var giving = host
        giving.session.give(try scene.bundle(scene.longer()))
        giving.take()
        for place in stride(from: 0, to: giving.outbox.count, by: 307) {
            var taking = guest
            var bytes = giving.outbox
            bytes[place] ^= 0x10
            taking.receive(bytes)
            let gift = taking.gift
            // A name is not signed; everything else is.
            #expect(gift == nil || gift?.bundle.names.isEmpty == false, "byte \(place)")
            if let gift { #expect(gift.devices.isActive(scene.laptop.publicKeys.id)) }
        }
        var late = guest
        late.receive(giving.outbox + LinkMessage.part([1]).encoded)
        #expect(late.failure == .violation)
    }
}

import SealiftBase
import SealiftCrypto
import SealiftPeople
import SealiftTestSupport

extension FuzzTarget {
    /// What a device of a contact says in a session, however it arrives, to either end.
    ///
    /// Messages are read again as they are written; no request counts before the other end's devices are
    /// known and its own is one of them; requests and answers take turns; what is learned verifies from its
    /// origin.
    static let contact = FuzzTarget(
        "contact", maximumLength: 24_576,
        seeds: { ContactRun.seeds }
    ) { input throws(BrokenRule) in
        let isWaiting = input.choice(2) == 0
        let step = 1 + input.choice(64) * 64
        let stream = input.rest()
        try ContactRun.demandStable(stream)
        var session = ContactRun.session(isWaiting: isWaiting)
        var isGreeted = false
        var isAsked = false
        for start in stride(from: 0, to: stream.count, by: step) {
            session.receive(Array(stream[start..<min(start + step, stream.count)]))
            while let action = session.pollAction() {
                switch action {
                case .greeted:
                    isGreeted = true
                case .request:
                    try demand(isWaiting && isGreeted, "a request counted before a greeting")
                    try demand(!isAsked, "a request counted before the answer to another")
                    isAsked = true
                    session.answer(.refused(.notThere))
                    isAsked = false
                case .answer:
                    try demand(!isWaiting && isGreeted, "an answer counted that nobody asked for")
                case .learned(let contact, let chain, _):
                    try demand(
                        (try? ChainView(verifying: chain, of: contact.identity))?.head
                            == contact.devices.head, "a chain was learned that is not whole")
                case .caughtUp(let chain, let former):
                    try demand(!isGreeted, "own entries came behind the greeting")
                    try demand(
                        ContactRun.isOurs(chain, behind: former),
                        "a chain of our own was gained that does not follow from ours")
                case .introduced(let introduction):
                    try demand(
                        isGreeted && session.contact.devices.isActive(introduction.device),
                        "a device was introduced that does not speak for the contact")
                case .renew:
                    try demand(isWaiting && isGreeted, "a key was renewed before a greeting")
                    session.didRenew()
                case .renewed:
                    try demand(!isWaiting, "a key was renewed that nobody asked for")
                case .send, .failed:
                    break
                }
            }
        }
    }
}

private enum ContactRun {
    private static let time = WallTime(secondsSince1970: 1_795_000_000)

    private static func device(_ seed: UInt64) -> DeviceKeyPair {
        var entropy = SeededEntropy(seed: seed)
        return DeviceKeyPair.generate(entropy: &entropy)
    }

    private static let ours = device(1)
    private static let theirs = device(2)

    /// Both chains as we know them, and each with a device more.
    private struct Chains {
        let ours: DeviceChain
        let oursNewer: DeviceChain
        let theirs: DeviceChain
        let newer: DeviceChain
    }

    private static let chains: Chains = {
        func root(_ byte: UInt8) -> HybridSigningKey? {
            HybridSigningKey(seed: SecretBytes(copying: [UInt8](repeating: byte, count: 32)))
        }
        let third = device(3)
        guard let mine = root(11), let other = root(12),
            var own = try? ChainAuthor(beginning: mine, with: ours, time: time),
            var author = try? ChainAuthor(beginning: other, with: theirs, time: time)
        else { preconditionFailure("keys of a seed begin a chain") }
        let (known, ownKnown) = (author.chain, own.chain)
        guard
            let certificate = DeviceCertificate(
                consentOf: third, to: IdentityID(of: other.publicKey), generation: 0),
            (try? author.add(certificate, time: time)) != nil,
            let further = DeviceCertificate(
                consentOf: third, to: IdentityID(of: mine.publicKey), generation: 0),
            (try? own.add(further, time: time)) != nil
        else { preconditionFailure("a device is added") }
        return Chains(
            ours: ownKnown, oursNewer: own.chain, theirs: known, newer: author.chain)
    }()

    private static func contact(_ chain: DeviceChain) -> Contact {
        guard let view = try? ChainView(verifying: chain, of: chain.entries[0].identity),
            let name = try? ContactName("bob")
        else { preconditionFailure("a chain verifies") }
        return Contact(name: name, devices: view, verification: .verified(.code))
    }

    static func session(isWaiting: Bool) -> ContactSession {
        var session = ContactSession(
            isWaiting ? .responder : .initiator, peer: theirs.publicKeys.id, showing: chains.ours,
            contact: contact(chains.theirs), chain: chains.theirs, time: time,
            mayReplaceKey: isWaiting)
        if !isWaiting { session.ask(.shares) }
        while session.pollAction() != nil {}
        return session
    }

    /// Whether a chain verifies, goes on from ours, and was not known.
    static func isOurs(_ chain: DeviceChain, behind former: ChainHead) -> Bool {
        let known = chains.ours.entries
        return (try? ChainView(verifying: chain, of: former.identity)) != nil
            && former == known.last?.head && chain.entries.count > known.count
            && Array(chain.entries.prefix(known.count)) == known
    }

    /// What an honest end says, for either side, with news of its devices and without, and where it knows more
    /// of ours.
    static let seeds: [[UInt8]] = [true, false].flatMap { isWaiting in
        [
            (chains.theirs, chains.ours), (chains.newer, chains.ours),
            (chains.newer, chains.oursNewer),
        ].map { chain, knownOfOurs in
            var session = ContactSession(
                isWaiting ? .initiator : .responder, peer: ours.publicKeys.id, showing: chain,
                contact: contact(knownOfOurs), chain: knownOfOurs, time: time)
            let known = chains.theirs.entries[chains.theirs.entries.count - 1].head
            let own = chains.ours.entries[chains.ours.entries.count - 1].head
            session.receive(
                ContactMessage.greeting(own: own, known: known, time: time).encoded)
            var stream: [UInt8] = []
            while let action = session.pollAction() {
                if case .send(let bytes) = action { stream += bytes }
            }
            let further: [ContactMessage] =
                isWaiting
                ? [.request(.shares)] + laterRequests
                : [.answer(.shares([], isLast: true)), .answer(laterAnswer)]
            return seed {
                $0.write(UInt8(isWaiting ? 0 : 1))
                $0.write(UInt8(40))
                $0.write(stream + further.flatMap(\.encoded))
            }
        }
    }

    /// What members ask about members, and what they put into shares.
    private static let laterRequests: [ContactMessage] = {
        guard let share = ShareID([UInt8](repeating: 7, count: ShareID.byteCount)),
            let path = GrantedPath("weights/a"),
            let offer = PushOffer(
                id: [UInt8](repeating: 1, count: 16), byteCount: 7, entryCount: 1,
                label: Array("a".utf8), ticket: Array("sealift1".utf8)),
            let wish = GrantWish(
                role: .viewer, paths: [path], lifetime: 60, quota: 9, needsApproval: true)
        else { preconditionFailure("requests are within their bounds") }
        let member = chains.theirs.entries[0].identity
        return [
            .request(.upload(share, path, offer)), .request(.upload(share, nil, offer)),
            .request(.members(share)), .request(.grant(share, member, wish)),
            .request(.approve(share, member)), .request(.remove(share, member)),
            .request(.leave(share)),
        ]
    }()

    private static let laterAnswer: ContactAnswer = {
        let member = chains.theirs.entries[0].identity
        let paths = ["a", "b/c"].compactMap { GrantedPath($0) }
        return .members(
            [
                VisibleMember(
                    identity: member, role: .editor, part: .only(paths, hasMore: true),
                    expires: time, quota: 8, movedBytes: 3, approval: .given(by: member)),
                VisibleMember(
                    identity: member, role: .viewer, part: .everything, expires: nil, quota: nil,
                    movedBytes: 0, approval: .awaited),
            ], isLast: true)
    }()

    /// Messages that were read are written and read again as themselves.
    static func demandStable(_ stream: [UInt8]) throws(BrokenRule) {
        var unread = stream
        while let message = try? ContactMessage.cut(from: &unread) {
            var again = message.encoded
            let read = try? ContactMessage.cut(from: &again)
            try demand(read == message && again.isEmpty, "a message is not read as it is written")
        }
    }
}

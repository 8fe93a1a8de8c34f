import SealiftBase
import SealiftCrypto
import SealiftPeople
import SealiftTestSupport

extension FuzzTarget {
    /// What the other end says in the session in which two people become contacts, however it arrives.
    ///
    /// Messages are read again as they are written; and whatever is said, nobody is asked about an
    /// identity whose chain the device at the other end does not speak for, and nothing is stored before
    /// this user said yes.
    static let pairing = FuzzTarget(
        "pairing", maximumLength: 24_576,
        seeds: { PairingRun.seeds }
    ) { input throws(BrokenRule) in
        let isWaiting = input.choice(2) == 0
        let agrees = input.choice(2) == 0
        let step = 1 + input.choice(64) * 64
        let stream = input.rest()
        try PairingRun.demandStable(stream)
        var session = PairingRun.session(isWaiting: isWaiting)
        var hasAgreed = false
        for start in stride(from: 0, to: stream.count, by: step) {
            session.receive(Array(stream[start..<min(start + step, stream.count)]))
            while let action = session.pollAction() {
                switch action {
                case .introduced(let introduction):
                    try demand(
                        introduction.devices.isActive(introduction.device)
                            && introduction.device == PairingRun.theirs.publicKeys.id,
                        "a device that speaks for nobody was introduced")
                    if agrees {
                        session.agree()
                        hasAgreed = true
                    }
                case .store:
                    try demand(hasAgreed, "something was stored before a yes")
                    session.didStore()
                case .finished:
                    try demand(hasAgreed, "it was finished before a yes")
                case .send, .failed:
                    break
                }
            }
        }
    }
}

private enum PairingRun {
    static let ours = device(1)
    static let theirs = device(2)
    private static let time = WallTime(secondsSince1970: 1_795_000_000)

    private static func device(_ seed: UInt64) -> DeviceKeyPair {
        var entropy = SeededEntropy(seed: seed)
        return DeviceKeyPair.generate(entropy: &entropy)
    }

    private static func chain(_ byte: UInt8, _ device: DeviceKeyPair) -> DeviceChain {
        let seed = SecretBytes(copying: [UInt8](repeating: byte, count: 32))
        guard let root = HybridSigningKey(seed: seed),
            let author = try? ChainAuthor(beginning: root, with: device, time: time)
        else { preconditionFailure("keys of a seed begin a chain") }
        return author.chain
    }

    /// The chains are the same in every run; their signatures need not be.
    private static let chains = (ours: chain(11, ours), theirs: chain(12, theirs))

    private static let sessions: [Bool: (ours: EstablishedSession, theirs: EstablishedSession)] = {
        guard
            let waiting = try? SessionPair(
                seed: 5, dialing: theirs, waiting: ours, role: .introduction),
            let dialing = try? SessionPair(
                seed: 6, dialing: ours, waiting: theirs, role: .introduction)
        else { preconditionFailure("two devices have a session") }
        return [
            true: (waiting.responder, waiting.initiator),
            false: (dialing.initiator, dialing.responder),
        ]
    }()

    static func session(isWaiting: Bool) -> PairingSession {
        guard let pair = sessions[isWaiting] else { preconditionFailure("both ways are there") }
        var session = PairingSession(
            pair.ours, showing: chains.ours, suggestion: nil, expecting: nil)
        while session.pollAction() != nil {}
        return session
    }

    /// What an honest end says, for either side, up to its second word.
    static let seeds: [[UInt8]] = [true, false].flatMap { isWaiting -> [[UInt8]] in
        guard let pair = sessions[isWaiting] else { return [] }
        var theirs = PairingSession(
            pair.theirs, showing: chains.theirs, suggestion: try? ContactName("bob"),
            expecting: nil)
        var ours = PairingSession(
            pair.ours, showing: chains.ours, suggestion: nil, expecting: nil)
        let introduction = drain(&theirs)
        theirs.receive(drain(&ours))
        let silence = drain(&theirs)
        theirs.agree()
        let yes = silence + drain(&theirs) + PairingMessage.stored.encoded
        return [introduction, introduction + yes].flatMap { stream in
            [0, 1].map { agrees in
                seed {
                    $0.write(UInt8(isWaiting ? 0 : 1))
                    $0.write(UInt8(agrees))
                    $0.write(UInt8(40))
                    $0.write(stream)
                }
            }
        }
    }

    private static func drain(_ session: inout PairingSession) -> [UInt8] {
        var sent: [UInt8] = []
        while let action = session.pollAction() {
            if case .send(let bytes) = action { sent += bytes }
        }
        return sent
    }

    /// Messages that were read are written and read again as themselves.
    static func demandStable(_ stream: [UInt8]) throws(BrokenRule) {
        var unread = stream
        while let message = try? PairingMessage.cut(from: &unread) {
            var again = message.encoded
            let read = try? PairingMessage.cut(from: &again)
            try demand(read == message && again.isEmpty, "a message is not read as it is written")
        }
    }
}

import SealiftBase
import SealiftCrypto
import SealiftPeople
import SealiftTestSupport
import SealiftTransport
import Synchronization
import Testing

@testable import SealiftTransfer

/// Bob, who waits, and devices of his contacts that dial him when a test says so, over links on virtual time.
struct ContactCrowd {
    /// Somebody whom bob has as a contact, and the key of each device with bob's.
    struct Member {
        let devices: [DeviceKeyPair]
        let keys: [PairKey]
        let chain: DeviceChain
        let contact: Contact
    }

    /// What a device does once it has a session.
    enum Conduct {
        /// Asks for a folder so often, one question after the other, and stays.
        case asking(rounds: Int)
        /// Greets, says the message so often, once a second, and reads nothing.
        case deaf(ContactMessage, count: Int)
    }

    static let time = WallTime(secondsSince1970: 1_795_000_000)
    static let hour = ContactPair.hour(at: time)

    let members: [Member]
    let pairs: [ContactPair]
    var network: SimulatedNetwork<Node>
    let host: SimulatedNetwork<Node>.NodeIndex
    private let seed: UInt64
    private let desktop: DeviceKeyPair
    private let bob: Contact
    private let bobs: DeviceChain
    private var dialedCount: UInt64 = 0

    /// - Parameters:
    ///   - deviceCounts: how many devices each contact has.
    ///   - isTold: whether a third device told the keys.
    ///   - firstMailboxDay: where there is one, the keys have mailboxes of days from it on.
    init(
        seed: UInt64, deviceCounts: [Int], isTold: Bool = false, firstMailboxDay: UInt64? = nil
    ) throws {
        self.seed = seed
        var entropy = SeededEntropy(seed: seed)
        let desktop = DeviceKeyPair.generate(entropy: &entropy)
        self.desktop = desktop
        (bobs, bob) = try Self.person(1, [desktop])
        var members: [Member] = []
        for (index, count) in deviceCounts.enumerated() {
            let devices = (0..<count).map { _ in DeviceKeyPair.generate(entropy: &entropy) }
            var keys: [PairKey] = []
            for _ in devices {
                keys.append(try Self.key(PreSharedKey.generate(entropy: &entropy), firstMailboxDay))
            }
            let (chain, contact) = try Self.person(UInt8(index) + 2, devices)
            members.append(Member(devices: devices, keys: keys, chain: chain, contact: contact))
        }
        self.members = members
        pairs = members.flatMap { member in
            zip(member.devices, member.keys).map { device, key in
                ContactPair(
                    identity: member.contact.identity, device: device.publicKeys.id, key: key,
                    dialing: desktop.publicKeys.id, isTold: isTold)
            }
        }
        var waiting = ContactHost(
            responder: HandshakeResponder(
                local: desktop, features: .dailyMailboxes, entropy: SeededEntropy(seed: seed &+ 1)),
            showing: bobs, configuration: ConnectionConfiguration(packetNumberSkipSeed: seed))
        waiting.welcome(pairs, hour: Self.hour, now: .zero)
        network = SimulatedNetwork(seed: SimulationSeed(seed))
        host = network.addNode(
            Node(
                waiting: WaitingEnd(
                    host: waiting,
                    members: Dictionary(
                        uniqueKeysWithValues: members.map { ($0.contact.identity, $0) }))),
            at: SimulatedAddress(host: 1))
    }

    private static func person(
        _ byte: UInt8, _ devices: [DeviceKeyPair]
    ) throws -> (DeviceChain, Contact) {
        let seed = SecretBytes(copying: [UInt8](repeating: byte, count: 32))
        let root = try #require(HybridSigningKey(seed: seed))
        var author = try ChainAuthor(beginning: root, with: devices[0], time: time)
        for device in devices.dropFirst() {
            let certificate = try #require(
                DeviceCertificate(
                    consentOf: device, to: IdentityID(of: root.publicKey), generation: 0))
            try author.add(certificate, time: time)
        }
        let chain = author.chain
        let contact = Contact(
            name: try ContactName("person-\(byte)"),
            devices: try ChainView(verifying: chain, of: chain.entries[0].identity),
            verification: .verified(.code))
        return (chain, contact)
    }

    private static func key(_ key: PreSharedKey, _ day: UInt64?) throws -> PairKey {
        guard let day else { return PairKey(told: key) }
        let bytes =
            key.secret.withUnsafeBytes { Array($0) }
            + (0..<8).reversed().map { UInt8(truncatingIfNeeded: day >> ($0 * 8)) }
            + [UInt8](repeating: 2, count: 32)
        return try #require(PairKey(encoded: SecretBytes(copying: bytes)))
    }

    /// What came of the waiting end.
    var waiting: WaitingEnd {
        get throws { try #require(network[host].waiting) }
    }

    /// Has a device dial from now on.
    mutating func dial(
        _ who: Int, device: Int = 0, _ conduct: Conduct, by stages: [any LinkStage] = []
    ) throws -> SimulatedNetwork<Node>.NodeIndex {
        dialedCount += 1
        let member = members[who]
        let own = member.devices[device]
        let target = desktop.publicKeys.id
        let start = (dialedCount << 32) &+ seed
        let secret = member.keys[device].dialing(target)
        let seeds = Mutex(start)
        let begin: @Sendable () throws(HandshakeError) -> HandshakeInitiator = {
            () throws(HandshakeError) in
            var entropy = SeededEntropy(
                seed: seeds.withLock { seed in
                    seed &+= 0x9E37_79B9
                    return seed
                })
            return try HandshakeInitiator(
                psk: secret, role: .devicePair, local: own, expectedPeer: target.fingerprint,
                hour: Self.hour, features: .dailyMailboxes, entropy: &entropy)
        }
        let configuration = ConnectionConfiguration(packetNumberSkipSeed: start &+ 1)
        let paths = [PathID(1, 0, 0)]
        let node: Node
        switch conduct {
        case .asking(let rounds):
            let question = ContactCaller.Question(
                own: member.chain, contact: bob, chain: bobs,
                request: WaitingEnd.question, time: Self.time)
            node = Node(
                asking: AskingEnd(
                    caller: try ContactCaller(
                        question, paths: paths, configuration: configuration,
                        contactTimeout: .seconds(20), now: network.now, beginHandshake: begin),
                    roundsLeft: rounds - 1))
        case .deaf(let message, let count):
            let greeting = ContactMessage.greeting(
                own: member.contact.devices.head, known: bob.devices.head, time: Self.time)
            node = Node(
                deaf: DeafEnd(
                    dialer: try SessionDialer(
                        paths: paths, groups: [], contactTimeout: .seconds(20), now: network.now,
                        begin: begin),
                    configuration: configuration, greeting: greeting.encoded,
                    message: message.encoded, left: count))
        }
        let index = network.addNode(
            node, at: SimulatedAddress(host: UInt32(dialedCount) + 1))
        network.join(host, index, by: stages + [Delay(.milliseconds(10))])
        return index
    }

    /// One of the three kinds of end.
    struct Node: SimulatedEndpoint {
        var waiting: WaitingEnd?
        var asking: AskingEnd?
        var deaf: DeafEnd?

        mutating func receive(_ datagram: SimulatedDatagram, now: Instant) {
            let path = PathID(UInt64(datagram.from.host), 0, 0)
            datagram.bytes.withUnsafeBytes {
                waiting?.host.receive($0, on: path, ecn: .notCapable, now: now)
                asking?.caller.receive($0, on: path, ecn: .notCapable, now: now)
                deaf?.receive($0, on: path, now: now)
            }
            settle(now: now)
        }

        mutating func handleTimeout(now: Instant) {
            waiting?.host.handleTimeout(now: now)
            asking?.caller.handleTimeout(now: now)
            deaf?.handleTimeout(now: now)
            settle(now: now)
        }

        private mutating func settle(now: Instant) {
            waiting?.settle(now: now)
            asking?.settle(now: now)
        }

        var nextTimeout: Instant? {
            waiting?.host.nextTimeout ?? asking?.caller.nextTimeout ?? deaf?.nextTimeout
        }

        mutating func pollTransmit(now: Instant) -> [SimulatedDatagram] {
            HostAddressedPackets.take { poll(into: $0, now: now) }
        }

        private mutating func poll(
            into buffer: UnsafeMutableRawBufferPointer, now: Instant
        ) -> PacketBatch? {
            waiting?.host.pollTransmit(into: buffer, now: now)
                ?? asking?.caller.pollTransmit(into: buffer, now: now)
                ?? deaf?.pollTransmit(into: buffer, now: now)
        }
    }

    /// Bob's end. It answers every request with ``answer``.
    struct WaitingEnd {
        /// A hundred kilobytes.
        static let answer: [ContactAnswer] = (1...8).map { part in
            .folder(
                (0..<ContactMessage.maximumItemCount).map { number in
                    FolderItem(
                        kind: .file, size: UInt64(number), modified: 0,
                        name: [UInt8](repeating: 0x61, count: 255))
                }, isLast: part == 8)
        }
        static let answerByteCount = answer.reduce(0) {
            $0 + ContactMessage.answer($1).encoded.count
        }
        static let question: ContactRequest = {
            guard let share = ShareID([UInt8](repeating: 5, count: 16)) else {
                preconditionFailure("a share's id has 16 bytes")
            }
            return .folder(share, nil)
        }()

        var host: ContactHost
        let members: [IdentityID: Member]
        var arrivals: [IdentityID] = []
        var requestCount = 0
        var renewalCount = 0
        var failures: [ContactFailure] = []

        init(host: ContactHost, members: [IdentityID: Member]) {
            self.host = host
            self.members = members
        }

        mutating func settle(now: Instant) {
            host.process(now: now)
            while let event = host.pollEvent() {
                switch event {
                case .arrived(let id, let pair, _):
                    guard let member = members[pair.identity] else { continue }
                    arrivals.append(pair.identity)
                    host.begin(
                        id, member.contact, chain: member.chain, time: ContactCrowd.time)
                case .request(let id, _):
                    requestCount += 1
                    for part in Self.answer { host.answer(id, part) }
                case .renew(let id, _):
                    renewalCount += 1
                    host.didRenew(id)
                case .failed(_, let failure): failures.append(failure)
                case .learned, .caughtUp, .greeted, .introduced, .ended: break
                }
                host.process(now: now)
            }
        }
    }

    /// A contact's end that keeps to the protocol.
    struct AskingEnd {
        var caller: ContactCaller
        var roundsLeft: Int
        var answers: [ContactAnswer] = []
        var ending: SessionEnding?

        init(caller: ContactCaller, roundsLeft: Int) {
            self.caller = caller
            self.roundsLeft = roundsLeft
        }

        mutating func settle(now: Instant) {
            caller.process(now: now)
            while let event = caller.pollEvent() {
                switch event {
                case .answer(let answer):
                    answers.append(answer)
                    if answer.isLast, roundsLeft > 0 {
                        roundsLeft -= 1
                        caller.ask(WaitingEnd.question)
                    }
                case .ended(let ending): self.ending = ending
                case .connected, .learned, .caughtUp, .greeted, .introduced, .renewed, .failed:
                    break
                }
                caller.process(now: now)
            }
        }
    }

    /// A contact's end that says what it wants and listens to nothing: it grants no credit.
    struct DeafEnd {
        private static let interval = Duration.seconds(1)

        private var dialer: SessionDialer
        private let configuration: ConnectionConfiguration
        private let greeting: [UInt8]
        private let message: [UInt8]
        private(set) var left: Int
        private(set) var connection: Connection?
        private var due = Instant.distantFuture

        init(
            dialer: SessionDialer, configuration: ConnectionConfiguration, greeting: [UInt8],
            message: [UInt8], left: Int
        ) {
            self.dialer = dialer
            self.configuration = configuration
            self.greeting = greeting
            self.message = message
            self.left = left
        }

        mutating func receive(
            _ datagram: UnsafeRawBufferPointer, on path: PathID, now: Instant
        ) {
            if connection != nil {
                connection?.receive(datagram, on: path, now: now)
                while let event = connection?.pollEvent() {
                    if case .established = event { dialer.confirm() }
                }
                return
            }
            guard case .established(let session) = dialer.receive(datagram, on: path, now: now)
            else { return }
            var connection = Connection(
                session: session, configuration: configuration, on: path, now: now)
            connection.writeControl(greeting)
            self.connection = connection
            due = now + Self.interval
        }

        mutating func handleTimeout(now: Instant) {
            if case .began = dialer.handleTimeout(now: now) { connection = nil }
            connection?.handleTimeout(now: now)
            guard connection != nil, due <= now else { return }
            let message = message
            connection?.writeControl(message)
            left -= 1
            due = left > 0 ? now + Self.interval : .distantFuture
        }

        var nextTimeout: Instant? {
            min(
                dialer.nextTimeout ?? .distantFuture, connection?.nextTimeout ?? .distantFuture,
                connection == nil ? .distantFuture : due)
        }

        mutating func pollTransmit(
            into buffer: UnsafeMutableRawBufferPointer, now: Instant
        ) -> PacketBatch? {
            if let (path, datagram) = dialer.pollTransmit() {
                return PacketBatch(writing: datagram, on: path, into: buffer)
            }
            return connection?.pollTransmit(into: buffer, now: now).map { PacketBatch($0) }
        }
    }
}

import SealiftBase
import SealiftContent
import SealiftCrypto
import SealiftTestSupport
import SealiftTransport
import Testing

@testable import SealiftTransfer

/// One sender, one receiver, a link between them, and everything a test may bend.
struct TransferScenario {
    /// What the link does to datagrams, in both directions.
    struct Link {
        var delay = Duration.milliseconds(5)
        var jitter = Duration.zero
        var loss = 0.0
        var isBursty = false
        var reordering = 0.0
        var duplication = 0.0
        var corruption = 0.0
        var megabitsPerSecond = 200.0
        /// What the queue holds, as time at the link's rate.
        var queueTime = Duration.milliseconds(50)
        /// Ethernet's 1,500 bytes less an IPv4 and a UDP header.
        var largestPayload = 1472

        var stages: [any LinkStage] {
            var stages: [any LinkStage] = [
                SizeLimit(largestPayload),
                RateLimit(megabitsPerSecond: megabitsPerSecond, queueTime: queueTime),
                Delay(delay, jitter: jitter),
            ]
            if loss > 0 {
                stages.append(
                    isBursty ? BurstLoss(loss: loss, averageBurst: 4) : IndependentLoss(loss))
            }
            if reordering > 0 { stages.append(Reordering(reordering, holdBack: .milliseconds(8))) }
            if duplication > 0 { stages.append(Duplication(duplication)) }
            if corruption > 0 { stages.append(Corruption(corruption)) }
            return stages
        }
    }

    /// What a run left behind.
    struct Outcome {
        let store: MemoryStore
        let owner: DeviceID?
        let senderReports: [SenderSession.Report]
        let receiverReports: [ReceiverSession.Report]
        let receiverEnding: SessionEnding?
        let tally: ReceiverSession.Tally?
        let datagramsFromSender: Int
        /// Every different datagram of a message 1, by where it went.
        let firstMessages: [SimulatedAddress: Set<[UInt8]>]
        /// From the first datagram until the receiver's session was over.
        let duration: Duration
        let report: String

        /// Whether both ends found the other's root equal to their own.
        var rootsAgree: Bool {
            let ours = receiverReports.contains { report in
                if case .completed = report { true } else { false }
            }
            let theirs = senderReports.contains { report in
                if case .completed = report { true } else { false }
            }
            return ours && theirs
        }

        /// Paths that the receiver named as not delivered.
        var failedFiles: [String] {
            receiverReports.compactMap { report in
                guard case .fileDone(let path, _, let result) = report, result != .delivered else {
                    return nil
                }
                return String(decoding: path.bytes, as: UTF8.self)
            }
        }
    }

    let seed: UInt64
    var source: MemorySource
    var link = Link()
    /// What each end can do.
    var senderFeatures: SessionFeatures = .listingAhead
    var receiverFeatures: SessionFeatures = .listingAhead
    var answer = SimulatedReceiver.Answer.accept
    var owner: DeviceID?
    /// When an end gets another address, as seen by the other: a NAT that rebinds, another network.
    var addressChanges: [(after: Duration, ofSender: Bool)] = []
    /// When the receiver learns of the sender's address, if it has only a dead one at first.
    var addressKnownAfter: Duration?
    /// Whether the network goes away for good as soon as the sender has found both roots equal, so that
    /// its *confirm* never arrives.
    var losesConfirm = false
    var receiverHasOtherSecret = false
    var receiverExpectsOtherDevice = false

    init(seed: UInt64) throws {
        self.seed = seed
        source = try MemorySource(try SampleTrees.mixed(seed: seed))
    }

    var fileCount: Int {
        source.items.count { if case .file = $0.entry.kind { true } else { false } }
    }

    func index(of path: String) throws -> FileIndex {
        let bytes = Array(path.utf8)
        let index = try #require(source.items.firstIndex { $0.entry.path.bytes == bytes })
        return FileIndex(UInt64(index) + 1)
    }

    /// Either end, so that one network carries both.
    private enum Node: SimulatedEndpoint {
        case sender(SimulatedSender)
        case receiver(SimulatedReceiver)

        mutating func receive(_ datagram: SimulatedDatagram, now: Instant) {
            switch self {
            case .sender(var sender):
                sender.receive(datagram, now: now)
                self = .sender(sender)
            case .receiver(var receiver):
                receiver.receive(datagram, now: now)
                self = .receiver(receiver)
            }
        }

        mutating func handleTimeout(now: Instant) {
            switch self {
            case .sender(var sender):
                sender.handleTimeout(now: now)
                self = .sender(sender)
            case .receiver(var receiver):
                receiver.handleTimeout(now: now)
                self = .receiver(receiver)
            }
        }

        var nextTimeout: Instant? {
            switch self {
            case .sender(let sender): sender.nextTimeout
            case .receiver(let receiver): receiver.nextTimeout
            }
        }

        mutating func pollTransmit(now: Instant) -> [SimulatedDatagram] {
            switch self {
            case .sender(var sender):
                defer { self = .sender(sender) }
                return sender.pollTransmit(now: now)
            case .receiver(var receiver):
                defer { self = .receiver(receiver) }
                return receiver.pollTransmit(now: now)
            }
        }

        /// Whether this is a sender that found both roots equal.
        var hasAgreed: Bool {
            guard case .sender(let sender) = self else { return false }
            return sender.reports.contains { if case .completed = $0 { true } else { false } }
        }

        var receiverEnding: SessionEnding? {
            if case .receiver(let receiver) = self { receiver.ending } else { nil }
        }
    }

    /// Runs until the receiver's session is over.
    func run(into store: MemoryStore = MemoryStore()) throws -> Outcome {
        var entropy = SeededEntropy(seed: seed)
        let sendingDevice = DeviceKeyPair.generate(entropy: &entropy)
        let receivingDevice = DeviceKeyPair.generate(entropy: &entropy)
        let secret = PreSharedKey.generate(entropy: &entropy)
        let otherSecret = PreSharedKey.generate(entropy: &entropy)
        let senderAddress = Self.senderAddress
        var sender = SimulatedSender(
            source: source, device: sendingDevice, psk: secret, features: senderFeatures,
            configuration: ConnectionConfiguration(packetNumberSkipSeed: seed), seed: seed &+ 1)
        sender.owner = owner
        let expected =
            receiverExpectsOtherDevice
            ? receivingDevice.publicKeys.id.fingerprint : sendingDevice.publicKeys.id.fingerprint
        let receiver = try SimulatedReceiver(
            store: store, device: receivingDevice,
            psk: receiverHasOtherSecret ? otherSecret : secret,
            sender: addressKnownAfter == nil ? senderAddress : Self.deadAddress,
            expecting: expected, features: receiverFeatures,
            configuration: ConnectionConfiguration(packetNumberSkipSeed: seed &+ 3),
            answer: answer, seed: seed &+ 2, now: .zero)

        var network = SimulatedNetwork<Node>(seed: SimulationSeed(seed))
        let senderNode = network.addNode(.sender(sender), at: senderAddress)
        let receiverNode = network.addNode(.receiver(receiver), at: SimulatedAddress(host: 2))
        network.join(senderNode, receiverNode, by: link.stages)
        for (number, change) in addressChanges.enumerated() {
            network.schedule(at: network.now + change.after) {
                $0.changeAddress(
                    of: change.ofSender ? senderNode : receiverNode,
                    to: SimulatedAddress(host: 100 + UInt32(number)))
            }
        }
        if let addressKnownAfter {
            network.schedule(at: network.now + addressKnownAfter) { network in
                guard case .receiver(var receiver) = network[receiverNode] else { return }
                receiver.addPath(to: senderAddress, now: network.now)
                network[receiverNode] = .receiver(receiver)
            }
        }
        let counter = Counter()
        network.tap = { datagram, _ in
            if datagram.from == senderAddress { counter.value += 1 }
            if datagram.bytes.first == 0xE1 {
                counter.firstMessages[datagram.to, default: []].insert(datagram.bytes)
            }
        }
        if losesConfirm {
            let agreed = network.run(for: .seconds(600)) { $0[senderNode].hasAgreed }
            #expect(agreed == .conditionMet, "\(agreed): \(network.report)")
            network.join(senderNode, receiverNode, by: [IndependentLoss(1)])
        }
        let result = network.run(for: .seconds(600)) { $0[receiverNode].receiverEnding != nil }
        #expect(result == .conditionMet, "\(result): \(network.report)")

        guard case .sender(let sender) = network[senderNode],
            case .receiver(let receiver) = network[receiverNode]
        else { throw UnexpectedNode() }
        return Outcome(
            store: store, owner: sender.owner, senderReports: sender.reports,
            receiverReports: receiver.reports, receiverEnding: receiver.ending,
            tally: receiver.finalTally, datagramsFromSender: counter.value,
            firstMessages: counter.firstMessages, duration: network.now - Instant.zero,
            report: network.report)
    }

    /// Runs, and checks that everything arrived as it was.
    @discardableResult
    func runToCompletion() throws -> Outcome {
        let outcome = try run()
        #expect(outcome.rootsAgree, "\(outcome.receiverReports) \(outcome.report)")
        for item in source.items {
            switch item.entry.kind {
            case .file:
                #expect(outcome.store.placed[item.entry.path] == item.content)
            case .directory:
                #expect(outcome.store.directories.contains(item.entry.path))
            case .symbolicLink(let target):
                #expect(outcome.store.links[item.entry.path] == target.bytes)
            }
        }
        #expect(outcome.tally?.receivedBytes == source.totals.dataBytes)
        return outcome
    }

    private struct UnexpectedNode: Error {}

    /// Where nobody is.
    static let deadAddress = SimulatedAddress(host: 99)
    /// Where the sender is.
    static let senderAddress = SimulatedAddress(host: 1)

    private final class Counter {
        var value = 0
        var firstMessages: [SimulatedAddress: Set<[UInt8]>] = [:]
    }
}

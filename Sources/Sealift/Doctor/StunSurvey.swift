import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftTraversal

/// Asks STUN servers from sockets like those that carry a transfer: what they see, how soon, and how
/// large a packet reaches them. Blocks; owned by one thread.
struct StunSurvey {
    /// One server as one socket met it.
    struct Answer {
        let server: SocketAddress
        let socket: Int
        var mapped: TransportAddress?
        var roundTrip: Duration?
    }

    /// How long the first answers are waited for: four requests, at 0, 0.5, 1.5 and 3.5 s.
    private static let patience = Duration.seconds(4)
    /// Requests of one size before it counts as too large.
    private static let triesPerSize = 3
    /// Payloads that are tried: what IPv6 always carries, and the most of Ethernet with jumbo frames.
    private static let sizes = (least: 1_232, largest: 8_972)

    private let sockets: [DatagramSocket]
    private let poller: SocketPoller
    private let cancellation: Cancellation
    private let slab = ReceiveSlab()
    private var entropy = SealiftCrypto.SystemEntropy()

    init(_ sockets: [DatagramSocket], cancellation: Cancellation) throws(SystemError) {
        let waker = try Waker()
        cancellation.whenRequested { waker.wake() }
        self.sockets = sockets
        self.cancellation = cancellation
        poller = SocketPoller(sockets: sockets, waker: waker)
    }

    /// Asks all of `servers` at once, each from the socket of its family.
    mutating func ask(_ servers: [SocketAddress]) throws(SystemError) -> [Answer] {
        let start = MonotonicClock.now()
        var answers: [Answer] = []
        var bindings: [(binding: StunBinding, asked: Instant)] = []
        for server in servers {
            guard let socket = index(for: server), let id = transactionID() else { continue }
            answers.append(Answer(server: server, socket: socket))
            bindings.append(
                (
                    StunBinding(server: TransportAddress(server), transactionID: id, now: start),
                    start
                ))
        }
        let deadline = start + Self.patience
        var now = start
        while now < deadline, !cancellation.isRequested,
            bindings.contains(where: { $0.binding.state == .waiting })
        {
            for index in bindings.indices {
                while let request = bindings[index].binding.pollTransmit(now: now) {
                    bindings[index].asked = now
                    send(request, answers[index])
                }
            }
            let due = bindings.compactMap(\.binding.nextTimeout).min() ?? deadline
            try poller.wait(until: min(due, deadline))
            now = MonotonicClock.now()
            receive { datagram, source, socket in
                for index in bindings.indices
                where answers[index].socket == socket && answers[index].mapped == nil {
                    guard bindings[index].binding.receive(datagram, from: source) else { continue }
                    guard case .mapped(let mapped) = bindings[index].binding.state else { continue }
                    answers[index].mapped = mapped
                    answers[index].roundTrip = now - bindings[index].asked
                }
            }
        }
        return answers
    }

    /// The largest payload that reaches a server that answered, between what is known to pass and
    /// `ceiling`.
    mutating func largestPayload(to answer: Answer, ceiling: Int) throws(SystemError) -> Int? {
        var passes = Self.sizes.least
        guard try isAnswered(passes, answer) else { return nil }
        var fails = min(ceiling, Self.sizes.largest) + 4 & ~3
        // The most that an interface can send is what most paths carry.
        if try isAnswered(fails - 4, answer) { return fails - 4 }
        fails -= 4
        while fails - passes > 4, !cancellation.isRequested {
            let middle = (passes + fails) / 2 & ~3
            if try isAnswered(middle, answer) { passes = middle } else { fails = middle }
        }
        return passes
    }

    /// Whether two datagrams that leave as one train (GSO) both reach a server.
    mutating func carriesTrain(to answer: Answer) throws(SystemError) -> Bool {
        let requests = (0..<2).compactMap { _ in
            transactionID().flatMap { StunSizedRequest(byteCount: 1_200, transactionID: $0) }
        }
        let bytes = requests.flatMap(\.bytes)
        let socket = sockets[answer.socket]
        for _ in 0..<Self.triesPerSize {
            bytes.withUnsafeBytes {
                _ = socket.send(
                    OutgoingBatch(bytes: $0, segmentSize: 1_200, destination: answer.server))
            }
            var waiting = requests
            try listen(to: answer) { datagram in
                waiting.removeAll { $0.isAnswered(by: datagram) }
                return waiting.isEmpty
            }
            if waiting.isEmpty { return socket.isSegmentationOn }
        }
        return false
    }

    // MARK: Parts

    private mutating func isAnswered(
        _ byteCount: Int, _ answer: Answer
    ) throws(SystemError) -> Bool {
        for _ in 0..<Self.triesPerSize {
            guard let id = transactionID(),
                let request = StunSizedRequest(byteCount: byteCount, transactionID: id),
                send(request.bytes, answer) != .messageTooLong
            else { return false }
            var found = false
            try listen(to: answer) { datagram in
                found = found || request.isAnswered(by: datagram)
                return found
            }
            if found { return true }
        }
        return false
    }

    /// Waits for datagrams from a server until `isDone`, or as long as an answer may take.
    private func listen(
        to answer: Answer, isDone: (UnsafeRawBufferPointer) -> Bool
    ) throws(SystemError) {
        let patience = max(Duration.milliseconds(200), (answer.roundTrip ?? .zero) * 3)
        let deadline = MonotonicClock.now() + patience
        var isOver = false
        while !isOver, !cancellation.isRequested, MonotonicClock.now() < deadline {
            try poller.wait(until: deadline)
            receive { datagram, source, socket in
                guard socket == answer.socket, source == TransportAddress(answer.server) else {
                    return
                }
                if isDone(datagram) { isOver = true }
            }
        }
    }

    private func receive(
        _ deliver: (UnsafeRawBufferPointer, TransportAddress, _ socket: Int) -> Void
    ) {
        for (index, socket) in sockets.enumerated() {
            while case .received(let count) = socket.receive(into: slab) {
                for number in 0..<count {
                    let buffer = slab[number]
                    guard let source = buffer.source else { continue }
                    for segment in 0..<buffer.segmentCount {
                        deliver(buffer.segment(segment), TransportAddress(source), index)
                    }
                }
            }
        }
    }

    @discardableResult
    private func send(_ bytes: [UInt8], _ answer: Answer) -> SendOutcome {
        bytes.withUnsafeBytes {
            sockets[answer.socket].send(
                OutgoingBatch(bytes: $0, destination: answer.server)
            ).outcome
        }
    }

    private func index(for server: SocketAddress) -> Int? {
        sockets.firstIndex { $0.localAddress.family == server.family }
    }

    private mutating func transactionID() -> StunTransactionID? {
        StunTransactionID(entropy.bytes(StunTransactionID.byteCount))
    }
}

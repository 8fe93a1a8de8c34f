public import SealiftBase
public import SealiftCrypto

/// A client of the user's own relay (TURN, RFC 8656): gets an address there, keeps it, says which peers
/// may use it, and carries their datagrams.
///
/// Every answer must carry the server's proof that it knows the password, once we showed ours; and
/// nothing that the server says makes us talk to another one.
public struct TurnClient: Sendable {
    /// What carries the messages.
    public enum Carrier: Sendable {
        /// Datagrams, which may be lost.
        case datagrams
        /// A stream (TCP or TLS): nothing is repeated, and data is padded.
        case stream
    }

    /// How it stands.
    public enum State: Equatable, Sendable {
        /// No address yet, or no more and asked for anew.
        case allocating
        /// The relay works.
        case allocated(TurnAllocation)
        /// There is no relay.
        case failed(TurnFailure)
        /// Given back.
        case released
    }

    /// What a message from the server was.
    public enum Received {
        /// None of ours; or a forgery.
        case ignored
        /// About the relay itself.
        case consumed
        /// A peer's datagram, within the bytes given.
        case data(from: TransportAddress, UnsafeRawBufferPointer)
    }

    private enum Purpose: Equatable {
        case allocate, refresh, release
        case bind(peer: TransportAddress, channel: UInt16)

        var requestType: StunMessageType {
            switch self {
            case .allocate: .allocateRequest
            case .refresh, .release: .refreshRequest
            case .bind: .channelBindRequest
            }
        }
    }

    private struct Transaction {
        let id: StunTransactionID
        let purpose: Purpose
        var sent = 0
        var due: Instant
        /// Times that the server asked for other credentials.
        var challenges = 0
    }

    /// The peers that a client lets through at most.
    public static let mostPeers = TurnPeers.limit
    /// RFC 8656 §7.2: what a server grants unless asked otherwise, in seconds.
    static let usualLifetime: UInt32 = 600
    /// What a server may grant; a tiny number must not make us ask all the time.
    private static let lifetimeBounds: ClosedRange<UInt32> = 60...3_600
    /// A nonce may grow stale under our hands, but not each time.
    private static let maximumChallenges = 3
    /// Allocations begun anew after the server lost one.
    private static let maximumRestarts = 3

    /// How it stands.
    public private(set) var state = State.allocating
    private let username: String
    private let password: SecretBytes
    private let carrier: Carrier
    private var identifiers: SeededGenerator
    private var login: TurnLogin?
    private var transactions: [Transaction] = []
    private var peers = TurnPeers()
    private var refreshDue: Instant?
    private var restarts = 0

    /// Begins to ask for an address.
    /// - Parameter seed: random: whoever cannot read our packets cannot answer for the server.
    public init(
        username: String, password: SecretBytes, carrier: Carrier, seed: UInt64, now: Instant
    ) {
        self.username = username
        self.password = password
        self.carrier = carrier
        identifiers = SeededGenerator(seed: seed)
        begin(.allocate, now: now)
    }

    /// Whether a datagram that came from the server may be for this client. Costs a look at two bytes.
    public static func concerns(_ datagram: UnsafeRawBufferPointer) -> Bool {
        ChannelData.mayBegin(datagram) || StunMessage.mayBegin(datagram)
    }

    /// When ``pollTransmit(now:)`` has something to do; nil for never.
    public var nextTimeout: Instant? {
        let standing: [Instant?] = isAllocated ? [refreshDue, peers.next] : []
        return (transactions.map(\.due) + standing.compactMap { $0 }).min()
    }

    private var isAllocated: Bool { if case .allocated = state { true } else { false } }

    // MARK: Output

    /// The next message to the server; nil where there is nothing to say now.
    public mutating func pollTransmit(now: Instant) -> [UInt8]? {
        if isAllocated {
            if let due = refreshDue, due <= now {
                refreshDue = nil
                begin(.refresh, now: now)
            }
            while let peer = peers.takeDue(now: now) {
                begin(.bind(peer: peer.address, channel: peer.channel), now: now)
            }
        }
        while let index = transactions.firstIndex(where: { $0.due <= now }) {
            if let message = fire(index, now: now) { return message }
        }
        return nil
    }

    /// Sends a transaction's request again, or ends it.
    private mutating func fire(_ index: Int, now: Instant) -> [UInt8]? {
        let limit = carrier == .stream ? 1 : StunBinding.requestCount
        guard transactions[index].sent < limit else {
            end(transactions.remove(at: index).purpose, .noAnswer, now: now)
            return nil
        }
        transactions[index].sent += 1
        let sent = transactions[index].sent
        transactions[index].due =
            now
            + (sent == limit
                ? StunBinding.firstInterval * StunBinding.finalIntervals
                : StunBinding.firstInterval * (1 << (sent - 1)))
        return request(transactions[index])
    }

    private mutating func begin(_ purpose: Purpose, challenges: Int = 0, now: Instant) {
        let bytes = (0..<StunTransactionID.byteCount).map { _ in
            UInt8.random(in: 0...255, using: &identifiers)
        }
        guard let id = StunTransactionID(bytes) else { return }
        transactions.append(
            Transaction(id: id, purpose: purpose, due: now, challenges: challenges))
    }

    private func request(_ transaction: Transaction) -> [UInt8] {
        var writer = StunMessageWriter(transaction.purpose.requestType, transaction.id)
        switch transaction.purpose {
        case .allocate:
            // UDP between the server and peers.
            writer.add(.requestedTransport, [17, 0, 0, 0])
        case .refresh:
            writer.add(.lifetime, Self.usualLifetime.bigEndianBytes)
        case .release:
            writer.add(.lifetime, [0, 0, 0, 0])
        case .bind(let peer, let channel):
            writer.add(.channelNumber, [UInt8(channel >> 8), UInt8(channel & 0xFF), 0, 0])
            writer.add(.xorPeerAddress, StunAddress.encode(peer, maskedWith: transaction.id))
        }
        guard let login else { return writer.finishWithFingerprint() }
        login.add(to: &writer)
        return writer.finish(sealedUnder: login.credential)
    }

    // MARK: Input

    /// Takes a message that came from the server.
    public mutating func receive(
        _ message: UnsafeRawBufferPointer, now: Instant
    ) -> Received {
        if let (channel, data) = ChannelData.read(message) {
            guard isAllocated, let peer = peers.address(ofChannel: channel) else { return .ignored }
            return .data(from: peer, data)
        }
        guard let parsed = try? StunMessage(message) else { return .ignored }
        if parsed.type == .dataIndication { return indication(parsed, message, now: now) }
        guard let index = transactions.firstIndex(where: { $0.id == parsed.transactionID }) else {
            return .ignored
        }
        let request = transactions[index].purpose.requestType
        if parsed.type == request.success {
            // Without proof it is somebody else's word (RFC 8489 §9.2.5).
            guard let login, parsed.isAuthentic(under: login.credential) else { return .ignored }
            succeeded(transactions.remove(at: index).purpose, parsed, now: now)
        } else if parsed.type == request.failure {
            failed(index, parsed, now: now)
        } else {
            return .ignored
        }
        return .consumed
    }

    private mutating func indication(
        _ parsed: StunMessage, _ message: UnsafeRawBufferPointer, now: Instant
    ) -> Received {
        guard isAllocated, let peer = parsed.address(of: .xorPeerAddress),
            let data = parsed.attributes.first(where: { $0.type == .data })
        else { return .ignored }
        // A peer behind a NAT may come from another port than was foretold.
        _ = peers.add(peer, now: now)
        return .data(from: peer, UnsafeRawBufferPointer(rebasing: message[data.value]))
    }

    private mutating func succeeded(_ purpose: Purpose, _ answer: StunMessage, now: Instant) {
        switch purpose {
        case .allocate:
            guard let relayed = answer.address(of: .xorRelayedAddress) else {
                return end(.allocate, .refused(0), now: now)
            }
            state = .allocated(TurnAllocation(relayed: relayed, mapped: answer.mappedAddress))
            renew(answer, now: now)
        case .refresh:
            renew(answer, now: now)
        case .release:
            finish(.released)
        case .bind(_, let channel):
            peers.settle(channel: channel, isBound: true, now: now)
        }
    }

    private mutating func renew(_ answer: StunMessage, now: Instant) {
        let granted = answer.number(of: .lifetime) ?? Self.usualLifetime
        let seconds = min(
            max(granted, Self.lifetimeBounds.lowerBound), Self.lifetimeBounds.upperBound)
        refreshDue = now + .seconds(Int64(seconds / 2))
    }

    private mutating func failed(_ index: Int, _ answer: StunMessage, now: Instant) {
        let transaction = transactions[index]
        let code = answer.errorCode ?? 0
        if code == 401 || code == 438, transaction.challenges < Self.maximumChallenges,
            takeChallenge(answer, code: code)
        {
            transactions.remove(at: index)
            begin(transaction.purpose, challenges: transaction.challenges + 1, now: now)
            return
        }
        transactions.remove(at: index)
        end(transaction.purpose, TurnFailure(code: code), now: now)
    }

    /// Takes the challenge of an error; false where it can lead nowhere.
    private mutating func takeChallenge(_ answer: StunMessage, code: Int) -> Bool {
        if code == 438, login != nil { return login?.renew(answer) ?? false }
        // A second 401 says that what we showed is wrong.
        guard login == nil, code == 401 else { return false }
        login = TurnLogin(answer, username: username, password: password)
        return login != nil
    }

    /// A transaction came to nothing.
    private mutating func end(_ purpose: Purpose, _ failure: TurnFailure, now: Instant) {
        switch purpose {
        case .allocate:
            finish(.failed(failure))
        case .refresh:
            // The server was started anew, or forgot us: ask for another address.
            guard failure == .allocationMismatch, restarts < Self.maximumRestarts else {
                return finish(.failed(failure))
            }
            restarts += 1
            state = .allocating
            transactions.removeAll()
            peers.reset(now: now)
            begin(.allocate, now: now)
        case .release:
            finish(.released)
        case .bind(_, let channel):
            peers.settle(channel: channel, isBound: false, now: now)
        }
    }

    private mutating func finish(_ state: State) {
        self.state = state
        transactions.removeAll()
        refreshDue = nil
    }

    // MARK: Peers

    /// Lets a peer's datagrams through; without it the server drops them.
    /// - Returns: false where there are too many.
    @discardableResult
    public mutating func admit(_ peer: TransportAddress, now: Instant) -> Bool {
        peers.add(peer, now: now)
    }

    /// Writes a datagram for `peer` as the server wants it, into `buffer`.
    /// - Returns: its size; 0 where it cannot go: no relay, too large, or too many peers.
    public mutating func wrap(
        _ datagram: UnsafeRawBufferPointer, to peer: TransportAddress,
        into buffer: UnsafeMutableRawBufferPointer, now: Instant
    ) -> Int {
        guard case .allocated(let allocation) = state, peer.family == allocation.relayed.family
        else { return 0 }
        if let known = peers[peer], known.isBound {
            return ChannelData.write(
                datagram, channel: known.channel, isPadded: carrier == .stream, into: buffer)
        }
        guard peers.add(peer, now: now), let id = StunTransactionID(randomID()) else { return 0 }
        // Until the channel stands (RFC 8656 §11).
        var writer = StunMessageWriter(.sendIndication, id)
        writer.add(.xorPeerAddress, StunAddress.encode(peer, maskedWith: id))
        writer.add(.data, Array(datagram))
        let message = writer.finish()
        guard message.count <= buffer.count else { return 0 }
        buffer.copyBytes(from: message)
        return message.count
    }

    private mutating func randomID() -> [UInt8] {
        (0..<StunTransactionID.byteCount).map { _ in UInt8.random(in: 0...255, using: &identifiers)
        }
    }

    /// Asks the server whether it still knows us, as after a change of networks: where it does not answer,
    /// ``state`` says so some 40 s later.
    public mutating func checkLife(now: Instant) {
        guard isAllocated, !transactions.contains(where: { $0.purpose == .refresh }) else { return }
        refreshDue = now
    }

    /// Gives the address back: ``pollTransmit(now:)`` says so to the server.
    public mutating func release(now: Instant) {
        switch state {
        case .allocated:
            transactions.removeAll()
            refreshDue = nil
            begin(.release, now: now)
        case .allocating: finish(.released)
        case .failed, .released: break
        }
    }
}

extension UInt32 {
    fileprivate var bigEndianBytes: [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: self >> $0) }
    }
}

public import SealiftBase
public import SealiftCrypto

/// Learns from STUN servers what addresses our sockets have outside, and keeps the mappings alive.
///
/// The requests leave from the very sockets that carry the transfer: a router makes its mapping for
/// those. It knows no socket: feed it datagrams, send what it gives, call ``handleTimeout(now:)`` when
/// ``nextTimeout`` has come.
public struct AddressGatherer: Sendable {
    /// A socket of ours, as far as this needs to know it.
    public struct Socket: Sendable {
        /// The addresses that the socket has on this machine, with its port; of one family.
        public let local: Set<TransportAddress>
        /// The kind of address it sends to.
        public let family: TransportAddress.Family

        /// Describes a socket.
        public init(family: TransportAddress.Family, local: Set<TransportAddress>) {
            self.family = family
            self.local = local
        }
    }

    /// A request to send.
    public struct Request: Equatable, Sendable {
        /// The number of the socket that it leaves from.
        public let socket: Int
        /// The server.
        public let destination: TransportAddress
        /// The datagram.
        public let bytes: [UInt8]
    }

    /// The most servers that are asked: two tell the kind of NAT, more are spares.
    public static let maximumServers = 8
    /// How often a mapping is refreshed. Routers forget UDP mappings after 30 s at the earliest
    /// (RFC 4787 REQ-5 asks for two minutes, home routers have 30 s).
    static let refreshInterval = (shortest: Duration.seconds(15), spread: Duration.seconds(10))
    /// When a server that did not answer is asked again.
    static let retryInterval = Duration.seconds(60)

    /// A server asked less long ago is not asked again because the network may have changed.
    static let leastInterval = Duration.seconds(3)

    /// After this long without any answer UDP counts as blocked, though requests go on: four were sent.
    static let patience = Duration.seconds(4)

    /// One server, asked from one socket.
    private struct Query: Sendable {
        let socket: Int
        let server: TransportAddress
        var binding: StunBinding?
        /// When the next transaction begins; nil while one runs.
        var due: Instant?
        /// What the server saw last.
        var mapped: TransportAddress?
        /// When it was asked first.
        var begun: Instant?
        /// When it was asked last.
        var asked: Instant?
        /// Whether the first transaction is over.
        var isAnswered = false

        /// Whether an answer to the first requests would be here.
        func isOverdue(_ now: Instant) -> Bool {
            isAnswered || begun.map { now - $0 >= AddressGatherer.patience } == true
        }
    }

    private let sockets: [Socket]
    private var entropy: any EntropySource
    private var queries: [Query] = []
    /// Grows with each change of what is known.
    public private(set) var revision = 0
    /// When ``pollTransmit(now:)`` has something to do next; nil for never.
    public private(set) var nextTimeout: Instant?

    /// Makes a gatherer that asks nobody yet.
    /// - Parameter entropy: for transactions: whoever cannot read our packets cannot answer.
    public init(sockets: [Socket], entropy: some EntropySource) {
        self.sockets = sockets
        self.entropy = entropy
    }

    // MARK: Getters

    /// Whether every server was asked and has answered, or will not.
    public var isSettled: Bool { queries.allSatisfy(\.isAnswered) }

    /// Whether anybody was asked.
    public var hasServers: Bool { !queries.isEmpty }

    /// The outside addresses of a socket, each once, without those that it has on this machine.
    public func reflexive(socket: Int) -> [TransportAddress] {
        var found: [TransportAddress] = []
        for case let mapped? in queries.filter({ $0.socket == socket }).map(\.mapped)
        where !sockets[socket].local.contains(mapped) && !found.contains(mapped) {
            found.append(mapped)
        }
        return found
    }

    /// What lies between a socket and the internet; nil where no server was asked from it, or none has
    /// answered yet and some may.
    public func kind(socket: Int, now: Instant) -> NATKind? {
        let asked = queries.filter { $0.socket == socket }
        let seen = asked.compactMap { query in
            query.mapped.map { (server: query.server, mapped: $0) }
        }
        guard !asked.isEmpty, !seen.isEmpty || asked.allSatisfy({ $0.isOverdue(now) }) else {
            return nil
        }
        return NATKind.classify(local: sockets[socket].local, seen: seen)
    }

    /// What lies between this machine and the internet: of the IPv4 socket where that is known, because
    /// that is where translators stand.
    public func kind(now: Instant) -> NATKind? {
        let known = sockets.indices.compactMap { index in
            kind(socket: index, now: now).map { (family: sockets[index].family, kind: $0) }
        }
        return
            (known.first { $0.family == .ipv4 && $0.kind != .blocked }
            ?? known.first { $0.kind != .blocked } ?? known.first)?.kind
    }

    // MARK: Inputs

    /// Asks `server` from every socket of its family, from now on. One that is asked already, or is one
    /// too many, changes nothing.
    public mutating func ask(_ server: TransportAddress, now: Instant) {
        guard !queries.contains(where: { $0.server == server }),
            Set(queries.map(\.server)).count < Self.maximumServers
        else { return }
        for (index, socket) in sockets.enumerated() where socket.family == server.family {
            queries.append(Query(socket: index, server: server, due: now))
        }
        schedule()
    }

    /// Asks everybody again, other than those asked just now: the network may have changed. Until they have
    /// answered, what they said counts, and ``isSettled`` is false.
    public mutating func refresh(now: Instant) {
        for index in queries.indices where queries[index].due != nil {
            guard let asked = queries[index].asked, now - asked >= Self.leastInterval else {
                continue
            }
            queries[index].due = now
            queries[index].isAnswered = false
        }
        schedule()
    }

    /// Takes a datagram that came to a socket.
    /// - Returns: whether it was an answer to one of our requests; anything else changes nothing.
    public mutating func receive(
        _ datagram: UnsafeRawBufferPointer, socket: Int, from source: TransportAddress,
        now: Instant
    ) -> Bool {
        guard StunMessage.mayBegin(datagram) else { return false }
        for index in queries.indices
        where queries[index].socket == socket && queries[index].server == source {
            guard queries[index].binding?.receive(datagram, from: source) == true else { continue }
            settle(index, now: now)
            schedule()
            return true
        }
        return false
    }

    /// The next request to send; nil where none is due. Call when ``nextTimeout`` has come, until nil.
    public mutating func pollTransmit(now: Instant) -> Request? {
        guard let due = nextTimeout, due <= now else { return nil }
        defer { schedule() }
        for index in queries.indices {
            if let due = queries[index].due, due <= now { begin(index, now: now) }
            if let bytes = queries[index].binding?.pollTransmit(now: now) {
                return Request(
                    socket: queries[index].socket, destination: queries[index].server, bytes: bytes)
            }
            settle(index, now: now)
        }
        return nil
    }

    // MARK: Transactions

    private mutating func begin(_ index: Int, now: Instant) {
        queries[index].due = nil
        queries[index].begun = queries[index].begun ?? now
        queries[index].asked = now
        guard let id = StunTransactionID(entropy.bytes(StunTransactionID.byteCount)) else { return }
        queries[index].binding = StunBinding(
            server: queries[index].server, transactionID: id, now: now)
    }

    /// Notes the end of a transaction, where it has ended.
    private mutating func settle(_ index: Int, now: Instant) {
        guard let state = queries[index].binding?.state, state != .waiting else { return }
        queries[index].binding = nil
        var mapped: TransportAddress?
        if case .mapped(let address) = state { mapped = address }
        if !queries[index].isAnswered || mapped != queries[index].mapped { revision += 1 }
        queries[index].isAnswered = true
        queries[index].mapped = mapped
        queries[index].due =
            now + (mapped == nil ? Self.retryInterval : nextRefresh())
    }

    /// Spread out, so that the requests of several sockets and machines do not come in step.
    private mutating func nextRefresh() -> Duration {
        let (shortest, spread) = Self.refreshInterval
        return shortest + spread * Int(entropy.bytes(1).first ?? 0) / 256
    }

    private mutating func schedule() {
        nextTimeout = queries.compactMap { $0.due ?? $0.binding?.nextTimeout }.min()
    }
}

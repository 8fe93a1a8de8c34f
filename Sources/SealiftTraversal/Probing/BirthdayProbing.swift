import SealiftBase
import SealiftCrypto

/// Finding a way through a hard NAT by the birthday paradox: the end behind it sends from 256 sockets to
/// its peer's address, so that 256 of its outside ports let that peer in; the peer tries ports at random
/// until it meets one.
struct BirthdayProbing {
    /// What an end does in it.
    enum Part: Equatable {
        /// Behind a hard NAT: opens many ways in.
        case opens
        /// Reached at one address by everybody: tries ports.
        case guesses
    }

    /// The part of an end of kind `local` whose peer is of kind `peer`; nil where there is nothing to gain:
    /// neither end is behind a hard NAT, or both are and nobody could name an address.
    static func part(local: NATKind, peer: NATKind) -> Part? {
        func isReachedAtOneAddress(_ kind: NATKind) -> Bool {
            kind == .none || kind == .endpointIndependent
        }
        switch (local, peer) {
        // Not known means: as the peer's kind makes it worth to be.
        case (.endpointDependent, let other) where isReachedAtOneAddress(other): return .opens
        case (.endpointDependent, .unclassified): return .opens
        case (.unclassified, .endpointIndependent), (.unclassified, .none): return .opens
        case (let own, .endpointDependent) where isReachedAtOneAddress(own): return .guesses
        case (.unclassified, .endpointDependent): return .guesses
        case (.endpointIndependent, .unclassified), (.none, .unclassified): return .guesses
        default: return nil
        }
    }

    /// Ports of peers: from 1,024 up.
    private static let portCount = 65_536 - UInt64(CandidateList.lowestPeerPort)

    let part: Part
    /// The one address that is probed. A peer's later lists do not change it.
    let target: TransportAddress
    /// Sockets to probe from: one that guesses, many that open.
    private(set) var sockets: [Int]
    private var next = 0
    /// When the present round begins, or began.
    private var roundStart: Instant
    // A walk over all ports in steps without a common divisor: none twice before all were tried.
    private var port: UInt64
    private let step: UInt64

    /// Begins at `now`.
    /// - Parameter socket: the one that the peer knows our address of; unused by the end that opens.
    init(
        _ part: Part, target: TransportAddress, socket: Int, entropy: inout some EntropySource,
        now: Instant
    ) {
        self.part = part
        self.target = target
        sockets = part == .guesses ? [socket] : []
        roundStart = now
        let words = entropy.bytes(8)
        port = words[..<4].reduce(0) { $0 << 8 | UInt64($1) } % Self.portCount
        var step = words[4...].reduce(0) { $0 << 8 | UInt64($1) } % Self.portCount
        while !Self.isCoprime(step, Self.portCount) { step += 1 }
        self.step = step
    }

    /// More sockets to open ways in from; up to 256.
    mutating func add(_ sockets: [ProbeSocket]) {
        guard part == .opens else { return }
        let usable = sockets.filter { $0.family == target.family }
        self.sockets.append(
            contentsOf: usable.map(\.index)
                .prefix(ProbeLimits.birthdaySockets - self.sockets.count))
    }

    /// When the next probe may go; nil while there is no socket.
    var nextDue: Instant? { sockets.isEmpty ? nil : roundStart }

    /// The next probe.
    mutating func takeDue(now: Instant) -> (socket: Int, address: TransportAddress)? {
        guard let due = nextDue, due <= now else { return nil }
        guard part == .opens else {
            port = (port + step) % Self.portCount
            return (sockets[0], target.withPort(CandidateList.lowestPeerPort + UInt16(port)))
        }
        let socket = sockets[next]
        next += 1
        if next == sockets.count {
            next = 0
            roundStart = max(now, roundStart + ProbeLimits.birthdayReopening)
        }
        return (socket, target)
    }

    private static func isCoprime(_ one: UInt64, _ other: UInt64) -> Bool {
        var (one, other) = (one, other)
        while other != 0 { (one, other) = (other, one % other) }
        return one == 1
    }
}

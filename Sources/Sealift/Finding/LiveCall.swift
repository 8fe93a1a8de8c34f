import SealiftBase
import SealiftCrypto
import SealiftTransport
import SealiftTraversal

/// A call that both ends know of: its probing, and what we said about ourselves in it.
struct LiveCall {
    /// Whose secret it is under.
    let line: Int
    /// What we told the peer last.
    var local: Call
    /// What the peer told us last.
    var peer: Call
    var agent: ProbeAgent
    /// Sockets opened for it that are part of no proven path.
    var spareSockets: Set<Int> = []
    /// Paths that its probing proved.
    private(set) var proven: Set<PathID> = []
    /// Whether our relay takes part.
    private(set) var isRelayed = false
    /// When it began.
    private let start: Instant
    /// When it is over (``CallLedger/lifetime``).
    let end: Instant

    init(
        line: Int, _ psk: PreSharedKey, role: CallRole, local: Call, peer: Call,
        sockets: [ProbeSocket], policy: AddressPolicy, now: Instant
    ) {
        self.line = line
        self.local = local
        self.peer = peer
        start = now
        end = now + CallLedger.lifetime
        agent = ProbeAgent(
            psk: psk, role: role, local: local, peer: peer, sockets: sockets, policy: policy,
            entropy: SealiftCrypto.SystemEntropy(), now: now)
    }

    /// The peer said something newer.
    mutating func update(peer newer: Call, now: Instant) {
        guard newer.revision > peer.revision else { return }
        peer = newer
        agent.update(peer: newer, now: now)
    }

    /// What we say about ourselves has changed.
    mutating func revise(nat: NATKind, candidates: CandidateList) {
        guard local.revision < .max, local.nat != nat || local.candidates != candidates else {
            return
        }
        local = Call(
            id: local.id, revision: local.revision + 1, nat: nat, flags: local.flags,
            candidates: candidates)
    }

    /// Probing proved a path.
    mutating func note(_ path: PathID) {
        proven.insert(path)
        spareSockets.remove(path.socket)
    }

    /// Whether a session on `path` is what the call was for.
    func ledTo(_ path: PathID) -> Bool {
        let address = TransportAddress(path.address)
        return proven.contains(path)
            || peer.candidates.candidates.contains { $0.address == address }
    }

    /// When our relay joins; nil once it has, where a way was found without, and where a session stands.
    var relayDue: Instant? {
        isRelayed || agent.bestPath != nil || local.flags.contains(.directOnly)
            || peer.flags.contains(.directOnly)
            ? nil : start + OwnRelay.patience(own: local, peer: peer)
    }

    /// Lets our relay take part.
    mutating func join(_ relay: OwnRelay, now: Instant) {
        guard let address = relay.address else { return }
        isRelayed = true
        relay.admit(peer.candidates)
        agent.add(
            ProbeSocket(index: PathID.relaySocket, family: address.family, isRelayed: true),
            now: now)
    }
}

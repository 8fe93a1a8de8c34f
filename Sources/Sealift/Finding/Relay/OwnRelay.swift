import DequeModule
import SealiftBase
import SealiftIO
import SealiftTraversal

/// The user's own relay as finding uses it: asked for an address early, named to a peer late, when nothing
/// direct was found in time. So the relay sees nothing of a transfer that can do without it.
struct OwnRelay {
    /// How it stands.
    enum Standing: Equatable {
        /// Not asked, or no answer yet.
        case asking
        case ready
        /// Why not, as a clause.
        case away(String)
    }

    private let access: RelayAccess
    private let policy: NetworkPolicy
    /// The way there; nil before it is wanted.
    private(set) var link: RelayLink?
    /// Where peers reach us through it; nil for nowhere now.
    private(set) var address: TransportAddress?
    private(set) var standing = Standing.asking
    /// Grows with each change of ``address``.
    private(set) var revision = 0
    private var troubles: Deque<String> = []

    init(_ access: RelayAccess, policy: NetworkPolicy) {
        self.access = access
        self.policy = policy
    }

    /// How long direct ways are tried before the relay joins: not at all where an end knows that UDP is
    /// blocked, shortly where little is to be hoped for beyond a network that both are in, longer where
    /// birthday probing has a chance.
    static func patience(own: Call, peer: Call) -> Duration {
        let ends = [own, peer]
        if ends.contains(where: { $0.nat == .blocked }) { return .zero }
        let hardEnds = ends.count { $0.nat == .endpointDependent }
        if hardEnds == 2 || ends.contains(where: { !$0.hasOutsideAddress }) { return .seconds(1) }
        return hardEnds == 1 ? .seconds(8) : .seconds(3)
    }

    /// Begins to ask for an address, once.
    mutating func open(_ notify: @escaping @Sendable () -> Void) throws(SystemError) {
        guard link == nil else { return }
        link = try RelayLink(access, policy: policy, notify: notify)
    }

    /// Takes note of what became of it.
    mutating func takeEvents() {
        while let event = link?.takeEvent() {
            switch event {
            case .ready(let found): ready(found)
            case .failed(let words):
                standing = .away(words)
                set(nil)
                troubles.append(words)
            }
        }
    }

    private mutating func ready(_ found: TransportAddress) {
        guard CandidateList.isUsable(Candidate(.relayed, found), policy: policy.addresses) else {
            let place = EndpointAddress(SocketAddress(found))
            standing = .away(
                "the relay \(access.server.host) gives an address that no peer may use (\(place))")
            if case .away(let words) = standing { troubles.append(words) }
            return set(nil)
        }
        standing = .ready
        set(found)
    }

    private mutating func set(_ found: TransportAddress?) {
        if found != address { revision += 1 }
        address = found
    }

    /// Takes the next trouble, in words for the user; nil where there is none.
    mutating func takeTrouble() -> String? { troubles.popFirst() }

    /// Lets a peer's datagrams through, from wherever on the internet it may be.
    func admit(_ candidates: CandidateList) {
        for candidate in candidates.candidates
        where candidate.address.family == address?.family && !candidate.address.isPrivate {
            link?.admit(candidate.address)
        }
    }

    /// Gives the address back.
    func finish() { link?.finish() }
}

extension Call {
    /// Whether any of its addresses means something outside the network of who made it.
    fileprivate var hasOutsideAddress: Bool {
        candidates.candidates.contains { !$0.address.isPrivate }
    }
}

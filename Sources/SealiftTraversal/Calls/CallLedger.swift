internal import DequeModule
public import SealiftBase

/// Which calls of one ticket, code or pair are taken (`docs/PROTOCOL.md` §10.8): two at a time, half a minute
/// each, and none again, however often a server hands out its box.
public struct CallLedger: Sendable {
    /// Who may call.
    public enum Callers: Sendable {
        /// Everybody who holds a ticket or typed a code: who comes first is served first.
        case several
        /// The one device that shares a key with this one. What it called before it calls again is given up by
        /// it: a waiting end that was begun anew is handed the boxes of two minutes, and the call that is
        /// waited for is the last of them.
        case oneDevice
    }

    /// What becomes of a call.
    public enum Verdict: Equatable, Sendable {
        /// It is new: answer it, and probe.
        case begin
        /// It is new, and takes the place of this call, which is over: answer it, and probe.
        case replace(CallID)
        /// It is live and says something newer: tell its ``ProbeAgent``.
        case revise
        /// Known, over, or older than what is known: as if it had not come.
        case ignore
        /// Two others are live: it may come again.
        case busy
    }

    /// How many calls are live at once.
    public static let liveCount = 2
    /// How long a call is live, from its first box.
    public static let lifetime = Duration.seconds(30)
    /// Ids remembered of calls that are over. At two in half a minute this many take more than four
    /// hours, and a box opens for three at most (§10.2). One device that calls without a pause takes half an hour,
    /// and has no more than two calls live.
    static let rememberedCount = 1_024

    private struct LiveCall {
        let id: CallID
        var revision: UInt16
        let end: Instant
    }

    private let callers: Callers
    /// In the order in which they began.
    private var live: [LiveCall] = []
    /// Over by their time, and not yet told.
    private var expired: [CallID] = []
    private var over: Set<CallID> = []
    private var overInOrder: Deque<CallID> = []

    /// Makes a ledger with no calls.
    public init(_ callers: Callers = .several) {
        self.callers = callers
    }

    /// Judges a call that a box was opened to.
    public mutating func admit(_ call: Call, now: Instant) -> Verdict {
        expire(now: now)
        if let place = live.firstIndex(where: { $0.id == call.id }) {
            guard call.revision > live[place].revision else { return .ignore }
            live[place].revision = call.revision
            return .revise
        }
        guard !over.contains(call.id) else { return .ignore }
        var former: CallID?
        if live.count == Self.liveCount {
            guard callers == .oneDevice else { return .busy }
            former = live[0].id
            end(live[0].id)
        }
        live.append(LiveCall(id: call.id, revision: call.revision, end: now + Self.lifetime))
        return former.map { .replace($0) } ?? .begin
    }

    /// When ``takeExpired(now:)`` has something to say; nil while no call is live.
    public var nextTimeout: Instant? { expired.isEmpty ? live.map(\.end).min() : .zero }

    /// The calls whose time is over, each once: their agents may go.
    public mutating func takeExpired(now: Instant) -> [CallID] {
        expire(now: now)
        defer { expired = [] }
        return expired
    }

    private mutating func expire(now: Instant) {
        let ids = live.filter { $0.end <= now }.map(\.id)
        for id in ids { end(id) }
        expired += ids
    }

    /// Ends a call before its time: it led to a session, or to nothing.
    public mutating func end(_ id: CallID) {
        guard let place = live.firstIndex(where: { $0.id == id }) else { return }
        live.remove(at: place)
        over.insert(id)
        overInOrder.append(id)
        if overInOrder.count > Self.rememberedCount, let oldest = overInOrder.popFirst() {
            over.remove(oldest)
        }
    }
}

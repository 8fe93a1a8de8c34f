/// Where refusals went, counted for each address, for an operator who asked to know: else nothing of it
/// is kept. Bounded, and emptied each time it is read.
struct RefusalSources: Sendable {
    /// Addresses counted at a time; refusals to more are counted together.
    static let limit = 64

    private var counts: [TransportAddress: Int] = [:]
    private var others = 0

    /// Counts a refusal.
    mutating func note(_ address: TransportAddress) {
        guard counts[address] != nil || counts.count < Self.limit else {
            others += 1
            return
        }
        counts[address, default: 0] += 1
    }

    /// Takes what was counted, the most refused first, and begins anew.
    mutating func take() -> [RefusedSource] {
        defer { self = RefusalSources() }
        let named = counts.map { RefusedSource(address: $0.key, count: $0.value) }
            .sorted { ($0.count, $0.order) > ($1.count, $1.order) }
        return named + (others > 0 ? [RefusedSource(address: nil, count: others)] : [])
    }
}

/// How often an address was refused something.
public struct RefusedSource: Equatable, Sendable {
    /// The IPv4 address, or the first of the /64 that is counted together, port 0; nil for all that found
    /// no room in the list.
    public let address: TransportAddress?
    /// Refusals.
    public let count: Int

    fileprivate var order: UInt64 { address.map { $0.high ^ $0.low } ?? 0 }
}

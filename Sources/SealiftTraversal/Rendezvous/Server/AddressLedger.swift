import SealiftBase

/// Whose use of the server is counted together: an IPv4 address, or the /64 that one IPv6 household has.
struct SourceKey: Hashable, Sendable {
    private let family: TransportAddress.Family
    private let prefix: UInt64

    init(_ address: TransportAddress) {
        family = address.family
        prefix = address.family == .ipv4 ? address.low : address.high
    }

    /// The address, or the first of the network, with port 0.
    var address: TransportAddress { TransportAddress(family, prefix: prefix) }
}

/// What each address has used of late, in bounded memory.
struct AddressLedger: Sendable {
    /// What is rationed.
    enum Use: Sendable {
        case connecting, putting, coding
    }

    private struct Entry: Sendable {
        var connecting: TokenBucket
        var putting: TokenBucket
        var coding: TokenBucket
        var clients = 0
    }

    private let limits: RendezvousLimits
    private var entries: [SourceKey: Entry] = [:]

    init(limits: RendezvousLimits) {
        self.limits = limits
    }

    /// How many addresses are remembered.
    var count: Int { entries.count }

    /// Counts a client in; false where its address has too many, comes too often, or nobody new can be
    /// remembered.
    mutating func admit(_ source: SourceKey, now: Instant) -> Bool {
        if entries[source] == nil {
            guard entries.count < limits.addresses else { return false }
            entries[source] = Entry(
                connecting: TokenBucket(limits.connecting, now: now),
                putting: TokenBucket(limits.putting, now: now),
                coding: TokenBucket(limits.coding, now: now))
        }
        guard let entry = entries[source], entry.clients < limits.clientsPerAddress,
            take(.connecting, source, now: now)
        else { return false }
        entries[source]?.clients += 1
        return true
    }

    /// Counts a client out.
    mutating func release(_ source: SourceKey) {
        entries[source]?.clients -= 1
    }

    /// Takes one use; false where there is none left now.
    mutating func take(_ use: Use, _ source: SourceKey, now: Instant) -> Bool {
        switch use {
        case .connecting:
            entries[source]?.connecting.take(limits.connecting, now: now) ?? false
        case .putting: entries[source]?.putting.take(limits.putting, now: now) ?? false
        case .coding: entries[source]?.coding.take(limits.coding, now: now) ?? false
        }
    }

    /// Forgets addresses that have no client and whose buckets are full again. Looks at every address:
    /// to be called on a timer, never for a client.
    mutating func forgetIdle(now: Instant) {
        for (source, entry) in entries where entry.clients <= 0 {
            var entry = entry
            if entry.connecting.isFull(limits.connecting, now: now),
                entry.putting.isFull(limits.putting, now: now),
                entry.coding.isFull(limits.coding, now: now)
            {
                entries[source] = nil
            }
        }
    }
}

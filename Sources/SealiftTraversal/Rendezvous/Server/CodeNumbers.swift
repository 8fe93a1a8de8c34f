import SealiftBase

/// The numbers of codes that are open at a server: each joins the client that opened it with the first,
/// and only, client that claims it.
struct CodeNumbers: Sendable {
    typealias Client = RendezvousCore.ClientNumber

    private struct Number: Sendable {
        let opener: Client
        /// For the claimant; gone with the claim.
        var box: RendezvousBox?
        var claimant: Client?
        /// Boxes passed by opener and claimant.
        var passes = (0, 0)
        var deadline: Instant
    }

    private let limits: RendezvousLimits
    private var numbers: [UInt32: Number] = [:]

    init(limits: RendezvousLimits) {
        self.limits = limits
    }

    /// Numbers open.
    var count: Int { numbers.count }

    /// The earliest deadline.
    var nextTimeout: Instant? { numbers.values.map(\.deadline).min() }

    /// Opens a number; false where it is in use.
    mutating func open(
        _ number: UInt32, by client: Client, box: RendezvousBox, now: Instant
    ) -> Bool {
        guard numbers[number] == nil else { return false }
        numbers[number] = Number(
            opener: client, box: box, deadline: now + limits.numberLifetime)
        return true
    }

    /// Gives the box behind a number to the first who asks; nil where there is none, or no more.
    mutating func claim(
        _ number: UInt32, by client: Client, now: Instant
    ) -> RendezvousBox? {
        guard var entry = numbers[number], entry.claimant == nil, entry.opener != client,
            let box = entry.box
        else { return nil }
        entry.claimant = client
        entry.box = nil
        entry.deadline = now + limits.exchange
        numbers[number] = entry
        return box
    }

    /// The end that a box from `client` goes to; nil where `client` is no end, or has passed enough.
    mutating func pass(_ number: UInt32, by client: Client) -> Client? {
        guard let entry = numbers[number], let claimant = entry.claimant else { return nil }
        if client == entry.opener, entry.passes.0 < limits.passesPerEnd {
            numbers[number]?.passes.0 += 1
            return claimant
        }
        if client == claimant, entry.passes.1 < limits.passesPerEnd {
            numbers[number]?.passes.1 += 1
            return entry.opener
        }
        return nil
    }

    /// Ends a number at the wish of one of its ends.
    /// - Returns: whether `client` was one, and the other one.
    mutating func close(_ number: UInt32, by client: Client) -> (isOpen: Bool, other: Client?) {
        guard let entry = numbers[number],
            client == entry.opener || client == entry.claimant
        else { return (false, nil) }
        numbers[number] = nil
        return (true, client == entry.opener ? entry.claimant : entry.opener)
    }

    /// Ends the numbers whose time is over.
    /// - Returns: each with its ends.
    mutating func expire(now: Instant) -> [(number: UInt32, ends: [Client])] {
        let due = numbers.filter { $0.value.deadline <= now }
        for number in due.keys { numbers[number] = nil }
        return due.map { ($0.key, [$0.value.opener] + ($0.value.claimant.map { [$0] } ?? [])) }
    }
}

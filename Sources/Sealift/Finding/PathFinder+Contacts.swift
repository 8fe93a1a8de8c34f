import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftTransfer
import SealiftTraversal

// Calls of contacts' devices, which change while they are waited for.
extension PathFinder {
    /// Lines that share connections, one to each server.
    struct ContactDesks {
        /// Their numbers, at most as many as one list of names can hold.
        var lines: [Int] = []
        var desks: [CallDesk] = []
    }

    /// The most connections to servers while contacts are waited for.
    private static let mostContactDesks = 32

    /// Waits for calls of these devices of contacts and no others. They are shared out among several
    /// connections to each server, as many as one list of names can hold; those whose lines stay as they are
    /// stay open.
    ///
    /// What is known of a secret's calls stays known: a server hands its boxes of the last two minutes out
    /// anew, and calls that are over would take the places of new ones. The mailboxes of a secret move on from
    /// day to day, and those of days that are over are not kept.
    func awaitCalls(of pairs: [ContactPair]) throws(SystemError) {
        guard !servers.isEmpty else { return }
        let most = Self.mostContactDesks / servers.count * CallDesk.mostContactLines
        var moved: Set<Int> = []
        let wanted = pairs.prefix(most).map { pair in
            var line =
                lines.first { $0.psk.secret.constantTimeEquals(pair.secret.secret) }
                ?? newLine(pair.secret, pair.mailboxes, of: .oneDevice)
            if line.firstMailboxDay != pair.firstMailboxDay { moved.insert(line.number) }
            line.mailboxes = pair.mailboxes
            line.firstMailboxDay = pair.firstMailboxDay
            return line
        }
        let groups = Self.shareOut(
            wanted.map(\.number), among: contactDesks.map(\.lines),
            atMost: CallDesk.mostContactLines)
        defer { desks = contactDesks.flatMap(\.desks) }
        for (place, group) in groups.enumerated() {
            if place == contactDesks.count { contactDesks.append(ContactDesks()) }
            if contactDesks[place].lines == group, moved.isDisjoint(with: group) { continue }
            for desk in contactDesks[place].desks { desk.finish() }
            contactDesks[place] = ContactDesks()
            try openDesks(
                at: place,
                for: group.compactMap { number in
                    wanted.first { $0.number == number }
                })
        }
        contactDesks.removeAll(where: \.lines.isEmpty)
        lines = wanted
        if !lines.isEmpty { try openRelay() }
    }

    private func openDesks(at place: Int, for group: [Line]) throws(SystemError) {
        guard let first = group.first else { return }
        for server in servers {
            let desk = try CallDesk(
                server, role: role, device: device, dummiesBeside: first.mailboxes,
                policy: policy, waker: waker, capacity: CallDesk.mostContactLines)
            contactDesks[place].desks.append(desk)
            for line in group {
                desk.open(line: line.number, line.mailboxes)
                // What the connection before may not have delivered.
                for call in calls where call.line == line.number {
                    desk.put(call.local, line: line.number)
                }
            }
        }
        contactDesks[place].lines = group.map(\.number)
    }

    /// Shares `lines` out: each stays in the group that it is in, new ones fill the groups that are there and
    /// then further ones. A change so touches few groups, and there are never more than are needed or were.
    static func shareOut(
        _ lines: [Int], among former: [[Int]], atMost capacity: Int
    ) -> [[Int]] {
        let wanted = Set(lines)
        let known = Set(former.joined())
        var groups = former.map { $0.filter(wanted.contains) }
        var rest = lines.filter { !known.contains($0) }[...]
        for place in groups.indices {
            let room = capacity - groups[place].count
            groups[place] += rest.prefix(room)
            rest = rest.dropFirst(room)
        }
        while !rest.isEmpty {
            groups.append(Array(rest.prefix(capacity)))
            rest = rest.dropFirst(capacity)
        }
        return groups
    }
}

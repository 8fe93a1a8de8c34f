import DequeModule
import SealiftBase

/// The boxes that a server holds for a while, and who waits for more.
struct Mailboxes: Sendable {
    private struct Mailbox: Sendable {
        var boxes: [RendezvousBox] = []
        var subscribers: Set<RendezvousCore.ClientNumber> = []

        var isEmpty: Bool { boxes.isEmpty && subscribers.isEmpty }
    }

    private let limits: RendezvousLimits
    private var mailboxes: [MailboxID: Mailbox] = [:]
    /// When the oldest box of a mailbox goes, in order: all live equally long.
    private var expiries: Deque<(due: Instant, mailbox: MailboxID)> = []

    init(limits: RendezvousLimits) {
        self.limits = limits
    }

    /// Boxes held.
    var boxCount: Int { expiries.count }

    /// When the next box goes.
    var nextTimeout: Instant? { expiries.first?.due }

    /// Keeps a box; nil where the server is full: a flood must not push out what others put into their
    /// mailboxes. In a full mailbox the oldest box makes room: who waited has it long since, and who comes
    /// to wait wants the newest call.
    /// - Returns: who waits for it, besides `sender`.
    mutating func put(
        _ box: RendezvousBox, into id: MailboxID, by sender: RendezvousCore.ClientNumber,
        now: Instant
    ) -> [RendezvousCore.ClientNumber]? {
        if mailboxes[id]?.boxes.count ?? 0 >= limits.boxesPerMailbox { dropOldest(of: id) }
        guard expiries.count < limits.boxes else { return nil }
        mailboxes[id, default: Mailbox()].boxes.append(box)
        expiries.append((now + limits.boxLifetime, id))
        return mailboxes[id]?.subscribers.filter { $0 != sender }.sorted()
    }

    private mutating func dropOldest(of id: MailboxID) {
        guard let place = expiries.firstIndex(where: { $0.mailbox == id }) else { return }
        expiries.remove(at: place)
        removeOldestBox(of: id)
    }

    /// Removes the box that came first, and the mailbox where nothing is left of it. The caller took one
    /// of the mailbox's entries out of ``expiries``: boxes come and go in one order.
    private mutating func removeOldestBox(of id: MailboxID) {
        guard mailboxes[id]?.boxes.isEmpty == false else { return }
        mailboxes[id]?.boxes.removeFirst()
        if mailboxes[id]?.isEmpty == true { mailboxes[id] = nil }
    }

    /// Adds a subscriber; nil where too many wait there.
    /// - Returns: the boxes that lie there.
    mutating func subscribe(
        _ client: RendezvousCore.ClientNumber, to id: MailboxID
    ) -> [RendezvousBox]? {
        let waiting = mailboxes[id]?.subscribers ?? []
        guard waiting.contains(client) || waiting.count < limits.subscribersPerMailbox else {
            return nil
        }
        mailboxes[id, default: Mailbox()].subscribers.insert(client)
        return mailboxes[id]?.boxes
    }

    /// Removes a subscriber.
    mutating func unsubscribe(_ client: RendezvousCore.ClientNumber, from id: MailboxID) {
        mailboxes[id]?.subscribers.remove(client)
        if mailboxes[id]?.isEmpty == true { mailboxes[id] = nil }
    }

    /// Drops the boxes whose time is over.
    /// - Returns: how many.
    mutating func expire(now: Instant) -> Int {
        var count = 0
        while let (due, id) = expiries.first, due <= now {
            expiries.removeFirst()
            count += 1
            removeOldestBox(of: id)
        }
        return count
    }
}

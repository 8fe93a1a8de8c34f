import DequeModule
import SealiftBase
import SealiftContent
import SealiftIO
import SealiftTransfer

/// One dial of a receiver and the session that comes of it, with the disk thread that serves it.
///
/// A run has one, and a second one beside it while a sender that fell silent is dialed again.
final class ReceiveAttempt {
    /// The protocol machine.
    var endpoint: ReceiverEndpoint
    /// Who answered; nil while nobody has.
    var connection: PeerConnection?
    /// What is offered, checked over the whole listing; nil before.
    var summary: ListingSummary?
    /// Whether the user said yes and nothing stands in the way.
    var isAccepted = false
    /// What the session counted, also when it is gone.
    private(set) var tally = ReceiverSession.Tally()
    /// Where the listing is kept and what writes; both from the first contact on.
    private var storage: (spool: ListingSpool, disk: ReceiverDisk)?
    private var backlog: Deque<ReceiverCommand> = []

    init(_ endpoint: ReceiverEndpoint) {
        self.endpoint = endpoint
    }

    /// The listing on disk.
    /// - Precondition: somebody answered.
    var spool: ListingSpool? { storage?.spool }

    /// The listing that the sender offers; nil before it did.
    var listing: ContentID? { endpoint.offer?.listing }

    /// Gives the session its storage.
    func open(spool: ListingSpool, disk: ReceiverDisk) {
        storage = (spool, disk)
    }

    /// Hands the endpoint what the disk thread found and what is due.
    func advance(now: Instant) {
        while let output = storage?.disk.takeOutput() { endpoint.receive(output, now: now) }
        if let due = endpoint.nextTimeout, due <= now { endpoint.handleTimeout(now: now) }
        if let counted = endpoint.tally { tally = counted }
    }

    /// Puts work in line for the disk thread.
    func enqueue(_ command: ReceiverCommand) {
        backlog.append(command)
    }

    /// Gives the disk thread what it has room for.
    func giveWork() {
        guard let disk = storage?.disk else { return }
        while let command = backlog.first, disk.tryPush(command) { backlog.removeFirst() }
    }

    /// When the loop is to look at this attempt again, at the latest.
    func deadline(now: Instant) -> Instant {
        // A full command queue is looked at again soon; it empties at the disk's pace.
        backlog.isEmpty ? endpoint.nextTimeout ?? .distantFuture : now + .milliseconds(1)
    }

    /// Lets the disk thread do what it was given, keep what is proven, and end, without waiting.
    func retire() {
        storage?.disk.retire()
    }
}

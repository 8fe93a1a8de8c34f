internal import DequeModule
public import SealiftBase
public import SealiftContent
public import SealiftPeople
public import SealiftTransport

/// The sender's side of one transfer (`docs/PROTOCOL.md` §7), from the first message to the end.
///
/// A value without I/O: messages, objects and decisions go in, ``Action``s come out. Reading and
/// hashing are the ``SenderWorker``'s; who owns the ticket is decided by the caller, who also puts
/// that decision on disk.
public struct SenderSession {
    /// The most requested objects that may wait at once (`docs/PROTOCOL.md` §7.3).
    public static let maximumWaitingObjects: UInt64 = 1 << 20

    /// The most separate runs of skipped entries (`docs/PROTOCOL.md` §7.3): what a hostile receiver can
    /// make us keep, 16 MiB.
    public static let maximumSkippedRuns = 1 << 20

    /// The most messages that may wait for the decision about a claim (`docs/PROTOCOL.md` §7.1).
    public static let maximumEarlyMessages = 4_096

    /// What the driver does next, in order.
    public enum Action {
        /// Write a message to the control stream.
        case send(ControlMessage)
        /// Hand an object to the transport.
        case sendObject(ObjectID, ObjectBuffer)
        /// Put work before the worker.
        case work(SenderCommand)
        /// Decide and persist the receiver's claim, then call ``claimDecided(_:)``.
        case decideClaim
        /// Tell the user.
        case report(Report)
        /// Close the session at once; what is queued is dropped.
        case close(CloseCode, reason: String)
        /// Close the session when the receiver has every message.
        case closeWhenDelivered(CloseCode, reason: String)
    }

    /// What the user may want to know.
    public enum Report: Equatable, Sendable {
        /// The receiver owns the ticket now.
        case claimed
        /// A file is whole; `isServed` where a piece of it was sent.
        case fileRead(path: EntryPath, content: ContentID, isServed: Bool)
        /// A file cannot be delivered.
        case fileFailed(path: EntryPath, FileFailure)
        /// The receiver confirmed the whole: both roots are equal.
        case completed(Completion, skipped: UInt64, failed: UInt64)
        /// The receiver signed a receipt: check it, keep it, then call ``countersign(_:)``.
        case proposed(ReceiptProposal)
        /// The receiver's root is not ours.
        case rootsDiffer(ours: Hash256, theirs: Hash256)
        /// Reading on this machine failed for good.
        case storageFailed(StorageFailure)
        /// The receiver broke the protocol.
        case violated(TransferViolation)
    }

    /// How far the session is.
    private enum Phase: Equatable {
        /// The listing may be asked for; nobody has claimed.
        case offered
        /// The caller is deciding about the claim.
        case deciding
        /// Everything may be asked for.
        case claimed
        /// The receiver says it is done; our own root is being computed.
        case comparing(Completion)
        /// Everything is confirmed; a receipt may follow.
        case confirmed
        /// Nothing more is expected but a close.
        case over
    }

    private var phase: Phase
    /// How many entries the listing has.
    private let entries: UInt64
    private var actions: Deque<Action> = []
    private var nextObject = ObjectID(rawValue: 0)
    /// Objects requested and neither sent, zero nor withdrawn.
    private var waitingObjects: UInt64 = 0
    private var skipped = IntervalSet()
    /// What the receiver said after its claim, while the caller decides about it.
    private var early: [ControlMessage] = []
    private var failedCount: UInt64 = 0
    private let givesReceipt: Bool
    /// Content bytes handed to the transport.
    public private(set) var contentBytesSent: UInt64 = 0

    /// Begins a session with an offer.
    /// - Parameters:
    ///   - givesReceipt: whether both ends can.
    ///   - sendsListingAhead: whether the beginning of the listing follows unasked; both ends must be able to.
    public init(
        offering offer: Offer, givesReceipt: Bool = false, sendsListingAhead: Bool = false
    ) {
        self.givesReceipt = givesReceipt
        // Also an owner who comes back claims again: a dry run of the owner's asks for nothing.
        phase = .offered
        entries = offer.totals.entries
        actions.append(.send(.offer(offer)))
        if sendsListingAhead {
            let pieces = ListingAhead.pieceCount(of: offer.listing)
            actions.append(.work(.listingAhead(pieces: pieces)))
        }
    }

    /// Begins a session that gets nothing.
    public init(refusing reason: RefusalReason) {
        phase = .over
        entries = 0
        givesReceipt = false
        actions.append(.send(.refuse(reason)))
        actions.append(.closeWhenDelivered(.refused, reason: "refused"))
    }

    /// Whether the session reached its end, good or bad.
    public var isOver: Bool { phase == .over || phase == .confirmed }

    /// Whether the receiver owns the ticket.
    public var isClaimed: Bool { phase != .offered && phase != .deciding }

    /// Takes the next action; nil where there is none.
    public mutating func pollAction() -> Action? { actions.popFirst() }

    // MARK: Inputs

    /// Takes a message from the receiver.
    public mutating func receive(_ message: ControlMessage) {
        guard phase != .over else { return }
        // What is confirmed stays so, whatever else is said.
        if phase == .confirmed {
            guard case .proposal(let proposal) = message else { return }
            phase = .over
            actions.append(.report(.proposed(proposal)))
            return
        }
        do throws(TransferViolation) {
            switch message {
            case .claim: try claim()
            case _ where phase == .deciding: try holdBack(message)
            case .request(let request): try accept(request)
            case .hashRequest(let request): try accept(request)
            case .skip(let first, let count): try skip(first, count: count)
            case .complete(let completion): try complete(completion)
            case .witness, .proposal, .countersignature, .offer, .refuse, .claimed, .zero,
                .fileRoot, .fileFailed, .confirm, .listing:
                throw .unexpectedMessage
            }
        } catch {
            end(violation: error)
        }
    }

    /// Takes the caller's decision about the receiver's claim, which is on disk by now.
    public mutating func claimDecided(_ refusal: RefusalReason?) {
        guard phase == .deciding else { return }
        if let refusal {
            phase = .over
            actions.append(.send(.refuse(refusal)))
            actions.append(.closeWhenDelivered(.refused, reason: "refused"))
        } else {
            phase = .claimed
            actions.append(.send(.claimed))
            actions.append(.report(.claimed))
            for message in early { receive(message) }
        }
        early = []
    }

    /// Takes what the worker found.
    public mutating func receive(_ output: SenderOutput) {
        guard !isOver else { return }
        switch output {
        case .object(let id, let buffer, let contentBytes):
            waitingObjects -= min(1, waitingObjects)
            contentBytesSent += UInt64(contentBytes)
            actions.append(.sendObject(id, buffer))
        case .listingAhead(let buffer):
            for message in ListingAhead.messages(of: buffer) { actions.append(.send(message)) }
        case .zero(let first, let count):
            waitingObjects -= min(count, waitingObjects)
            actions.append(.send(.zero(first: first, count: count)))
        case .withdrawn(let count):
            waitingObjects -= min(count, waitingObjects)
        case .fileRoot(let file, let root):
            actions.append(.send(.fileRoot(file, root)))
        case .fileRead(_, let path, let content, let isServed):
            actions.append(
                .report(.fileRead(path: path, content: content, isServed: isServed)))
        case .fileFailed(let file, let path, let failure):
            failedCount += 1
            actions.append(.send(.fileFailed(file, failure)))
            actions.append(.report(.fileFailed(path: path, failure)))
        case .manifest(let ours):
            compare(with: ours)
        case .violation(let violation):
            end(violation: violation)
        case .failed(let failure):
            phase = .over
            actions.append(.report(.storageFailed(failure)))
            actions.append(.close(.storage, reason: "the sender's disk failed"))
        }
    }

    // MARK: Rules

    private mutating func claim() throws(TransferViolation) {
        guard phase == .offered else { throw .unexpectedMessage }
        phase = .deciding
        actions.append(.decideClaim)
    }

    /// A receiver need not wait for the answer to its claim: a round trip is won.
    private mutating func holdBack(_ message: ControlMessage) throws(TransferViolation) {
        guard early.count < Self.maximumEarlyMessages else { throw .tooManyRequests }
        early.append(message)
    }

    private mutating func accept(_ request: PieceRequest) throws(TransferViolation) {
        try grant(request.file, first: request.firstObject, count: request.count)
        actions.append(.work(.request(request)))
    }

    private mutating func accept(_ request: HashRequest) throws(TransferViolation) {
        guard request.file != .listing else { throw .noSuchPiece }
        try grant(request.file, first: request.object, count: 1)
        actions.append(.work(.hashes(request)))
    }

    private mutating func grant(
        _ file: FileIndex, first: ObjectID, count: UInt64
    ) throws(TransferViolation) {
        switch phase {
        case .claimed: break
        case .offered:
            guard file == .listing else { throw .unexpectedMessage }
        case .deciding, .comparing, .confirmed, .over: throw .unexpectedMessage
        }
        guard first == nextObject else { throw .objectOutOfOrder }
        guard waitingObjects + count <= Self.maximumWaitingObjects else { throw .tooManyRequests }
        // Both stay far below 2^62: a session ends long before 2^40 objects.
        nextObject = ObjectID(rawValue: nextObject.rawValue + count)
        waitingObjects += count
    }

    private mutating func skip(_ first: FileIndex, count: UInt64) throws(TransferViolation) {
        guard phase == .claimed else { throw .unexpectedMessage }
        guard first != .listing, first.rawValue <= entries, count <= entries - first.rawValue + 1
        else { throw .noSuchPiece }
        skipped.insert(first.rawValue..<(first.rawValue + count))
        guard skipped.rangeCount <= Self.maximumSkippedRuns else { throw .tooManyRequests }
    }

    private mutating func complete(_ completion: Completion) throws(TransferViolation) {
        guard phase == .claimed else { throw .unexpectedMessage }
        phase = .comparing(completion)
        actions.append(.work(.manifest(skipped: skipped)))
    }

    private mutating func compare(with ours: Completion) {
        guard case .comparing(let theirs) = phase else { return }
        phase = .over
        actions.append(.send(.confirm(ours.root)))
        if ours == theirs {
            if givesReceipt { phase = .confirmed }
            actions.append(
                .report(.completed(ours, skipped: skipped.count, failed: failedCount)))
        } else {
            actions.append(.report(.rootsDiffer(ours: ours.root, theirs: theirs.root)))
            actions.append(.closeWhenDelivered(.integrity, reason: "manifest roots differ"))
        }
    }

    /// The sender's part of the receipt, after ``Report/completed(_:skipped:failed:)``. Nothing where one of
    /// the ends gives none.
    public mutating func witness(_ witness: ReceiptWitness) {
        guard phase == .confirmed else { return }
        actions.append(.send(.witness(witness)))
    }

    /// The receipt was right, and is kept.
    public mutating func countersign(_ signature: [UInt8]) {
        guard givesReceipt, phase == .over else { return }
        actions.append(.send(.countersignature(signature)))
    }

    mutating func end(violation: TransferViolation) {
        phase = .over
        actions.append(.report(.violated(violation)))
        actions.append(.close(.violation, reason: violation.reason))
    }
}

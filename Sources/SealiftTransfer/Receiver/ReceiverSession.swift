internal import DequeModule
public import SealiftBase
public import SealiftContent
public import SealiftPeople
public import SealiftTransport

/// The receiver's side of one transfer (`docs/PROTOCOL.md` §7), from the offer to the last root.
///
/// A value without I/O: messages, objects, what the worker found and the user's answer go in,
/// ``Action``s come out. It decides what to ask for and when; proving and writing are the
/// ``ReceiverWorker``'s.
public struct ReceiverSession {
    /// What the driver does next, in order.
    public enum Action {
        /// Write a message to the control stream.
        case send(ControlMessage)
        /// Expect objects with consecutive ids and these lengths.
        case expectObjects(first: ObjectID, lengths: [Int])
        /// Expect this object no longer.
        case withdraw(ObjectID)
        /// Put work before the worker.
        case work(ReceiverCommand)
        /// Ask the user, then call ``accept()`` or ``decline()``.
        case ask(ListingSummary)
        /// Tell the user.
        case report(Report)
        /// Close the session.
        case close(CloseCode, reason: String)
    }

    /// What the user may want to know.
    public enum Report: Equatable, Sendable {
        /// The sender gives this session nothing.
        case refused(RefusalReason)
        /// A file is at its destination, or will not be.
        case fileDone(path: EntryPath, content: ContentID, FileResult)
        /// Both roots are equal.
        case completed(Completion)
        /// The sender's part of the receipt: sign, and call ``propose(_:)``, or ``renounceReceipt()``.
        case witnessed(ReceiptWitness)
        /// The sender signed too; the session closes.
        case countersigned([UInt8])
        /// The sender's root is not ours.
        case rootsDiffer(ours: Hash256, theirs: Hash256)
        /// What arrived is not what its hash says.
        case pieceRefuted(FileIndex)
        /// Storage on this machine failed.
        case storageFailed(StorageFailure)
        /// The sender broke the protocol.
        case violated(TransferViolation)
    }

    /// What was counted so far.
    public struct Tally: Equatable, Sendable {
        /// Content bytes proven in this session, listing not counted.
        public var receivedBytes: UInt64 = 0
        /// Content bytes that an earlier run had proven and the sender confirmed.
        public var reusedBytes: UInt64 = 0
        /// Content bytes that an earlier run had proven and that had to come again.
        public var resentProvenBytes: UInt64 = 0
        /// Files at their destination.
        public var filesDelivered: UInt64 = 0
        /// Files that will not be.
        public var filesFailed: UInt64 = 0
        /// Files left out on purpose.
        public var filesSkipped: UInt64 = 0
        /// Entries of every kind that the sender was told to leave out.
        public var entriesSkipped: UInt64 = 0

        /// Counts nothing yet.
        public init() {}

        /// Whether nothing was left out and nothing failed.
        public var isWhole: Bool { entriesSkipped == 0 && filesFailed == 0 }
    }

    enum Phase: Equatable {
        case awaitingOffer
        case fetchingListing
        case deciding
        case claiming
        case transferring
        case finishing
        case comparing(Completion)
        /// Everything is confirmed; the sender's part of the receipt is to come.
        case awaitingWitness
        /// The driver signs.
        case signing
        case awaitingCountersignature
        case over
    }

    /// What an outstanding object is.
    enum Subject {
        case piece(FileIndex, PieceIndex, length: Int)
        case hashes(FileIndex, firstPiece: PieceIndex, bytes: Int)
    }

    /// How many planned runs of each sort wait at most.
    static let plannedAhead = 4
    /// How many bytes of hashes may be on their way: 128 GiB of content. They have a bound of their own,
    /// because the sender may have to read all that content again first, and new pieces do not wait.
    static let mostHashBytes = 16 << 20
    /// How many requests for hashes may be on their way: a small file takes one each.
    static let mostHashRequests = 4_096

    var phase = Phase.awaitingOffer
    private let givesReceipt: Bool
    private let takesListingAhead: Bool
    /// The beginning of the listing on its way unasked; nil where none is.
    private var listingAhead: ListingAhead?
    var actions: Deque<Action> = []
    var nextObject = ObjectID(rawValue: 0)
    var outstanding: [ObjectID: Subject] = [:]
    /// Pieces given to the worker and not proven yet.
    var beingStored = 0
    var planned: Deque<PlannedRun> = []
    var plannedHashes: Deque<PlannedRun> = []
    var isPlanning = false
    /// How planning went on when it was asked last; nil where something changed since.
    var lastAnswer: PlanAnswer?
    /// Hashes given to the worker and not compared yet: what differs has to be planned again.
    var beingCompared = 0
    var hashRequests = 0
    var hashBytes = 0
    var nextListingPiece: UInt64 = 0
    var highestRequestedFile = FileIndex.listing
    var failedFiles: Set<FileIndex> = []
    /// How much may be asked for.
    public internal(set) var window = RequestWindow()
    /// What the sender offered; nil before.
    public private(set) var offer: Offer?
    /// What was counted so far.
    public private(set) var tally = Tally()

    /// Begins a session; the sender speaks first.
    /// - Parameters:
    ///   - givesReceipt: whether both ends can.
    ///   - takesListingAhead: whether the beginning of the listing comes unasked; both ends must be able to.
    public init(givesReceipt: Bool = false, takesListingAhead: Bool = false) {
        self.givesReceipt = givesReceipt
        self.takesListingAhead = takesListingAhead
    }

    /// Whether the session reached its end, good or bad.
    public var isOver: Bool { phase == .over }

    /// Whether content is on its way.
    public var isTransferring: Bool { phase == .transferring }

    /// Takes the next action; nil where there is none.
    public mutating func pollAction() -> Action? { actions.popFirst() }

    // MARK: Inputs

    /// Takes a message from the sender.
    public mutating func receive(_ message: ControlMessage) {
        guard phase != .over else { return }
        do throws(TransferViolation) {
            switch message {
            case .witness(let witness): try take(witness)
            case .countersignature(let signature): try take(countersignature: signature)
            case _ where isConfirmed: throw .unexpectedMessage
            case .offer(let offer): try take(offer)
            case .listing(let bytes): try take(listing: bytes)
            case .refuse(let reason): refuse(reason)
            case .claimed: try claimed()
            case .zero(let first, let count): try zero(first, count: count)
            case .fileRoot(let file, let root):
                try checkKnown(file)
                actions.append(.work(.fileRoot(file, root)))
            case .fileFailed(let file, let failure): try fail(file, failure)
            case .confirm(let root): try confirm(root)
            case .proposal, .claim, .request, .hashRequest, .skip, .complete:
                throw .unexpectedMessage
            }
        } catch {
            end(violation: error)
        }
    }

    /// Takes an object that is complete.
    public mutating func receive(_ object: ObjectID, _ buffer: ObjectBuffer) {
        guard phase != .over, let subject = outstanding.removeValue(forKey: object) else { return }
        switch subject {
        case .piece(.listing, let piece, _):
            beingStored += 1
            actions.append(.work(.storeListing(piece, buffer)))
        case .piece(let file, let piece, _):
            beingStored += 1
            actions.append(.work(.store(file, piece, buffer)))
        case .hashes(let file, let firstPiece, let bytes):
            releaseHashes(bytes)
            beingCompared += 1
            actions.append(.work(.compareHashes(file, firstPiece: firstPiece, buffer)))
            ask()
        }
    }

    /// Takes what the worker found.
    public mutating func receive(_ output: ReceiverOutput, now: Instant, roundTrip: Duration) {
        guard phase != .over, !isConfirmed else { return }
        switch output {
        case .listingReady(let summary):
            phase = .deciding
            actions.append(.ask(summary))
        case .planned(let run):
            if case .hashes = run.subject { plannedHashes.append(run) } else { planned.append(run) }
        case .planAnswered(let answer):
            isPlanning = false
            lastAnswer = answer
        case .proven(let file, _, let bytes):
            beingStored -= 1
            window.proven(bytes, now: now, roundTrip: roundTrip)
            if file != .listing { tally.receivedBytes += bytes }
        case .compared:
            beingCompared -= 1
            lastAnswer = nil
        case .reused(_, let bytes):
            tally.reusedBytes += bytes
        case .discarded(let bytes):
            beingStored -= 1
            window.released(bytes)
        case .outdated(let bytes):
            tally.resentProvenBytes += bytes
        case .pieceRefuted(let file, _):
            phase = .over
            actions.append(.report(.pieceRefuted(file)))
            actions.append(.close(.integrity, reason: "a piece is not what its hash says"))
        case .fileDone(_, let path, let content, let result):
            switch result {
            case .delivered, .deliveredAs, .alreadyPlaced: tally.filesDelivered += 1
            case .skipped: tally.filesSkipped += 1
            case .failedAtSender, .rootRefuted, .unplaced, .diskRefuted: tally.filesFailed += 1
            }
            actions.append(.report(.fileDone(path: path, content: content, result)))
        case .finishing:
            actions.append(.work(.finish))
        case .finished(let completion, let skipped):
            phase = .comparing(completion)
            tally.entriesSkipped = skipped.count
            for range in skipped.ranges {
                actions.append(
                    .send(
                        .skip(
                            first: FileIndex(range.lowerBound), count: UInt64(range.count))))
            }
            actions.append(.send(.complete(completion)))
        case .violation(let violation):
            end(violation: violation)
        case .failed(let failure):
            phase = .over
            actions.append(.report(.storageFailed(failure)))
            actions.append(.close(.storage, reason: "the receiver's disk failed"))
        }
        ask()
    }

    /// The user said yes: claim the ticket, and ask for pieces without waiting for the answer.
    public mutating func accept() {
        guard phase == .deciding else { return }
        phase = .claiming
        actions.append(.send(.claim))
        ask()
    }

    /// The user said no, or only wanted to look.
    public mutating func decline() {
        guard phase == .deciding else { return }
        phase = .over
        actions.append(.close(.declined, reason: "declined"))
    }

    // MARK: Messages

    private mutating func take(_ offer: Offer) throws(TransferViolation) {
        guard phase == .awaitingOffer else { throw .unexpectedMessage }
        guard offer.listing.length > 0 else { throw .listing("it is empty") }
        phase = .fetchingListing
        self.offer = offer
        actions.append(.work(.beginListing(offer)))
        if takesListingAhead {
            listingAhead = ListingAhead(of: offer.listing)
            nextListingPiece = ListingAhead.pieceCount(of: offer.listing)
        }
        ask()
    }

    private mutating func take(listing bytes: [UInt8]) throws(TransferViolation) {
        guard phase == .fetchingListing, let pieces = try listingAhead?.take(bytes) else {
            throw .unexpectedMessage
        }
        for (piece, buffer) in pieces {
            window.requested(UInt64(buffer.content.count))
            beingStored += 1
            actions.append(.work(.storeListing(piece, buffer)))
        }
    }

    private mutating func refuse(_ reason: RefusalReason) {
        phase = .over
        actions.append(.report(.refused(reason)))
        actions.append(.close(.done, reason: ""))
    }

    private mutating func claimed() throws(TransferViolation) {
        guard phase == .claiming else { throw .unexpectedMessage }
        phase = .transferring
        ask()
    }

    private mutating func zero(_ first: ObjectID, count: UInt64) throws(TransferViolation) {
        for offset in 0..<count {
            let object = ObjectID(rawValue: first.rawValue &+ offset)
            switch outstanding[object] {
            case .piece(let file, let piece, PieceGeometry.pieceSize) where file != .listing:
                outstanding.removeValue(forKey: object)
                beingStored += 1
                actions.append(.withdraw(object))
                actions.append(.work(.storeZero(file, piece)))
            case nil where object < nextObject:
                // A piece whose file failed in the meantime was withdrawn.
                continue
            default:
                throw .unknownObject
            }
        }
    }

    private func checkKnown(_ file: FileIndex) throws(TransferViolation) {
        guard file != .listing, file <= highestRequestedFile else { throw .unknownObject }
    }

    private mutating func fail(
        _ file: FileIndex, _ failure: FileFailure
    ) throws(TransferViolation) {
        try checkKnown(file)
        guard failedFiles.insert(file).inserted else { return }
        for (object, subject) in outstanding {
            switch subject {
            case .piece(file, _, let length):
                drop(object)
                window.released(UInt64(length))
            case .hashes(file, _, let bytes):
                drop(object)
                releaseHashes(bytes)
            default: break
            }
        }
        actions.append(.work(.fileFailed(file, failure)))
        ask()
    }

    private mutating func drop(_ object: ObjectID) {
        outstanding.removeValue(forKey: object)
        actions.append(.withdraw(object))
    }

    private mutating func releaseHashes(_ bytes: Int) {
        hashRequests -= 1
        hashBytes -= bytes
        lastAnswer = nil
    }

    private mutating func confirm(_ root: Hash256) throws(TransferViolation) {
        guard case .comparing(let completion) = phase else { throw .unexpectedMessage }
        phase = .over
        if root == completion.root {
            actions.append(.work(.conclude))
            actions.append(.report(.completed(completion)))
            guard givesReceipt else {
                actions.append(.close(.done, reason: ""))
                return
            }
            phase = .awaitingWitness
        } else {
            actions.append(.report(.rootsDiffer(ours: completion.root, theirs: root)))
            actions.append(.close(.integrity, reason: "manifest roots differ"))
        }
    }

    // MARK: The receipt

    private mutating func take(_ witness: ReceiptWitness) throws(TransferViolation) {
        guard phase == .awaitingWitness else { throw .unexpectedMessage }
        phase = .signing
        actions.append(.report(.witnessed(witness)))
    }

    private mutating func take(
        countersignature: [UInt8]
    ) throws(TransferViolation) {
        guard phase == .awaitingCountersignature else { throw .unexpectedMessage }
        phase = .over
        actions.append(.report(.countersigned(countersignature)))
        actions.append(.close(.done, reason: ""))
    }

    /// The receipt with this end's signature.
    public mutating func propose(_ proposal: ReceiptProposal) {
        guard phase == .signing else { return }
        phase = .awaitingCountersignature
        actions.append(.send(.proposal(proposal)))
    }

    /// Ends without a receipt: what was received stays so. Nothing where the session does not wait for one.
    public mutating func renounceReceipt() {
        guard isConfirmed else { return }
        phase = .over
        actions.append(.close(.done, reason: ""))
    }

    /// Whether only the receipt is still to come.
    private var isConfirmed: Bool {
        switch phase {
        case .awaitingWitness, .signing, .awaitingCountersignature: true
        default: false
        }
    }

    mutating func end(violation: TransferViolation) {
        // What is confirmed stays so; only the receipt is lost.
        guard !isConfirmed else { return renounceReceipt() }
        phase = .over
        actions.append(.report(.violated(violation)))
        actions.append(.close(.violation, reason: violation.reason))
    }
}

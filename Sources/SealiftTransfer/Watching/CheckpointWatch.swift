public import SealiftBase
public import SealiftContent
public import SealiftPeople

/// Decides what of a watched folder is offered, to whom, and what of it may be deleted.
///
/// A value on virtual time: it is told what was seen and what became of what it asked for, and says what to
/// do next. It never asks for a deletion unless the policy says so, every contact's receipt for this very
/// version was verified, and the checkpoint was seen unchanged since.
public struct CheckpointWatch: Sendable {
    /// What is done with a checkpoint that everybody has.
    public enum Cleaning: Hashable, Sendable {
        /// Nothing.
        case never
        /// All but the newest so many of those that everybody has are deleted; 0 for all.
        case afterReceipts(keepingNewest: Int)
    }

    /// What the user asked for.
    public struct Policy: Hashable, Sendable {
        /// How long a checkpoint must stay as it is to count as complete.
        public var settle: Duration
        /// To whom, each once.
        public var recipients: [IdentityID]
        /// What is done afterwards.
        public var cleaning: Cleaning

        /// Puts the parts together.
        public init(settle: Duration, recipients: [IdentityID], cleaning: Cleaning) {
            self.settle = settle
            self.recipients = recipients
            self.cleaning = cleaning
        }
    }

    /// A checkpoint as it was found in the folder.
    public struct Sighting: Hashable, Sendable {
        /// Its name in the folder.
        public var name: [UInt8]
        /// Which version.
        public var version: CheckpointVersion
        /// When the newest of its files was last changed: the order of checkpoints.
        public var modified: ModificationTime
        /// Whether somebody is known to have a file of it open for writing.
        public var isBeingWritten: Bool

        /// Puts the parts together.
        public init(
            name: [UInt8], version: CheckpointVersion, modified: ModificationTime,
            isBeingWritten: Bool
        ) {
            self.name = name
            self.version = version
            self.modified = modified
            self.isBeingWritten = isBeingWritten
        }
    }

    /// One version of one checkpoint, to one contact.
    public struct Delivery: Hashable, Sendable {
        /// The checkpoint's name.
        public var name: [UInt8]
        /// Which version.
        public var version: CheckpointVersion
        /// To whom.
        public var recipient: IdentityID

        /// Puts the parts together.
        public init(name: [UInt8], version: CheckpointVersion, recipient: IdentityID) {
            self.name = name
            self.version = version
            self.recipient = recipient
        }
    }

    /// What is to be done.
    public enum Action: Hashable, Sendable {
        /// It is complete.
        case settled(name: [UInt8], CheckpointVersion)
        /// Offer it.
        case offer(Delivery)
        /// Take the offer back: the checkpoint is not this version any more, or is gone.
        case withdraw(Delivery)
        /// Delete this version.
        case delete(name: [UInt8], CheckpointVersion)
    }

    /// How a delivery ended.
    public enum Ending: Hashable, Sendable {
        /// The contact has it; `isProven` with a receipt that both signed.
        case received(isProven: Bool)
        /// The contact said no: this version is not offered to them again by this run.
        case declined
        /// It was taken back, or was not that version when it was to be sent.
        case withdrawn
        /// Anything else: it is tried again.
        case failed
    }

    /// How many offers one contact has open at a time; what comes later waits.
    public static let maximumOpenOffers = 4
    /// How long after a failure it is tried again; twice as long after each further one.
    public static let firstRetry = Duration.seconds(10)
    /// The longest time between two tries.
    public static let longestRetry = Duration.seconds(600)

    private enum Standing: Hashable {
        case received(isProven: Bool)
        case declined
        case retry(at: Instant, pause: Duration)
    }

    private struct Checkpoint {
        var version: CheckpointVersion
        var modified: ModificationTime
        /// Since when it is as it is.
        var since: Instant
        var isSettled = false
        var isBeingWritten: Bool
        var standings: [IdentityID: Standing] = [:]
        /// Whether its deletion was asked for: it is asked for once.
        var isDeletionAsked = false
    }

    private let policy: Policy
    private var checkpoints: [[UInt8]: Checkpoint] = [:]
    /// What earlier runs brought to whom.
    private var remembered: [Delivery: Bool] = [:]
    private var open: Set<Delivery> = []
    private var withdrawn: Set<Delivery> = []
    private var actions: [Action] = []

    /// Begins to watch a folder of which nothing is known.
    public init(_ policy: Policy) {
        self.policy = policy
    }

    /// An earlier run brought this; said before the first sighting.
    public mutating func restore(_ delivery: Delivery, isProven: Bool) {
        remembered[delivery] = isProven
    }

    /// Whether it matters if somebody has this version open for writing: not where everything was done.
    public func asksForWriters(of name: [UInt8], _ version: CheckpointVersion) -> Bool {
        guard let known = checkpoints[name], known.version == version, known.isSettled else {
            return true
        }
        return known.isBeingWritten
    }

    /// The next thing to do; nil for nothing.
    public mutating func pollAction() -> Action? {
        actions.isEmpty ? nil : actions.removeFirst()
    }

    // MARK: What was seen

    /// The folder was looked through: this is all there is in it.
    public mutating func observe(_ sightings: [Sighting], now: Instant) {
        let names = Set(sightings.map(\.name))
        for name in checkpoints.keys where !names.contains(name) { checkpoints[name] = nil }
        for sighting in sightings { take(sighting, now: now) }
        for delivery in open.subtracting(withdrawn)
        where checkpoints[delivery.name]?.version != delivery.version {
            withdrawn.insert(delivery)
            actions.append(.withdraw(delivery))
        }
        plan(now: now)
    }

    private mutating func take(_ sighting: Sighting, now: Instant) {
        var known: Checkpoint
        if let found = checkpoints[sighting.name], found.version == sighting.version {
            known = found
            known.isBeingWritten = sighting.isBeingWritten
            // Who has it open may write through a mapping, which changes the times later.
            if sighting.isBeingWritten { (known.since, known.isSettled) = (now, false) }
        } else {
            known = Checkpoint(
                version: sighting.version, modified: sighting.modified, since: now,
                isBeingWritten: sighting.isBeingWritten)
            for recipient in policy.recipients {
                let delivery = Delivery(
                    name: sighting.name, version: sighting.version, recipient: recipient)
                if let isProven = remembered[delivery] {
                    known.standings[recipient] = .received(isProven: isProven)
                }
            }
        }
        if !known.isSettled, !known.isBeingWritten, now - known.since >= policy.settle {
            known.isSettled = true
            if !policy.recipients.allSatisfy({ known.standings[$0] != nil }) {
                actions.append(.settled(name: sighting.name, sighting.version))
            }
        }
        checkpoints[sighting.name] = known
    }

    // MARK: What became of it

    /// A delivery that was asked for has ended.
    public mutating func ended(_ delivery: Delivery, _ ending: Ending, now: Instant) {
        guard open.remove(delivery) != nil else { return }
        withdrawn.remove(delivery)
        actions.removeAll { $0 == .withdraw(delivery) }
        if case .received(let isProven) = ending { remembered[delivery] = isProven }
        if checkpoints[delivery.name]?.version == delivery.version {
            let former = checkpoints[delivery.name]?.standings[delivery.recipient]
            checkpoints[delivery.name]?.standings[delivery.recipient] = Self.standing(
                after: ending, former, now: now)
        }
        plan(now: now)
    }

    private static func standing(
        after ending: Ending, _ former: Standing?, now: Instant
    ) -> Standing? {
        switch ending {
        case .received(let isProven): return .received(isProven: isProven)
        case .declined: return .declined
        case .withdrawn, .failed:
            var pause = firstRetry
            if case .retry(_, let last)? = former { pause = min(last * 2, longestRetry) }
            return .retry(at: now + pause, pause: pause)
        }
    }

    /// A checkpoint whose deletion was asked for is gone.
    public mutating func deleted(_ name: [UInt8], _ version: CheckpointVersion) {
        if checkpoints[name]?.version == version { checkpoints[name] = nil }
        remembered = remembered.filter { $0.key.name != name || $0.key.version != version }
    }

    // MARK: What to do

    private mutating func plan(now: Instant) {
        let order = checkpoints.keys.sorted(by: isOlder)
        for name in order {
            for recipient in policy.recipients { offer(name, to: recipient, now: now) }
        }
        guard case .afterReceipts(let kept) = policy.cleaning else { return }
        let everywhere = order.filter { name in
            guard let checkpoint = checkpoints[name] else { return false }
            return policy.recipients.allSatisfy {
                checkpoint.standings[$0] == .received(isProven: true)
            }
        }
        for name in everywhere.dropLast(max(0, kept)) { delete(name) }
    }

    private func isOlder(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        guard let left = checkpoints[one]?.modified, let right = checkpoints[other]?.modified,
            left != right
        else { return one.lexicographicallyPrecedes(other) }
        return (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }

    private mutating func offer(_ name: [UInt8], to recipient: IdentityID, now: Instant) {
        guard let checkpoint = checkpoints[name], checkpoint.isSettled,
            !checkpoint.isDeletionAsked
        else { return }
        switch checkpoint.standings[recipient] {
        case nil: break
        case .retry(let instant, _) where instant <= now: break
        case .retry, .received, .declined: return
        }
        // One version at a time: the older one's offer ends first.
        let theirs = open.filter { $0.recipient == recipient }
        guard theirs.count < Self.maximumOpenOffers,
            !theirs.contains(where: { $0.name == name })
        else { return }
        let delivery = Delivery(
            name: name, version: checkpoint.version, recipient: recipient)
        open.insert(delivery)
        actions.append(.offer(delivery))
    }

    private mutating func delete(_ name: [UInt8]) {
        guard let checkpoint = checkpoints[name], checkpoint.isSettled,
            !checkpoint.isBeingWritten, !checkpoint.isDeletionAsked,
            !open.contains(where: { $0.name == name })
        else { return }
        checkpoints[name]?.isDeletionAsked = true
        actions.append(.delete(name: name, checkpoint.version))
    }
}

import SealiftBase
import SealiftContent
import SealiftCrypto
import SealiftIO
import SealiftPeople
import SealiftStore
import SealiftTransfer
import Synchronization

/// Offers new checkpoints in a folder to contacts, and deletes what everybody has where the policy says so,
/// until the user stops it.
///
/// Blocks; call it from a thread that may.
/// - Throws: why it could not begin or go on.
public func runWatch(
    _ options: WatchOptions, observer: any WatchObserver, cancellation: Cancellation
) throws(SealiftError) {
    try WatchRun(options, observer: observer, cancellation: cancellation).run()
}

/// The loop around a ``CheckpointWatch``: looks through the folder, starts deliveries, deletes.
///
/// The folder is looked through by names and times at an interval, which works on every file system, network
/// file systems too; a notification of the kernel would tell of this machine's own writers only.
final class WatchRun {
    /// The longest and the shortest time between two looks.
    private static let intervals = Duration.milliseconds(250)...Duration.seconds(10)
    /// A look may take this part of the time at most: many files on a slow disk are looked at less often.
    private static let looksPerRest = 10
    /// Endings that may wait.
    private static let eventCapacity = 64

    private let options: WatchOptions
    private let observer: WatchTurn
    private let cancellation: Cancellation
    private let passphrase: PassphraseSource
    private let access: ContactAccess
    private let path: [UInt8]
    private let lock: Home.Lock
    private let names: [IdentityID: String]
    private let recipients: [IdentityID]
    private let endings = BoundedQueue<RunningDelivery.Outcome>(capacity: WatchRun.eventCapacity)
    private var watch: CheckpointWatch
    private var running: [CheckpointWatch.Delivery: RunningDelivery] = [:]
    /// What cannot be sent as it is and was told of.
    private var toldOf: Set<[UInt8]> = []
    private var isFolderMissing = false

    init(
        _ options: WatchOptions, observer: any WatchObserver, cancellation: Cancellation
    ) throws(SealiftError) {
        self.options = options
        self.observer = WatchTurn(observer)
        self.cancellation = cancellation
        passphrase = options.sending.passphrase.askingOnce()
        let access = try ContactAccess(home: options.sending.home, passphrase: passphrase)
        self.access = access
        var names: [IdentityID: String] = [:]
        var recipients: [IdentityID] = []
        for name in options.contacts {
            let (contact, _) = try access.contact(named: name)
            // Says so now where they cannot be reached at all.
            _ = try access.keys.outgoing(contact)
            if names.updateValue(contact.name.text, forKey: contact.identity) == nil {
                recipients.append(contact.identity)
            }
        }
        guard (1...WatchOptions.maximumContactCount).contains(recipients.count) else {
            throw SealiftError(
                .usage,
                "a folder is watched for one to \(WatchOptions.maximumContactCount) contacts",
                advice: "Name them after --to, with commas between.")
        }
        (self.names, self.recipients) = (names, recipients)
        do throws(SystemError) {
            path = try ScanRoot.canonicalPath(of: options.folder)
            _ = try DirectoryHandle.open(path: path)
        } catch {
            throw SealiftError(argument: options.folder, error)
        }
        lock = try Self.lock(path, access.home)
        watch = CheckpointWatch(
            CheckpointWatch.Policy(
                settle: options.settle, recipients: recipients,
                cleaning: options.keepingNewest.map { .afterReceipts(keepingNewest: $0) }
                    ?? .never))
    }

    /// One run a folder: two would offer everything twice.
    private static func lock(
        _ path: [UInt8], _ home: StateHome
    ) throws(SealiftError) -> Home.Lock {
        let digest = SHA256Digest.hash(path).hexadecimal.prefix(16)
        do throws(SystemError) {
            if let lock = try home.folder.tryLock("watch-\(digest).lock") { return lock }
        } catch {
            throw SealiftError(home: error)
        }
        throw SealiftError(
            .alreadyRunning, "another sealift watches this folder already",
            advice: "Stop it first, or name all contacts in one command.")
    }

    func run() throws(SealiftError) {
        cancellation.whenRequested { [endings] in endings.close() }
        let known = try restore()
        observer.handle(
            .watching(
                folder: path, contacts: recipients.compactMap { names[$0] }, known: known))
        defer { end() }
        try finishRemovals()
        while !cancellation.isRequested {
            let start = MonotonicClock.now()
            try look()
            let now = MonotonicClock.now()
            let interval = min(
                max(options.settle / 4, Self.intervals.lowerBound), Self.intervals.upperBound)
            let next = now + max(interval, (now - start) * Self.looksPerRest)
            waiting: while true {
                try act()
                switch endings.pop(until: next) {
                case .element(let outcome): try take(outcome)
                case .timedOut: break waiting
                case .closed: return
                }
            }
        }
    }

    private func end() {
        for delivery in running.values { delivery.cancel() }
        for delivery in running.values { delivery.join() }
        running = [:]
    }

    /// Takes over what earlier runs brought to whom.
    /// - Returns: how much that is.
    private func restore() throws(SealiftError) -> Int {
        do throws(StoreFailure) {
            let rows = try access.store.watched(in: path).filter { names[$0.recipient] != nil }
            for row in rows {
                watch.restore(
                    CheckpointWatch.Delivery(
                        name: row.name, version: CheckpointVersion(row.version),
                        recipient: row.recipient), isProven: row.receipt != nil)
            }
            return rows.count
        } catch {
            throw SealiftError(log: error)
        }
    }

    // MARK: The folder

    private func look() throws(SealiftError) {
        let folder: DirectoryHandle
        let found: NameList
        do throws(SystemError) {
            folder = try DirectoryHandle.open(path: path)
            found = try folder.entries()
        } catch {
            // A network file system may come back: nothing is taken back for it.
            if !isFolderMissing {
                warn("the folder cannot be read: \(error.reason)", nil)
            }
            isFolderMissing = true
            return
        }
        isFolderMissing = false
        var sightings: [CheckpointWatch.Sighting] = []
        for index in 0..<found.count {
            guard !cancellation.isRequested else { return }
            if let sighting = sighting(of: found[index], in: folder) { sightings.append(sighting) }
        }
        watch.observe(sightings, now: MonotonicClock.now())
    }

    private func sighting(
        of name: [UInt8], in folder: DirectoryHandle
    ) -> CheckpointWatch.Sighting? {
        guard let entry = try? EntryPath(name),
            let status = try? folder.status(of: name),
            status.kind == .file || status.kind == .directory,
            options.patterns.isEmpty
                || options.patterns.contains(where: {
                    $0.matches(entry, isDirectory: status.kind == .directory)
                })
        else { return nil }
        let scan = CheckpointScan(
            of: name, in: folder, listedAs: name,
            asksForWriters: { [watch] in watch.asksForWriters(of: name, $0) },
            isStopped: { [cancellation] in cancellation.isRequested })
        guard let scan else {
            if toldOf.insert(name).inserted {
                warn("not offered: a part of it cannot be read", name)
            }
            return nil
        }
        if let obstacle = scan.obstacle, toldOf.insert(name).inserted {
            warn("sent without a part of it, and never deleted: \(obstacle)", name)
        }
        return CheckpointWatch.Sighting(
            name: name, version: scan.version, modified: scan.modified,
            isBeingWritten: scan.isBeingWritten)
    }

    private func warn(_ words: String, _ name: [UInt8]?) {
        observer.handle(.warning(TransferWarning(words, path: name)))
    }

    // MARK: What the core asks for

    private func act() throws(SealiftError) {
        while let action = watch.pollAction() {
            switch action {
            case .settled(let name, _): observer.handle(.settled(name: name))
            case .offer(let delivery): start(delivery)
            case .withdraw(let delivery): running[delivery]?.cancel()
            case .delete(let name, let version): try delete(name, version)
            }
        }
    }

    private func start(_ delivery: CheckpointWatch.Delivery) {
        let contact = names[delivery.recipient] ?? ""
        do throws(SystemError) {
            running[delivery] = try RunningDelivery(
                delivery, in: path, options, passphrase: passphrase,
                observer: DeliveryWatcher(observer, name: delivery.name, contact: contact)
            ) { [endings] in endings.push($0) }
        } catch {
            watch.ended(delivery, .failed, now: MonotonicClock.now())
        }
    }

    private func take(_ outcome: RunningDelivery.Outcome) throws(SealiftError) {
        let delivery = outcome.delivery
        running.removeValue(forKey: delivery)?.join()
        let contact = names[delivery.recipient] ?? ""
        let ending: CheckpointWatch.Ending
        switch outcome.result {
        case .success(let summary):
            if !outcome.hasReceipt { try keepWithoutReceipt(delivery) }
            observer.handle(
                .received(
                    name: delivery.name, contact: contact, bytes: summary.bytes,
                    hasReceipt: outcome.hasReceipt))
            ending = .received(isProven: outcome.hasReceipt)
        case .failure(let error):
            // Both signed that they have it: what came after that changes nothing.
            if outcome.hasReceipt {
                ending = .received(isProven: true)
                break
            }
            ending =
                outcome.isOtherVersion || error.code == .interrupted
                ? .withdrawn : error.code == .declined ? .declined : .failed
            observer.handle(.failed(name: delivery.name, contact: contact, error))
        }
        watch.ended(delivery, ending, now: MonotonicClock.now())
    }

    /// They have it, and signed nothing, or not for the whole: it is not offered again, and never deleted.
    private func keepWithoutReceipt(
        _ delivery: CheckpointWatch.Delivery
    ) throws(SealiftError) {
        do throws(StoreFailure) {
            try access.store.keep(
                WatchedDelivery(
                    name: delivery.name, version: delivery.version.digest,
                    recipient: delivery.recipient, receipt: nil), in: path,
                at: SystemWallClock.now())
        } catch {
            throw SealiftError(log: error)
        }
    }

    // MARK: Deleting

    private func remover() throws(SealiftError) -> CheckpointRemover {
        do throws(SystemError) {
            return CheckpointRemover(
                folder: try DirectoryHandle.open(path: path), path: path, log: access.log,
                store: access.store)
        } catch {
            throw SealiftError(argument: options.folder, error)
        }
    }

    /// Finishes what an earlier run logged and was ended in.
    private func finishRemovals() throws(SealiftError) {
        let pending: [PendingRemoval]
        do throws(StoreFailure) { pending = try access.store.removals(in: path) } catch {
            throw SealiftError(log: error)
        }
        for removal in pending {
            tell(try remover().carryOut(removal, .interrupted), of: removal.name)
        }
    }

    private func delete(
        _ name: [UInt8], _ version: CheckpointVersion
    ) throws(SealiftError) {
        guard let proof = try proof(of: name, version) else {
            return tell(.kept("not every receipt for it holds"), of: name)
        }
        let outcome = try remover().remove(name, version, proof)
        if outcome == .deleted { watch.deleted(name, version) }
        tell(outcome, of: name)
    }

    /// What entitles to delete: read anew from the disk, with every signature verified.
    private func proof(
        of name: [UInt8], _ version: CheckpointVersion
    ) throws(SealiftError) -> DeletionProof? {
        do throws(StoreFailure) {
            let rows = try access.store.watched(in: path).filter {
                $0.name == name && $0.version == version.digest
            }
            var receipts: [Receipt?] = []
            for recipient in recipients {
                let evidence = rows.first { $0.recipient == recipient }?.receipt
                guard let evidence else { return nil }
                receipts.append(try access.store.receipt(evidence))
            }
            return DeletionProof(receipts, givenBy: access.device.publicKeys)
        } catch {
            throw SealiftError(log: error)
        }
    }

    private func tell(_ outcome: CheckpointRemover.Outcome, of name: [UInt8]) {
        switch outcome {
        case .deleted: observer.handle(.deleted(name: name))
        case .kept(let reason): observer.handle(.kept(name: name, reason: reason))
        }
    }
}

/// Tells an observer of one thing at a time: deliveries have a thread each.
final class WatchTurn: Sendable {
    private let observer: any WatchObserver
    private let turn = Mutex(())

    init(_ observer: any WatchObserver) { self.observer = observer }

    func handle(_ event: WatchEvent) {
        turn.withLock { _ in observer.handle(event) }
    }
}

/// Tells what happens to one delivery.
private struct DeliveryWatcher: TransferObserver {
    private let turn: WatchTurn
    private let name: [UInt8]
    private let contact: String

    init(_ turn: WatchTurn, name: [UInt8], contact: String) {
        self.turn = turn
        self.name = name
        self.contact = contact
    }

    func handle(_ event: TransferEvent) {
        switch event {
        case .offer(let contact, let standing):
            turn.handle(.offer(name: name, contact: contact, standing))
        case .progress(let progress):
            turn.handle(.progress(name: name, contact: contact, progress))
        case .warning(let warning):
            turn.handle(.warning(TransferWarning(warning.message, path: warning.path ?? name)))
        case .ticket, .code, .listening, .connected, .moved, .reconnecting, .file, .delivered,
            .gone:
            break
        }
    }

    func decide(_ offer: OfferSummary) -> Decision { .accept }
}

import SealiftBase
import SealiftContent
import SealiftIO
import SealiftPeople
import SealiftStore
import SealiftTransfer

/// What a run of `sync` does with files that the share has no more.
public enum SyncPruning: Sendable {
    /// They are named, and stay.
    case listed
    /// Those that `sync` placed and nobody changed since are deleted.
    case deleted
}

/// Keeps a folder current with what a contact shares: as ``getShare(_:into:_:observer:cancellation:prepare:)``,
/// but what earlier runs brought is known, and not brought again where it is still the same.
/// - Parameter prepare: sets what the receiver is to do; its ticket and its network are set already. It
///   always takes everything.
///
/// Blocks; call it from a thread that may.
public func syncShare(
    _ place: SharePath, into output: [UInt8], _ pruning: SyncPruning, _ reach: ContactReach,
    observer: any TransferObserver, cancellation: Cancellation,
    prepare: (inout ReceiveOptions) -> Void
) throws(SealiftError) -> TransferSummary {
    var reach = reach
    reach.passphrase = reach.passphrase.askingOnce()
    var scope = Array((place.share ?? "").utf8)
    if let path = place.path { scope += [UInt8(ascii: "/")] + path.bytes }
    let ledger = SyncLedger(scope: scope)
    let summary = try getShare(
        place, into: output, reach, observer: observer, cancellation: cancellation
    ) {
        prepare(&$0)
        $0.selection = .everything
        $0.ledger = ledger
    }
    let gone = ledger.gone
    guard !gone.isEmpty else { return summary }
    // A share that is empty all at once is more likely a disk that is not there.
    guard pruning == .deleted, summary.files > 0 else {
        for file in gone { observer.handle(.gone(path: file.path, .stays)) }
        if pruning == .deleted {
            observer.handle(
                .warning(TransferWarning("the share is empty: nothing is deleted for that")))
        }
        return summary
    }
    let access = try ContactAccess(home: reach.home, passphrase: reach.passphrase)
    let pruner: SyncPruner
    do throws(SystemError) {
        pruner = SyncPruner(
            root: try DirectoryHandle.open(path: output),
            path: try ScanRoot.canonicalPath(of: output), log: access.log)
    } catch {
        throw SealiftError(argument: output, error)
    }
    for file in gone {
        guard !cancellation.isRequested else { throw .interrupted(byUserOf: .receive) }
        observer.handle(.gone(path: file.path, try pruner.delete(file)))
    }
    return summary
}

/// Waits until the next round of `sync` is due.
/// - Returns: false where the user stopped it.
public func waitForNextRound(_ pause: Duration, _ cancellation: Cancellation) -> Bool {
    let sleep = BoundedQueue<Never>(capacity: 1)
    cancellation.whenRequested { sleep.close() }
    guard case .timedOut = sleep.pop(until: MonotonicClock.now() + pause) else { return false }
    return !cancellation.isRequested
}

/// Deletes files that `sync` placed, each after it is in the log.
struct SyncPruner {
    static let reason = "sync_gone"
    static let keptReason = "sync_kept"

    let root: DirectoryHandle
    /// The folder's absolute path, for the log.
    let path: [UInt8]
    let log: AuditLog
    /// Called between the log's entry and the deletion, where tests interfere.
    var onLogged: () -> Void = {}

    /// Deletes `file` where it is still the very same.
    func delete(_ file: SyncLedger.GoneFile) throws(SealiftError) -> GoneOutcome {
        guard isSame(file) else { return .changed }
        try note(file, Self.reason, .none)
        onLogged()
        let isGone: Bool
        do throws(SystemError) { isGone = try remove(file) } catch { isGone = false }
        if !isGone { try note(file, Self.keptReason, .failed) }
        return isGone ? .deleted : .changed
    }

    /// Anchored at the folder: no link on the way is followed, and none is removed for a file.
    private func remove(_ file: SyncLedger.GoneFile) throws(SystemError) -> Bool {
        let (parent, name) = try root.openParent(of: file.path)
        let open = try parent.openFile(name, for: .reading)
        // Nobody begins to write to it between the look and the removal.
        defer { open.giveLeaseUp() }
        guard open.takeReadLease() != .refused,
            try open.status().describesSameContent(as: file.status), isSame(file)
        else { return false }
        try parent.unlink(name)
        return true
    }

    private func isSame(_ file: SyncLedger.GoneFile) -> Bool {
        guard let status = try? root.status(of: file.path) else { return false }
        return status.describesSameContent(as: file.status)
    }

    private func note(
        _ file: SyncLedger.GoneFile, _ reason: String, _ result: AuditEntry.Result
    ) throws(SealiftError) {
        do throws(StoreFailure) {
            try log.append(
                AuditEntry(
                    .deleted, at: SystemWallClock.now(), direction: .received, decision: .user,
                    result: result, subject: path + [UInt8(ascii: "/")] + file.path,
                    reason: reason))
        } catch {
            throw SealiftError(log: error)
        }
    }
}

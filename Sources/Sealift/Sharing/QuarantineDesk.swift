import Glibc
import SealiftBase
import SealiftIO
import SealiftPeople
import SealiftStore

/// Carries out the user's word on what lies in quarantine. What is to be done joins the log first; then it is
/// done; then the log hears that it is. A crash on the way is taken up by saying the same again.
struct QuarantineDesk {
    let log: AuditLog
    let store: Store
    /// Called between the steps, where tests interfere; an error ends it there, as a kill would.
    var onStep: (Step) throws(SystemError) -> Void = { _ in }
    /// As for ``QuarantineRelease``.
    var strategy = DirectoryHandle.RenameStrategy.automatic
    /// As for ``QuarantineRelease``.
    var onNumbered: (NumberedItem) -> Void = { _ in }

    /// The steps, each when it is done.
    enum Step: CaseIterable {
        /// It is in the log that it is to be done.
        case logged
        /// Files are executable again that were offered so.
        case prepared
        /// All is moved, or deleted.
        case carriedOut
        /// It is in the log that it is done.
        case settled
    }

    /// Moves it to the folder at `path`, an absolute path without links; nil for where it was to go.
    func release(_ offer: StoredOffer, into path: [UInt8]?) throws(SealiftError) -> StoredOffer {
        let id = offer.incoming.id
        guard offer.state.after(.release) != nil, let root = offer.quarantine else {
            throw offer.notHeld
        }
        let path = path ?? offer.destination ?? root
        let shown = PrintableText.escape(QuarantinePlace.path(of: id, in: root))
        let place: QuarantinePlace
        let target: DirectoryHandle
        do throws(SystemError) {
            guard let found = try QuarantinePlace.find(id, in: root) else {
                throw SystemError(code: ENOENT, operation: "open directory")
            }
            place = found
        } catch {
            throw SealiftError(
                error.isMissing ? .sourceNotFound : .sourceUnreadable,
                "what was held is not there any more, or cannot be opened: \(shown)",
                advice: "If it is on a volume that is not mounted, mount it and run this again. "
                    + "`sealift inbox discard \(id.description.prefix(8))` takes it off the list.",
                cause: error.reason)
        }
        do throws(SystemError) {
            target = path == root ? place.root : try DirectoryHandle.open(path: path)
            guard try target.status().device == place.content.status().device else {
                throw SystemError(code: EXDEV, operation: "release")
            }
        } catch {
            throw Self.failed(error, into: path)
        }
        var stored: StoredOffer
        switch try storing({ () throws(StoreFailure) in try log.releaseOffer(id, into: path) }) {
        case .success(let offer): stored = offer
        case .failure(let refusal): throw SealiftError(offer: refusal)
        }
        do throws(SystemError) {
            try onStep(.logged)
            let release = QuarantineRelease(
                place: place, destination: target, strategy: strategy, onNumbered: onNumbered)
            try release.giveExecutableBits()
            try onStep(.prepared)
            try release.move()
            try onStep(.carriedOut)
        } catch {
            throw Self.failed(error, into: path)
        }
        switch try storing({ () throws(StoreFailure) in try log.endRelease(id) }) {
        case .success(let offer): stored = offer
        case .failure(let refusal):
            // Another run was faster, or discards what is left.
            guard case .found(let now) = store.offer(id), now.state == .done else {
                throw SealiftError(offer: refusal)
            }
            stored = now
        }
        do throws(SystemError) { try onStep(.settled) } catch {
            throw Self.failed(error, into: path)
        }
        // What is left is empty, or sealift's own; nothing is lost where it stays.
        try? QuarantinePlace.remove(id, in: root, leaving: .nothing)
        return stored
    }

    /// Deletes it.
    func discard(_ offer: StoredOffer) throws(SealiftError) -> StoredOffer {
        let id = offer.incoming.id
        guard offer.state.after(.discard) != nil, let root = offer.quarantine else {
            throw offer.notHeld
        }
        // A folder that is away, as on a volume that is not mounted, may come back with all that is in it.
        do throws(SystemError) { _ = try DirectoryHandle.open(path: root) } catch {
            throw SealiftError(
                error.isMissing ? .sourceNotFound : .sourceUnreadable,
                "the folder \(PrintableText.escape(root)) that it is held in cannot be opened",
                advice: "Mount its volume, or make the folder anew if you deleted it; then run "
                    + "this again.", cause: error.reason)
        }
        switch try storing({ () throws(StoreFailure) in try log.discardOffer(id) }) {
        case .success: break
        case .failure(let refusal): throw SealiftError(offer: refusal)
        }
        do throws(SystemError) {
            try onStep(.logged)
            try QuarantinePlace.remove(id, in: root)
            try onStep(.carriedOut)
        } catch {
            throw SealiftError(
                error.isDenied ? .permissionDenied : .storageFailed,
                "not all of it could be deleted",
                advice: "Look at the cause, then run the same command again.", cause: "\(error)")
        }
        switch try storing({ () throws(StoreFailure) in try log.endDiscard(id) }) {
        case .success(let offer): return offer
        case .failure(let refusal):
            guard case .found(let now) = store.offer(id), now.state == .discarded else {
                throw SealiftError(offer: refusal)
            }
            return now
        }
    }

    /// What stopped a release.
    private static func failed(_ error: SystemError, into path: [UInt8]) -> SealiftError {
        let folder = PrintableText.escape(path)
        if error.isOtherVolume {
            return SealiftError(
                .usage, "\(folder) is on another file system than what is held",
                advice: "Release it into its own folder, or into one beside it, and copy it from "
                    + "there.")
        }
        if error.isMissing {
            return SealiftError(
                .sourceNotFound, "the folder \(folder) is not there",
                advice: "Make it, or name another by --into.", cause: "\(error)")
        }
        return SealiftError(
            error.isDenied ? .permissionDenied : .storageFailed,
            "not all of it could be moved into \(folder)",
            advice: "Nothing is lost: what was moved is there, and the rest is held. Look at the "
                + "cause, then run the same command again.", cause: "\(error)")
    }
}

extension StoredOffer {
    /// Why nothing can be released or discarded.
    fileprivate var notHeld: SealiftError {
        let advice = "`sealift inbox list --all` shows what became of it."
        return switch state {
        case .waiting, .accepted:
            SealiftError(
                .offerSettled, "nothing of the offer is held: it has not come", advice: advice)
        case .discarding:
            SealiftError(
                .offerSettled, "the offer is being deleted, and part of it may be gone",
                advice: "`sealift inbox discard \(incoming.id.description.prefix(8))` ends that.")
        case .declined, .done, .held, .releasing, .discarded:
            SealiftError(.offerSettled, "nothing of the offer is held any more", advice: advice)
        }
    }
}

extension InboxItem.State {
    /// Whether something of it is in quarantine.
    var isHeld: Bool {
        switch self {
        case .held, .releasing, .discarding: true
        case .waiting, .accepted, .declined, .done, .discarded: false
        }
    }
}

extension SealiftError {
    /// It is here already.
    static let stillHeld = SealiftError(
        .offerSettled, "the offer is here already, held in quarantine",
        advice: "`sealift inbox release` moves it to its folder, `sealift inbox discard` deletes "
            + "it.")
}

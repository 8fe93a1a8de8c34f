internal import SealiftBase
internal import SealiftContent

/// The manifest under way, as far as it was computed.
struct ManifestTask {
    /// Entries that the receiver leaves out.
    let skipped: IntervalSet
    /// The entry to take next.
    var next = FileIndex.firstEntry
    var hasher = ManifestHasher()
    var files: UInt64 = 0
    var bytes: UInt64 = 0
}

/// The manifest of everything, computed in idle time as files become whole, so that the answer to
/// *complete* need not wait for a walk through the whole listing. It holds only where nothing is left
/// out in the end.
struct ForeseenManifest {
    /// Empty files that may be passed before they are told of.
    static let mostUntold = 1_024

    var task = ManifestTask(skipped: IntervalSet())
    /// Empty files passed: they are told of when the receiver has everything.
    var untold: [FileIndex] = []
}

extension SenderWorker {
    /// Begins with the manifest over everything but `skipped` and what failed.
    mutating func beginManifest(skipped: IntervalSet) {
        manifest = ManifestTask(skipped: skipped)
        guard skipped.isEmpty, let foreseen else { return }
        self.foreseen = nil
        do throws(WorkFailure) {
            for file in foreseen.untold {
                guard let entry = try entry(at: file) else { continue }
                report(file, entry, ContentID(length: 0, root: .zero), isServed: true)
            }
            manifest = foreseen.task
        } catch {
            // The walk from the first entry on meets the same failure, and tells of it.
        }
    }

    /// Goes a bounded step on with the manifest before it is asked for: through files served whole in
    /// this session, and what has no content.
    /// - Returns: whether there was anything to do.
    mutating func foresee() throws(WorkFailure) -> Bool {
        guard var foreseen else { return false }
        self.foreseen = nil
        let first = foreseen.task.next
        for _ in 0..<1_024 {
            guard let entry = try entry(at: foreseen.task.next),
                try pass(entry, in: &foreseen)
            else { break }
            foreseen.task.next = foreseen.task.next.next
        }
        self.foreseen = foreseen
        return foreseen.task.next != first
    }

    /// Something new is known of a file: a manifest that holds it already is foreseen no longer. It does
    /// not begin anew, so that a receiver that asks again and again costs nothing.
    mutating func reconsider(_ file: FileIndex) {
        if let foreseen, file < foreseen.task.next { self.foreseen = nil }
    }

    /// Takes one entry more into the manifest foreseen; false where it is not known yet.
    private mutating func pass(
        _ entry: ListingEntry, in foreseen: inout ForeseenManifest
    ) throws(WorkFailure) -> Bool {
        let file = foreseen.task.next
        guard !failed.contains(file) else { return true }
        var root: Hash256?
        if case .file(let facts) = entry.kind {
            if facts.size > 0 {
                guard reported.contains(file.rawValue) else { return false }
                do { root = try source.root(of: file) } catch { throw .storage(error) }
                guard root != nil else { return false }
            } else {
                guard foreseen.untold.count < ForeseenManifest.mostUntold else { return false }
                foreseen.untold.append(file)
            }
            foreseen.task.files += 1
            foreseen.task.bytes += facts.size
        }
        foreseen.task.hasher.append(entry, root: root)
        return true
    }

    mutating func advance(_ task: ManifestTask) throws(WorkFailure) {
        var task = task
        for _ in 0..<1_024 {
            guard let entry = try entry(at: task.next) else {
                manifest = nil
                pending.append(
                    .manifest(
                        Completion(
                            root: task.hasher.finalize(), files: task.files, bytes: task.bytes)))
                return
            }
            let isLeftOut =
                task.skipped.contains(task.next.rawValue) || failed.contains(task.next)
            if !isLeftOut {
                var root: Hash256?
                if case .file(let facts) = entry.kind {
                    if facts.size > 0 {
                        root = try knownRoot(of: task.next, entry: entry)
                        guard root != nil else {
                            // One piece closer to the root; the task comes back to this entry.
                            try hashNextMissing(of: task.next, entry: entry, facts)
                            manifest = task
                            return
                        }
                    }
                    task.files += 1
                    task.bytes += facts.size
                    // What was not read in this session: empty files, and those that were there.
                    report(
                        task.next, entry, ContentID(length: facts.size, root: root ?? .zero),
                        isServed: facts.size == 0)
                }
                task.hasher.append(entry, root: root)
                do {
                    try source.noteManifest(entry, root: root)
                } catch { throw .storage(error) }
            }
            task.next = task.next.next
        }
        manifest = task
    }

    private mutating func knownRoot(
        of file: FileIndex, entry: ListingEntry
    ) throws(WorkFailure) -> Hash256? {
        do throws(StorageFailure) {
            if let root = try source.root(of: file) { return root }
            guard let hashes = source.rememberedHashes(of: file, entry: entry),
                let root = hashes.root()
            else { return nil }
            try source.storeRoot(root, of: file)
            return root
        } catch { throw .storage(error) }
    }

    private mutating func hashNextMissing(
        of file: FileIndex, entry: ListingEntry, _ facts: FileEntry
    ) throws(WorkFailure) {
        let table =
            files[file]?.hashes ?? PieceHashes(layout: facts.pieceLayout)
        if let missing = table.firstMissing() {
            try hashInBackground(missing, of: file, entry: entry, facts)
        } else if let root = table.root() {
            // Nothing but holes: there is nothing to read.
            do { try source.storeRoot(root, of: file) } catch { throw .storage(error) }
        }
    }
}

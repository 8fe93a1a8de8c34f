internal import SealiftBase
internal import SealiftContent

extension ReceiverWorker {
    /// How far finishing is.
    enum Ending {
        /// Files wait for the sender's word.
        case gathering
        /// Placed files are read back from the disk.
        case verifying(ListingWalker, reading: (FileIndex, ListingEntry)?)
    }

    /// Goes one bounded step towards the end.
    mutating func finish(_ outputs: inout [ReceiverOutput]) throws(WorkFailure) {
        switch ending {
        case nil:
            return
        case .gathering:
            try flush(&outputs)
            guard files.isEmpty, let listing else { return }
            try storing { store throws(StorageFailure) in try store.settle() }
            guard choices.verifiesDisk else { break }
            ending = .verifying(
                ListingWalker(length: listing.offer.listing.length), reading: nil)
            outputs.append(.finishing)
            return
        case .verifying(var walker, var reading):
            ending = nil
            let isDone = try verify(&walker, &reading, &outputs)
            if !isDone {
                ending = .verifying(walker, reading: reading)
                outputs.append(.finishing)
                return
            }
        }
        ending = nil
        let completion = try manifest()
        outputs.append(.finished(completion, skipped: skipped))
    }

    /// Reads back a bounded part of what was placed; true when nothing is left.
    private mutating func verify(
        _ walker: inout ListingWalker, _ reading: inout (FileIndex, ListingEntry)?,
        _ outputs: inout [ReceiverOutput]
    ) throws(WorkFailure) -> Bool {
        // So many small files, or one bounded part of a large one.
        for _ in 0..<256 {
            if reading == nil { reading = try next(of: &walker) }
            guard let (file, entry) = reading else { return true }
            guard entry.entryKind == .file, !leftOut.contains(file.rawValue) else {
                reading = nil
                continue
            }
            let number = decisions.placement(of: file).number
            let step = try storing { store throws(StorageFailure) in
                try store.verify(entry, number: number)
            }
            if step == .reading { return false }
            reading = nil
            let root = try storing { store throws(StorageFailure) in try store.root(of: file) }
            guard step != .read(root ?? .zero) else { continue }
            try storing { store throws(StorageFailure) in
                try store.refute(entry, number: number)
            }
            // Not told to the sender: the two roots are to differ, so that the ticket stays open.
            leftOut.insert(file.rawValue)
            isIncomplete = true
            let content = ContentID(length: entry.file?.size ?? 0, root: root ?? .zero)
            outputs.append(.fileDone(file, path: entry.path, content: content, .diskRefuted))
        }
        return false
    }

    private mutating func manifest() throws(WorkFailure) -> Completion {
        guard let listing else { return Completion(root: .zero, files: 0, bytes: 0) }
        var walker = ListingWalker(length: listing.offer.listing.length)
        var hasher = ManifestHasher()
        var completion = Completion(root: .zero, files: 0, bytes: 0)
        while let (file, entry) = try next(of: &walker) {
            guard !leftOut.contains(file.rawValue) else { continue }
            var root: Hash256?
            if case .file(let facts) = entry.kind {
                root = try storing { store throws(StorageFailure) in try store.root(of: file) }
                completion.files += 1
                completion.bytes += facts.size
            }
            hasher.append(entry, root: root)
            try storing { store throws(StorageFailure) in
                try store.noteManifest(entry, root: root)
            }
        }
        completion.root = hasher.finalize()
        return completion
    }
}

internal import SealiftBase
internal import SealiftContent

extension ReceiverWorker {
    /// Entries that one command plans at most, so that a listing of millions of empty files, or of
    /// files left out, does not keep everything else waiting.
    private static var mostEntriesAtOnce: Int { 1_024 }

    mutating func plan(
        _ wish: PlanWish, _ outputs: inout [ReceiverOutput]
    ) throws(WorkFailure) {
        guard var planner else { return }
        if wish.contains(.pieces) {
            var run = planner.popRun()
            var entriesLeft = Self.mostEntriesAtOnce
            while run == nil, !planner.isAtEnd, !planner.isHeld, entriesLeft > 0 {
                entriesLeft -= 1
                if let (file, entry) = try next(of: &planner.walker) {
                    try begin(file, entry, &planner, &outputs)
                } else {
                    planner.endOfListing()
                }
                run = planner.popRun()
            }
            if let run { outputs.append(.planned(run)) }
        }
        if wish.contains(.hashes), let run = planner.popHashes() { outputs.append(.planned(run)) }
        let pieces: PlanAnswer.Pieces =
            if planner.hasPieces {
                .more
            } else if planner.isAtEnd {
                .none
            } else {
                planner.isHeld ? .held : .more
            }
        outputs.append(.planAnswered(PlanAnswer(pieces: pieces, hasHashes: planner.hasHashes)))
        self.planner = planner
    }

    /// Begins with an entry, in listing order.
    private mutating func begin(
        _ file: FileIndex, _ entry: ListingEntry, _ planner: inout ReceiverPlanner,
        _ outputs: inout [ReceiverOutput]
    ) throws(WorkFailure) {
        if let reason = decisions.reasonToSkip(file) {
            planner.leaveOut()
            if let facts = entry.file {
                outputs.append(
                    .fileDone(
                        file, path: entry.path,
                        content: ContentID(length: facts.size, root: .zero), .skipped(reason)))
            }
            return
        }
        switch entry.kind {
        case .directory:
            try storing { store throws(StorageFailure) in try store.makeDirectory(entry) }
        case .symbolicLink(let target):
            try makeLink(file, entry, target, &outputs)
        case .file(let facts):
            try begin(file, entry, facts, &planner, &outputs)
        }
    }

    private mutating func makeLink(
        _ file: FileIndex, _ entry: ListingEntry, _ target: LinkTarget,
        _ outputs: inout [ReceiverOutput]
    ) throws(WorkFailure) {
        guard !decisions.placed.contains(file.rawValue) else { return }
        let placement = decisions.placement(of: file)
        do throws(StorageFailure) {
            try store.makeSymbolicLink(entry, target: target.bytes, placement)
        } catch {
            guard error.kind == .exists else { throw .storage(error) }
            leaveOut(file)
            isIncomplete = true
            let content = ContentID(length: UInt64(target.bytes.count), root: .zero)
            outputs.append(
                .fileDone(file, path: entry.path, content: content, .unplaced(error)))
        }
    }

    private mutating func begin(
        _ file: FileIndex, _ entry: ListingEntry, _ facts: FileEntry,
        _ planner: inout ReceiverPlanner, _ outputs: inout [ReceiverOutput]
    ) throws(WorkFailure) {
        if decisions.placed.contains(file.rawValue),
            let root = try storing({ store throws(StorageFailure) in
                try store.placedRoot(of: entry)
            })
        {
            // Of an empty file, or one of holes, the sender has nothing to confirm.
            let hashes = PieceHashes(layout: facts.pieceLayout)
            if hashes.isComplete, hashes.root() ?? .zero == root {
                try confirmPlaced(
                    file, entry, ContentID(length: facts.size, root: root), &outputs)
                return
            }
            files[file] = FileInProgress(
                entry: entry, facts: facts, proven: hashes, claim: .placed(root))
            planner.appendHashes(of: file, facts.pieceLayout)
            return
        }
        if facts.size == 0 {
            try storing { store throws(StorageFailure) in
                try store.stageWhole(
                    file, entry: entry, content: UnsafeRawBufferPointer(start: nil, count: 0))
            }
            try publish(file, entry.path, ContentID(length: 0, root: .zero))
            return
        }
        let claim = try openStaging(file, entry, facts)
        files[file] = FileInProgress(
            entry: entry, facts: facts, proven: PieceHashes(layout: facts.pieceLayout),
            claim: claim)
        switch claim {
        case .whole: planner.appendHashes(of: file, facts.pieceLayout)
        case .pieces(let claimed): planner.append(file, facts.pieceLayout, claimed: claimed)
        case .nothing, .placed: planner.append(file, facts.pieceLayout, claimed: nil)
        }
        // A file of nothing but holes has no piece to wait for.
        if facts.pieceLayout.dataPieceCount == 0 { try finishIfWhole(file, &outputs) }
    }

    /// Opens what an earlier run staged of a file, or begins anew.
    mutating func openStaging(
        _ file: FileIndex, _ entry: ListingEntry, _ facts: FileEntry
    ) throws(WorkFailure) -> Claim {
        if facts.pieceLayout.pieceCount > 1 {
            let claimed = try storing { store throws(StorageFailure) in
                try store.openStaging(file, entry: entry)
            }
            return claimed.map(Claim.pieces) ?? .nothing
        }
        let staged = try storing { store throws(StorageFailure) in
            try store.stagedWhole(of: entry)
        }
        return staged.map(Claim.whole) ?? .nothing
    }
}

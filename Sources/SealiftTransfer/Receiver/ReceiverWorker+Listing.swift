internal import SealiftBase
internal import SealiftContent
internal import SealiftTransport

extension ReceiverWorker {
    mutating func storeListing(
        _ piece: PieceIndex, _ buffer: ObjectBuffer, _ outputs: inout [ReceiverOutput]
    ) throws(WorkFailure) {
        guard var current = listing else { return }
        let isOnly = PieceGeometry.pieceCount(of: current.offer.listing.length) == 1
        guard let hash = buffer.statedHash,
            PieceHasher.hash(UnsafeRawBufferPointer(buffer.content), isOnlyPiece: isOnly) == hash
        else {
            outputs.append(.pieceRefuted(.listing, piece))
            return
        }
        let offset = piece.rawValue * UInt64(PieceGeometry.pieceSize)
        try storing { store throws(StorageFailure) in
            try store.writeListing(UnsafeRawBufferPointer(buffer.content), at: offset)
        }
        current.hashes.set(hash, for: piece)
        listing = current
        outputs.append(.proven(.listing, piece, bytes: UInt64(buffer.content.count)))
        if current.hashes.isComplete { try reviewListing(current, &outputs) }
    }

    /// Checks the whole listing and decides what is to become of each entry.
    private mutating func reviewListing(
        _ current: ListingInPreparation, _ outputs: inout [ReceiverOutput]
    ) throws(WorkFailure) {
        guard current.hashes.root() == current.offer.listing.root else {
            throw .violation(.listing("its root is not the one offered"))
        }
        let length = current.offer.listing.length
        var review = ListingReview(
            choices: choices, totals: current.offer.totals,
            freeSpace: try storing { store throws(StorageFailure) in try store.freeSpace() })
        var walker = ListingWalker(length: length)
        while let (file, entry) = try next(of: &walker) {
            guard review.wants(file, entry) else { continue }
            let (state, staged) = try storing { store throws(StorageFailure) in
                (try store.destination(of: entry), try store.stagedContent(of: entry))
            }
            review.take(file, entry, state, staged: staged)
        }
        guard walker.totals == current.offer.totals else {
            throw .violation(.listing("its totals are not those offered"))
        }
        review.endOfListing()
        if review.needsNumbers {
            var walker = ListingWalker(length: length)
            while let (_, entry) = try next(of: &walker) { review.noteName(entry.path) }
            try storing { store throws(StorageFailure) in
                try review.giveNumbers { path throws(StorageFailure) in try store.isFree(path) }
            }
        }
        review.finish()
        decisions = review.decisions
        leftOut = decisions.leftOut
        skipped = leftOut
        planner = ReceiverPlanner(listingLength: length)
        outputs.append(.listingReady(review.summary))
    }

    mutating func next(
        of walker: inout ListingWalker
    ) throws(WorkFailure) -> (FileIndex, ListingEntry)? {
        do throws(ListingWalker.Failure) {
            return try walker.next { offset, buffer throws(StorageFailure) in
                try store.readListing(at: offset, into: buffer)
            }
        } catch {
            switch error {
            case .storage(let failure): throw .storage(failure)
            case .listing(let violation):
                throw .violation(.listing(violation.description))
            }
        }
    }
}

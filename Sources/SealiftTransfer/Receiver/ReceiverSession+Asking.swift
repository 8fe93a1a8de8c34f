internal import DequeModule
internal import SealiftBase
internal import SealiftContent
internal import SealiftTransport

// What to ask for, and when there is nothing left.
extension ReceiverSession {
    /// Asks for as much as the window allows, keeps the plan ahead, and ends when nothing is left.
    mutating func ask() {
        switch phase {
        case .fetchingListing:
            while window.isOpen, let listing = offer?.listing,
                let run = PlannedRun.listing(length: listing.length, from: nextListingPiece)
            {
                nextListingPiece += PlannedRun.listingRunPieces
                request(run)
            }
        case .claiming, .transferring:
            while window.isOpen, let run = planned.popFirst() { request(run) }
            while hashRequests < Self.mostHashRequests, hashBytes < Self.mostHashBytes,
                let run = plannedHashes.popFirst()
            {
                request(run)
            }
            plan()
            if phase == .transferring, !isPlanning, lastAnswer?.pieces == PlanAnswer.Pieces.none,
                lastAnswer?.hasHashes == false, planned.isEmpty, plannedHashes.isEmpty,
                outstanding.isEmpty, beingStored == 0, beingCompared == 0
            {
                phase = .finishing
                actions.append(.work(.finish))
            }
        default:
            break
        }
    }

    /// Has more planned where too little is.
    private mutating func plan() {
        guard !isPlanning else { return }
        var wish: PlanWish = []
        if planned.count < Self.plannedAhead, (lastAnswer?.pieces ?? .more) == .more {
            wish.insert(.pieces)
        }
        if plannedHashes.count < Self.plannedAhead, lastAnswer?.hasHashes ?? true {
            wish.insert(.hashes)
        }
        guard !wish.isEmpty else { return }
        isPlanning = true
        actions.append(.work(.plan(wish)))
    }

    private mutating func request(_ run: PlannedRun) {
        let first = nextObject
        switch run.subject {
        case .pieces(let pieces):
            guard let start = pieces.first else { return }
            nextObject = ObjectID(rawValue: first.rawValue + UInt64(pieces.count))
            actions.append(
                .expectObjects(
                    first: first, lengths: pieces.map { $0.length + Hash256.byteCount }))
            actions.append(
                .send(
                    .request(
                        PieceRequest(
                            firstObject: first, file: start.file, piece: start.piece,
                            count: UInt64(pieces.count)))))
            for (offset, piece) in pieces.enumerated() {
                let object = ObjectID(rawValue: first.rawValue + UInt64(offset))
                highestRequestedFile = max(highestRequestedFile, piece.file)
                if failedFiles.contains(piece.file) {
                    actions.append(.withdraw(object))
                } else {
                    window.requested(UInt64(piece.length))
                    outstanding[object] = .piece(piece.file, piece.piece, length: piece.length)
                }
            }
        case .hashes(let file, let firstPiece, let count):
            guard !failedFiles.contains(file) else { return }
            nextObject = ObjectID(rawValue: first.rawValue + 1)
            highestRequestedFile = max(highestRequestedFile, file)
            let bytes = Int(count) * Hash256.byteCount
            actions.append(.expectObjects(first: first, lengths: [bytes]))
            actions.append(
                .send(
                    .hashRequest(
                        HashRequest(
                            object: first, file: file, firstPiece: firstPiece, count: count))))
            hashRequests += 1
            hashBytes += bytes
            outstanding[first] = .hashes(file, firstPiece: firstPiece, bytes: bytes)
        }
    }
}

internal import SealiftBase
internal import SealiftContent
internal import SealiftTransport

extension ReceiverWorker {
    mutating func store(
        _ file: FileIndex, _ piece: PieceIndex, _ buffer: ObjectBuffer,
        _ outputs: inout [ReceiverOutput]
    ) throws(WorkFailure) {
        guard var progress = files.removeValue(forKey: file) else {
            outputs.append(.discarded(bytes: UInt64(buffer.content.count)))
            return
        }
        let isOnly = PieceGeometry.pieceCount(of: progress.facts.size) == 1
        let content = UnsafeRawBufferPointer(buffer.content)
        guard let hash = buffer.statedHash,
            PieceHasher.hash(content, isOnlyPiece: isOnly) == hash
        else {
            files[file] = progress
            outputs.append(.pieceRefuted(file, piece))
            return
        }
        if isOnly {
            let entry = progress.entry
            try storing { store throws(StorageFailure) in
                try store.stageWhole(file, entry: entry, content: content)
            }
            outputs.append(.proven(file, piece, bytes: UInt64(content.count)))
            try publish(file, entry.path, ContentID(length: progress.facts.size, root: hash))
            return
        }
        try storing { store throws(StorageFailure) in
            try store.writePiece(piece, of: file, content: content, hash: hash)
        }
        progress.proven.set(hash, for: piece)
        files[file] = progress
        outputs.append(.proven(file, piece, bytes: UInt64(content.count)))
        try finishIfWhole(file, &outputs)
    }

    mutating func storeZero(
        _ file: FileIndex, _ piece: PieceIndex, _ outputs: inout [ReceiverOutput]
    ) throws(WorkFailure) {
        guard let progress = files[file] else {
            outputs.append(.discarded(bytes: UInt64(PieceGeometry.pieceSize)))
            return
        }
        // Only a whole piece of a file can be announced as zeros (docs/PROTOCOL.md §7.1).
        let buffer = ObjectBuffer(count: Hash256.byteCount + PieceGeometry.pieceSize)
        buffer.bytes.initializeMemory(as: UInt8.self, repeating: 0)
        PieceHasher.hash(
            UnsafeRawBufferPointer(buffer.content),
            isOnlyPiece: PieceGeometry.pieceCount(of: progress.facts.size) == 1
        ).copyBytes(to: buffer.bytes)
        try store(file, piece, buffer, &outputs)
    }

    // MARK: What an earlier run proved

    mutating func compareHashes(
        _ file: FileIndex, _ firstPiece: PieceIndex, _ buffer: ObjectBuffer,
        _ outputs: inout [ReceiverOutput]
    ) throws(WorkFailure) {
        guard var progress = files.removeValue(forKey: file) else { return }
        switch progress.claim {
        case .nothing:
            files[file] = progress
        case .pieces(let claimed):
            let refuted = compare(
                claimed, with: buffer, firstPiece, of: file, &progress, &outputs)
            if !refuted.isEmpty {
                try storing { store throws(StorageFailure) in
                    try store.forgetPieces(refuted, of: file)
                }
                planner?.appendAgain(refuted, of: file, progress.facts.pieceLayout)
            }
            files[file] = progress
            try finishIfWhole(file, &outputs)
        case .whole(let root):
            guard buffer.hash(at: 0) == root else {
                outputs.append(.outdated(bytes: progress.facts.size))
                fetch(file, &progress, claim: .nothing)
                return
            }
            let entry = progress.entry
            try storing { store throws(StorageFailure) in
                try store.adoptWhole(file, entry: entry)
            }
            outputs.append(.reused(file, bytes: progress.facts.pieceLayout.dataBytes))
            try publish(file, entry.path, ContentID(length: progress.facts.size, root: root))
        case .placed(let root):
            for index in 0..<(buffer.count / Hash256.byteCount) {
                let piece = PieceIndex(firstPiece.rawValue + UInt64(index))
                // A file of one piece needs no table.
                guard progress.facts.pieceLayout.pieceCount > 1,
                    let hash = buffer.hash(at: index), progress.facts.pieceLayout.isData(piece)
                else { continue }
                progress.proven.set(hash, for: piece)
            }
            let isOnly = progress.facts.pieceLayout.pieceCount == 1
            let stated = isOnly ? buffer.hash(at: 0) : progress.proven.root()
            guard let stated else {
                files[file] = progress
                return
            }
            try settlePlaced(file, &progress, root: root, stated: stated, &outputs)
        }
    }

    private func compare(
        _ claimed: PieceHashes, with buffer: ObjectBuffer, _ firstPiece: PieceIndex,
        of file: FileIndex, _ progress: inout FileInProgress, _ outputs: inout [ReceiverOutput]
    ) -> [PieceIndex] {
        let layout = progress.facts.pieceLayout
        var refuted: [PieceIndex] = []
        var (reusedBytes, refutedBytes): (UInt64, UInt64) = (0, 0)
        for index in 0..<(buffer.count / Hash256.byteCount) {
            let piece = PieceIndex(firstPiece.rawValue + UInt64(index))
            guard let ours = claimed[piece], layout.isData(piece) else { continue }
            let length = UInt64(layout.pieceLength(piece) ?? 0)
            if buffer.hash(at: index) == ours {
                progress.proven.set(ours, for: piece)
                reusedBytes += length
            } else {
                refuted.append(piece)
                refutedBytes += length
            }
        }
        if reusedBytes > 0 { outputs.append(.reused(file, bytes: reusedBytes)) }
        if refutedBytes > 0 { outputs.append(.outdated(bytes: refutedBytes)) }
        return refuted
    }

    /// The sender has stated every hash of a file that stands at its destination.
    private mutating func settlePlaced(
        _ file: FileIndex, _ progress: inout FileInProgress, root: Hash256, stated: Hash256,
        _ outputs: inout [ReceiverOutput]
    ) throws(WorkFailure) {
        if stated == root {
            try confirmPlaced(
                file, progress.entry, ContentID(length: progress.facts.size, root: root), &outputs)
            return
        }
        // What we placed is older content than the sender has now: fetch it, then replace the file.
        outputs.append(.outdated(bytes: progress.facts.pieceLayout.dataBytes))
        decisions.placed.remove(file.rawValue..<(file.rawValue + 1))
        decisions.outdated.insert(file.rawValue)
        let claim = try openStaging(file, progress.entry, progress.facts)
        fetch(file, &progress, claim: claim)
    }

    private mutating func fetch(
        _ file: FileIndex, _ progress: inout FileInProgress, claim: Claim
    ) {
        let layout = progress.facts.pieceLayout
        progress.claim = claim
        progress.proven = PieceHashes(layout: layout)
        files[file] = progress
        switch claim {
        case .whole:
            planner?.appendHashes(of: file, layout)
        case .pieces(let claimed):
            planner?.appendOutOfOrder(file, layout, claimed: claimed)
        case .nothing, .placed:
            planner?.appendOutOfOrder(file, layout, claimed: nil)
        }
    }

    mutating func confirmPlaced(
        _ file: FileIndex, _ entry: ListingEntry, _ content: ContentID,
        _ outputs: inout [ReceiverOutput]
    ) throws(WorkFailure) {
        try storing { store throws(StorageFailure) in
            try store.storeRoot(content.root, of: file)
            try store.discardStaging(of: entry)
        }
        let dataBytes = entry.pieceLayout.dataBytes
        if dataBytes > 0 { outputs.append(.reused(file, bytes: dataBytes)) }
        outputs.append(
            .fileDone(file, path: entry.path, content: content, .alreadyPlaced))
    }

    // MARK: Files

    mutating func noteRoot(
        _ file: FileIndex, _ root: Hash256, _ outputs: inout [ReceiverOutput]
    ) throws(WorkFailure) {
        files[file]?.statedRoot = root
        try finishIfWhole(file, &outputs)
    }

    mutating func finishIfWhole(
        _ file: FileIndex, _ outputs: inout [ReceiverOutput]
    ) throws(WorkFailure) {
        guard let progress = files[file], progress.proven.isComplete else { return }
        // What stands at its destination is settled by the hashes alone.
        if case .placed = progress.claim { return }
        let isAllHoles = progress.facts.pieceLayout.dataPieceCount == 0
        guard progress.statedRoot != nil || isAllHoles, let root = progress.proven.root()
        else { return }
        let content = ContentID(length: progress.facts.size, root: root)
        // Nothing was read of a file of holes, so the sender states nothing about it either.
        guard progress.statedRoot ?? root == root else {
            files.removeValue(forKey: file)
            store.closeStaging(file)
            leftOut.insert(file.rawValue)
            isIncomplete = true
            outputs.append(
                .fileDone(file, path: progress.entry.path, content: content, .rootRefuted))
            return
        }
        try publish(file, progress.entry.path, content)
    }

    mutating func drop(
        _ file: FileIndex, because failure: FileFailure, _ outputs: inout [ReceiverOutput]
    ) {
        // The sender may lose a file after its last piece: then it was published whole and stays.
        guard let progress = files.removeValue(forKey: file) else { return }
        store.closeStaging(file)
        leftOut.insert(file.rawValue)
        isIncomplete = true
        outputs.append(
            .fileDone(
                file, path: progress.entry.path,
                content: ContentID(length: progress.facts.size, root: .zero),
                .failedAtSender(failure)))
    }
}

extension ObjectBuffer {
    /// The hash at `index` of an object of hashes; nil behind its end.
    fileprivate func hash(at index: Int) -> Hash256? {
        let offset = index * Hash256.byteCount
        guard count >= offset + Hash256.byteCount else { return nil }
        return Hash256(
            UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + Hash256.byteCount)]))
    }
}

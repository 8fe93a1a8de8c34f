import SealiftBase
import SealiftContent
import SealiftIO
import SealiftPeople
import SealiftStore
import SealiftTransfer

/// Deletes a checkpoint of a watched folder: exactly what was proven to have been received, or nothing.
///
/// 1. The checkpoint is looked at: the very version that the receipts are for, nobody writes to it.
/// 2. The deletion joins the log, and what is to be done with it the database.
/// 3. The name moves into the folder's private place, where nothing else leads, and is looked at again: what
///    was swapped in at the last moment goes back to its name.
/// 4. It moves on to the name that says so, is removed, and the database forgets it.
///
/// A crash at any point is taken up by ``carryOut(_:)`` of the next run.
struct CheckpointRemover {
    /// What became of it.
    enum Outcome: Equatable {
        case deleted
        /// It is there, and why.
        case kept(String)
    }

    private static let privateName = Array(".sealift".utf8)
    static let reason = "watch_received"
    static let keptReason = "watch_kept"

    let folder: DirectoryHandle
    /// The folder's absolute path: what the database and the log call it.
    let path: [UInt8]
    let log: AuditLog
    let store: Store
    /// Called between the steps, where tests interfere; an error ends it there, as a kill would.
    var onStep: (Step) throws(SystemError) -> Void = { _ in }

    /// The steps, each when it is done.
    enum Step: CaseIterable {
        case judged
        case logged
        case moved
        case verified
    }

    /// Deletes `version` of `name`, which `proof` entitles to.
    func remove(
        _ name: [UInt8], _ version: CheckpointVersion, _ proof: DeletionProof
    ) throws(SealiftError) -> Outcome {
        guard
            let scan = CheckpointScan(
                of: name, in: folder, listedAs: name, asksForWriters: { _ in true })
        else { return .kept("it cannot be read any more") }
        guard scan.version == version else { return .kept("it changed since it was sent") }
        if let obstacle = scan.obstacle {
            return .kept("something in it was not sent: \(obstacle)")
        }
        guard !scan.isBeingWritten else { return .kept("somebody writes to it") }
        let holder: [UInt8]
        do throws(SystemError) {
            try onStep(.judged)
            holder = try SystemEntropy.bytes(PendingRemoval.holderByteCount)
        } catch {
            throw SealiftError(.internalFailure, error)
        }
        guard
            let removal = PendingRemoval(
                name: name, version: version.digest, moved: scan.moved.digest, holder: holder)
        else { return .kept("it has no place to go to") }
        do throws(StoreFailure) {
            try log.begin(removal, in: path, entry(name, proof, Self.reason, .none))
        } catch {
            throw SealiftError(log: error)
        }
        do throws(SystemError) { try onStep(.logged) } catch { return .kept(error.operation) }
        return try carryOut(removal, .logged)
    }

    private func entry(
        _ name: [UInt8], _ proof: DeletionProof?, _ reason: String, _ result: AuditEntry.Result
    ) -> AuditEntry {
        AuditEntry(
            .deleted, at: SystemWallClock.now(), direction: .sent, transfer: proof?.transfer,
            peer: proof?.peer, content: proof?.content, decision: .user, result: result,
            subject: path + [UInt8(ascii: "/")] + name, reason: reason)
    }

    /// What is known of a deletion that is in the log.
    enum Standing {
        /// It was logged a moment ago.
        case logged
        /// An earlier run logged it, and was ended somewhere on the way.
        case interrupted
    }

    /// Does, or finishes, a deletion that is in the log.
    func carryOut(_ removal: PendingRemoval, _ standing: Standing) throws(SealiftError) -> Outcome {
        let outcome: Outcome
        do throws(SystemError) { outcome = try take(removal, standing) } catch {
            // What is moved already stays where the next run finds it.
            return .kept("\(error.operation): \(error.reason)")
        }
        do throws(StoreFailure) {
            switch outcome {
            case .deleted: try store.finish(removal, in: path)
            case .kept:
                try log.abandon(
                    removal, in: path, entry(removal.name, nil, Self.keptReason, .failed))
            }
        } catch {
            throw SealiftError(log: error)
        }
        return outcome
    }

    private func take(
        _ removal: PendingRemoval, _ standing: Standing
    ) throws(SystemError) -> Outcome {
        let place = try folder.openPrivateDirectory(Self.privateName)
        // Fails where something else is in it, and is to.
        defer { try? folder.removeDirectory(Self.privateName) }
        let digits = Array(Hexadecimal.encode(removal.holder).utf8)
        let (moving, gone) = (Array("removing-".utf8) + digits, Array("removed-".utf8) + digits)
        if try place.statusIfPresent(of: gone) == nil {
            // Held until the file is removed: nobody opens it for writing meanwhile.
            var lease: OpenFile?
            defer { lease?.giveLeaseUp() }
            if try place.statusIfPresent(of: moving) == nil {
                lease = try? folder.openFile(removal.name, for: .reading)
                if lease?.takeReadLease() == .refused { return .kept("somebody writes to it") }
                if let end = try move(removal, standing, to: moving, in: place) { return end }
            }
            try onStep(.moved)
            let scan = CheckpointScan(
                of: moving, in: place, listedAs: removal.name, asksForWriters: { _ in false })
            guard let scan, scan.moved.digest == removal.moved, scan.obstacle == nil else {
                return try giveBack(removal, moving, from: place)
            }
            guard try place.renameWithoutReplacing(moving, toDirectory: place, to: gone) == .renamed
            else { return try giveBack(removal, moving, from: place) }
            try place.sync()
            try folder.sync()
        }
        try onStep(.verified)
        try place.removeTree(gone)
        try place.sync()
        return .deleted
    }

    /// Takes the name out of everybody's reach.
    /// - Returns: nil where it moved; else how this ends.
    private func move(
        _ removal: PendingRemoval, _ standing: Standing, to moving: [UInt8],
        in place: DirectoryHandle
    ) throws(SystemError) -> Outcome? {
        guard try folder.statusIfPresent(of: removal.name) != nil else { return .deleted }
        let scan = CheckpointScan(
            of: removal.name, in: folder, listedAs: removal.name, asksForWriters: { _ in false })
        guard scan?.version.digest == removal.version else {
            // What an earlier run was to delete is not there any more, whoever did it.
            return standing == .interrupted ? .deleted : .kept("it changed since it was sent")
        }
        switch try folder.renameWithoutReplacing(removal.name, toDirectory: place, to: moving) {
        case .renamed: return nil
        case .alreadyExists: return .kept("something stands in its way in .sealift")
        case .unsupported:
            return .kept("this file system cannot rename without the risk of replacing")
        }
    }

    /// What was moved is not what was to be deleted: it goes back to its name.
    private func giveBack(
        _ removal: PendingRemoval, _ moving: [UInt8], from place: DirectoryHandle
    ) throws(SystemError) -> Outcome {
        switch try place.renameWithoutReplacing(
            moving, toDirectory: folder, to: removal.name)
        {
        case .renamed: return .kept("something else was put in its place")
        case .alreadyExists, .unsupported:
            let name = String(decoding: moving, as: UTF8.self)
            return .kept("something else was put in its place, and waits as .sealift/\(name)")
        }
    }
}

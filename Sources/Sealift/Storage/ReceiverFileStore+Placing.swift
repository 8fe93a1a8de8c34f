import Glibc
import SealiftBase
import SealiftContent
import SealiftIO
import SealiftTransfer

// How proven content gets its name, so that a power cut at any moment leaves each name whole, and the
// next run knows its own files:
//
// 1. a record that the file is about to be placed (its inode, size and time) joins the log;
// 2. the volume is synced: content, journals and that record are on disk;
// 3. the file is renamed, replacing nothing, or exchanged with what it may replace;
// 4. a record with its new ctime joins the log; both last with the next sync of the volume;
// 5. after that sync the file's journal is removed: until then it would be needed if the rename was lost.
extension ReceiverFileStore {
    /// Files that may wait for their name, and bytes that may be unsynced, before a sync is due.
    private static var longestLine: Int { 2_048 }
    private static var mostUnsyncedBytes: UInt64 { 256 << 20 }
    /// The longest time between syncs while something is written.
    private static var syncInterval: Duration { .seconds(1) }

    var needsFlush: Bool {
        guard !line.isEmpty || unsyncedBytes > 0 else { return false }
        return line.count >= Self.longestLine || unsyncedBytes >= Self.mostUnsyncedBytes
            || MonotonicClock.now() - lastSync >= Self.syncInterval
    }

    mutating func flush() throws(StorageFailure) -> [(FileIndex, StorageFailure?)] {
        lastSync = MonotonicClock.now()
        guard unsyncedBytes > 0 || !line.isEmpty else { return [] }
        let waiting = line
        do throws(SystemError) {
            let staging = try stagingFolder()
            let placing = waiting.map(Self.record(ofPlacing:))
            try log?.append(placing)
            try syncVolume(staging)
            line.removeAll(keepingCapacity: true)
            var results: [(FileIndex, StorageFailure?)] = []
            results.reserveCapacity(waiting.count)
            var placed: [PlacedFileRecord] = []
            placed.reserveCapacity(waiting.count)
            for (item, record) in zip(waiting, placing) {
                results.append((item.file, place(item, record, from: staging, &placed)))
            }
            try log?.append(placed)
            // A large file whose record is lost would have to be read again by the next run.
            if waiting.contains(where: \.hasJournal) { try log?.sync() }
            return results
        } catch {
            throw StorageFailure(error)
        }
    }

    mutating func settle() throws(StorageFailure) {
        do throws(SystemError) {
            try syncVolume(try stagingFolder())
        } catch {
            throw StorageFailure(error)
        }
    }

    /// Syncs everything written so far, and removes the journals that are of no more use.
    private mutating func syncVolume(_ staging: DirectoryHandle) throws(SystemError) {
        let syncs = open.values.compactMap { staged in staged.beginSync().map { (staged, $0) } }
        try staging.syncVolume()
        for (staged, sync) in syncs { try staged.completeSync(sync) }
        unsyncedBytes = 0
        for name in retired {
            do throws(SystemError) { try staging.unlink(name) } catch  where error.isMissing {}
        }
        retired.removeAll(keepingCapacity: true)
    }

    private static func record(ofPlacing item: Waiting) -> PlacedFileRecord {
        PlacedFileRecord(
            state: .placing, path: PathKey(item.entry.path), key: item.key,
            isExecutable: item.facts.isExecutable, number: item.placement.number, root: item.root,
            identity: FileIdentity(item.status))
    }

    // MARK: One file

    /// Why a name could not be given, in words.
    private static func taken(_ key: StagingKey, _ reason: String) -> StorageFailure {
        StorageFailure(
            kind: .exists,
            description: "\(reason); the content waits in .sealift as \(key.hexadecimal).data")
    }

    /// Gives a file its name; nil where it has it.
    private mutating func place(
        _ item: Waiting, _ record: PlacedFileRecord, from staging: DirectoryHandle,
        _ placed: inout [PlacedFileRecord]
    ) -> StorageFailure? {
        do throws(SystemError) {
            let path =
                NumberedName.path(item.entry.path, number: item.placement.number)
                ?? item.entry.path
            let parent = try destination.parent(of: path)
            let name = Array(path.name)
            let data = StagedFile.dataName(item.key)
            if item.placement.replaces == .nothing {
                switch try staging.renameWithoutReplacing(data, toDirectory: parent, to: name) {
                case .renamed: break
                case .alreadyExists:
                    return Self.taken(item.key, "something of that name appeared")
                case .unsupported:
                    return Self.taken(
                        item.key, "this file system cannot rename without the risk of replacing")
                }
            } else {
                let failure = try replace(
                    name, in: parent, by: data, from: staging, item.placement.replaces,
                    entry: item.entry)
                if let failure { return Self.taken(item.key, failure) }
            }
            if item.hasJournal { retired.append(StagedFile.journalName(item.key)) }
            // Only what is surely the file just placed is recorded as ours.
            if let status = try parent.statusIfPresent(of: name), status.inode == item.status.inode
            {
                placed.append(record.with(.placed, identity: FileIdentity(status)))
            }
            return nil
        } catch {
            return StorageFailure(error)
        }
    }

    /// Puts `staged` in the place of `name`, and removes what was there.
    /// - Returns: why it was not done, in words.
    private mutating func replace(
        _ name: [UInt8], in parent: DirectoryHandle, by staged: [UInt8],
        from staging: DirectoryHandle, _ replacement: Placement.Replacement, entry: ListingEntry
    ) throws(SystemError) -> String? {
        guard let old = try parent.statusIfPresent(of: name) else {
            // It went away meanwhile: nothing is replaced.
            let outcome = try staging.renameWithoutReplacing(
                staged, toDirectory: parent, to: name)
            return outcome == .renamed ? nil : "something of that name appeared"
        }
        guard try mayReplace(old, replacement, entry) else {
            return "what stands there is not what was to be replaced"
        }
        guard try staging.exchange(staged, withDirectory: parent, name) else {
            // No exchange on this file system. Between the look above and this rename somebody
            // could put another file there, which would be lost: docs/SCRIPTING.md says so.
            try staging.renameReplacing(staged, toDirectory: parent, to: name)
            return nil
        }
        // What came out is looked at before it goes: anything may have been swapped in.
        let removed = try staging.status(of: staged)
        let isExpected =
            removed.inode == old.inode ? true : try mayReplace(removed, replacement, entry)
        guard isExpected else {
            _ = try staging.exchange(staged, withDirectory: parent, name)
            return "something else appeared in its place"
        }
        try staging.unlink(staged)
        return nil
    }

    private func mayReplace(
        _ found: FileStatus, _ replacement: Placement.Replacement, _ entry: ListingEntry
    ) throws(SystemError) -> Bool {
        switch replacement {
        case .nothing:
            return false
        case .anythingAlike:
            return found.kind == (entry.entryKind == .file ? .file : .symbolicLink)
        case .ownOlderFile:
            guard found.kind == .file else { return false }
            let identity = FileIdentity(found)
            return try log?.records(of: entry.path)
                .contains { $0.match(identity) == .untouched } ?? false
        }
    }

    // MARK: Links

    mutating func makeSymbolicLink(
        _ entry: ListingEntry, target: [UInt8], _ placement: Placement
    ) throws(StorageFailure) {
        do throws(SystemError) {
            let path =
                NumberedName.path(entry.path, number: placement.number) ?? entry.path
            let parent = try destination.parent(of: path)
            guard placement.replaces != .nothing else {
                try parent.createSymbolicLink(Array(path.name), to: target)
                return
            }
            let staging = try stagingFolder()
            let staged = Array("new.link".utf8)
            do throws(SystemError) { try staging.unlink(staged) } catch  where error.isMissing {}
            try staging.createSymbolicLink(staged, to: target)
            let failure = try replace(
                Array(path.name), in: parent, by: staged, from: staging, placement.replaces,
                entry: entry)
            if failure != nil {
                throw SystemError(code: EEXIST, operation: "replace link", path: entry.path.name)
            }
        } catch {
            throw StorageFailure(error)
        }
    }
}

import SealiftBase
import SealiftContent
import SealiftIO
import SealiftTransfer

// Telling this transfer's own files from those of others.
extension ReceiverFileStore {
    mutating func state(of entry: ListingEntry) throws(SystemError) -> DestinationState {
        let found = try destination.find(entry.path)
        switch entry.kind {
        case .directory:
            switch found {
            case .nothing: return .free
            case .status(let status): return status.kind == .directory ? .free : .obstructed
            case .obstructed: return .obstructed
            }
        case .symbolicLink(let target):
            switch found {
            case .nothing: return .free
            case .status(let status) where status.kind == .symbolicLink:
                let there = try destination.target(ofLink: entry.path)
                return there == target.bytes ? .placed(number: 0) : .occupied
            case .status, .obstructed: return .obstructed
            }
        case .file(let facts):
            if found != .obstructed, let state = try ownState(of: entry, facts) { return state }
            switch found {
            case .nothing: return .free
            case .status(let status): return status.kind == .file ? .occupied : .obstructed
            case .obstructed: return .obstructed
            }
        }
    }

    /// What earlier runs of this transfer did with a file, if what they placed is still there.
    private mutating func ownState(
        of entry: ListingEntry, _ facts: FileEntry
    ) throws(SystemError) -> DestinationState? {
        _ = try resumedStaging()
        for record in try log?.records(of: entry.path) ?? [] {
            guard let found = try identity(of: record, entry) else { continue }
            let isSame =
                record.key == StagingKey(path: entry.path, file: facts)
                && record.isExecutable == facts.isExecutable && record.state != .refuted
            switch record.match(found) {
            case .untouched:
                return isSame ? .placed(number: record.number) : .outdated(number: record.number)
            case .plausible where isSame:
                return .placed(number: record.number)
            case .plausible, .other:
                continue
            }
        }
        return nil
    }

    /// The identity of the file at the name that `record` tells of; nil where no file is there.
    private mutating func identity(
        of record: PlacedFileRecord, _ entry: ListingEntry
    ) throws(SystemError) -> FileIdentity? {
        guard let path = NumberedName.path(entry.path, number: record.number),
            case .status(let status) = try destination.find(path), status.kind == .file
        else { return nil }
        return FileIdentity(status)
    }

    mutating func placedRoot(of entry: ListingEntry) throws(StorageFailure) -> Hash256? {
        do throws(SystemError) {
            guard let facts = entry.file else { return nil }
            let key = StagingKey(path: entry.path, file: facts)
            for record in try log?.records(of: entry.path) ?? []
            where record.key == key && record.state != .refuted {
                guard let found = try identity(of: record, entry) else { continue }
                switch record.match(found) {
                case .untouched: return record.root
                case .plausible where try reads(as: record, entry): return record.root
                case .plausible, .other: continue
                }
            }
            return nil
        } catch {
            throw StorageFailure(error)
        }
    }

    /// Notes the files that earlier runs placed, that nobody touched since, and that are listed no more.
    func note(unlistedIn root: DirectoryHandle, in ledger: SyncLedger) {
        guard let log else { return }
        ledger.look(in: root) { path, status throws(SystemError) in
            try log.unlisted(path).contains { record in
                record.number == 0 && record.state != .refuted
                    && record.match(FileIdentity(status)) == .untouched
            }
        }
    }

    /// Reads a placed file whose record is not enough, and makes a new record if it is the content
    /// that was placed.
    private mutating func reads(
        as record: PlacedFileRecord, _ entry: ListingEntry
    ) throws(SystemError) -> Bool {
        guard let path = NumberedName.path(entry.path, number: record.number) else { return false }
        let file: OpenFile
        do throws(SystemError) {
            file = try destination.parent(of: path).openFile(Array(path.name), for: .reading)
        } catch  where error.isMissing || error.isObstructedPath || error.isDenied {
            return false
        }
        let before = try file.status()
        var hasher = ContentHasher()
        var offset: UInt64 = 0
        while true {
            let bytes = try file.readArray(atMost: 1 << 20, at: offset)
            guard !bytes.isEmpty else { break }
            hasher.update(bytes)
            offset += UInt64(bytes.count)
        }
        let root = offset == 0 ? .zero : hasher.finalize().root
        guard root == record.root, try file.status().describesSameContent(as: before) else {
            return false
        }
        try log?.renew(record.with(.placed, identity: FileIdentity(before)))
        return true
    }
}

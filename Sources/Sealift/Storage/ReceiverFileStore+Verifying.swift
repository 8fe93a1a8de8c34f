import SealiftBase
import SealiftContent
import SealiftIO
import SealiftTransfer

/// One placed file on its way back from the disk.
struct DiskReading {
    /// Bytes read in one step.
    static let step = 64 << 20

    let path: EntryPath
    let file: OpenFile
    var hasher = ContentHasher()
    var offset: UInt64 = 0
}

// `--verify-disk`: what was synced is dropped from the page cache and read again, so that the roots
// confirmed are those of the disk's own bytes.
extension ReceiverFileStore {
    mutating func verify(
        _ entry: ListingEntry, number: UInt32
    ) throws(StorageFailure) -> DiskVerification {
        do throws(SystemError) {
            return try verifyStep(entry, number: number)
        } catch {
            reading = nil
            return .unreadable
        }
    }

    private mutating func verifyStep(
        _ entry: ListingEntry, number: UInt32
    ) throws(SystemError) -> DiskVerification {
        guard let path = NumberedName.path(entry.path, number: number), let facts = entry.file
        else { return .unreadable }
        var current: DiskReading
        if let reading, reading.path == path {
            current = reading
        } else {
            let file = try destination.parent(of: path).openFile(
                Array(path.name), for: .reading)
            // The volume was synced when the last name was given: no page is dirty.
            file.advise(.willNotNeed(0..<UInt64(Int64.max)))
            file.advise(.readInOrder)
            current = DiskReading(path: path, file: file)
        }
        reading = nil
        let end = current.offset + UInt64(DiskReading.step)
        while current.offset < end {
            let bytes = try current.file.readArray(atMost: 1 << 20, at: current.offset)
            current.hasher.update(bytes)
            let start = current.offset
            current.offset += UInt64(bytes.count)
            guard bytes.count == 1 << 20 else {
                guard current.offset == facts.size else { return .unreadable }
                return .read(facts.size == 0 ? .zero : current.hasher.finalize().root)
            }
            current.file.advise(.willNotNeed(start..<current.offset))
        }
        reading = current
        return .reading
    }

    mutating func refute(_ entry: ListingEntry, number: UInt32) throws(StorageFailure) {
        do throws(SystemError) {
            guard let facts = entry.file,
                let path = NumberedName.path(entry.path, number: number),
                case .status(let status) = try destination.find(path), status.kind == .file
            else { return }
            let record = PlacedFileRecord(
                state: .refuted, path: PathKey(entry.path),
                key: StagingKey(path: entry.path, file: facts), isExecutable: facts.isExecutable,
                number: number, root: .zero, identity: FileIdentity(status))
            try log?.append([record])
            try log?.sync()
        } catch {
            throw StorageFailure(error)
        }
    }
}

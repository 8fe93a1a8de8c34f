import Glibc
import SealiftBase
import SealiftContent
import SealiftIO

/// The log of files that interrupted runs gave their names (`docs/PROTOCOL.md` §9.7): a receiver's own
/// files, which are no conflict.
///
/// Runs append to a log of their own, `placed-N`, that they hold locked; all logs of the folder are
/// read when a run begins. What is kept in memory is 16 bytes a record.
final class PlacedLog {
    /// Logs in a folder at most: runs of one sender into one folder at the same time.
    private static let mostLogs = 64
    /// Records read or copied at a time.
    private static let chunk = 4_096

    /// Where a record is: sorted by key, then by age.
    private struct Place {
        let prefix: UInt64
        let log: UInt32
        let index: UInt32
    }

    /// One file of records.
    private struct Log {
        let name: [UInt8]
        let file: OpenFile
    }

    private let folder: DirectoryHandle
    private var logs: [Log] = []
    private var places: [Place] = []
    /// Which of the places belong to the listing at hand.
    private var isKnown: [Bool] = []
    /// Records that were made anew in this run, because their files had to be read to be known.
    private var renewed: [PathKey: PlacedFileRecord] = [:]
    /// The log of this run, once something was placed, and where its next record goes.
    private var own: (name: [UInt8], file: OpenFile, end: UInt64)?

    /// Reads the logs in `folder`.
    init(in folder: DirectoryHandle) throws(SystemError) {
        self.folder = folder
        for number in 0..<Self.mostLogs {
            let name = Self.name(number)
            do throws(SystemError) {
                let file = try folder.openFile(name, for: .updating)
                try read(file, as: UInt32(logs.count))
                logs.append(Log(name: name, file: file))
            } catch  where error.isMissing {}
        }
        places.sort { ($0.prefix, $0.log, $0.index) < ($1.prefix, $1.log, $1.index) }
        isKnown = Array(repeating: false, count: places.count)
    }

    private static func name(_ number: Int) -> [UInt8] { Array("placed-\(number)".utf8) }

    private func read(_ file: OpenFile, as log: UInt32) throws(SystemError) {
        var index: UInt32 = 0
        while true {
            let records = try Self.records(of: file, from: index)
            for case (let offset, let record?) in records.enumerated() {
                places.append(
                    Place(prefix: record.path.prefix, log: log, index: index + UInt32(offset)))
            }
            guard records.count == Self.chunk else { return }
            index += UInt32(records.count)
        }
    }

    /// Up to ``chunk`` records; nil for what is torn.
    private static func records(
        of file: OpenFile, from index: UInt32
    ) throws(SystemError) -> [PlacedFileRecord?] {
        let size = PlacedFileRecord.byteCount
        let bytes = try file.readArray(
            atMost: chunk * size, at: UInt64(index) * UInt64(size))
        return bytes.withUnsafeBytes { bytes in
            stride(from: 0, to: bytes.count - bytes.count % size, by: size).map {
                PlacedFileRecord(decoding: UnsafeRawBufferPointer(rebasing: bytes[$0...]))
            }
        }
    }

    /// Whether no earlier run left a record.
    var isEmpty: Bool { places.isEmpty }

    /// What earlier runs recorded of `path`: refuted files, then the others, the newest first.
    func records(of path: EntryPath) throws(SystemError) -> [PlacedFileRecord] {
        let key = PathKey(path)
        if let record = renewed[key] { return [record] }
        var found: [PlacedFileRecord] = []
        for (place, record) in try stored(key) {
            found.append(record)
            isKnown[place] = true
        }
        // What the disk lost is believed before what was placed, whichever log it stands in.
        return found.filter { $0.state == .refuted }
            + found.reversed().filter { $0.state != .refuted }
    }

    /// What earlier runs recorded of `path`, where ``records(of:)`` was not asked for it: the listing at hand
    /// has no such file. Nothing for a path that it has.
    func unlisted(_ path: EntryPath) throws(SystemError) -> [PlacedFileRecord] {
        let key = PathKey(path)
        guard renewed[key] == nil else { return [] }
        let found = try stored(key)
        return found.contains { isKnown[$0.place] } ? [] : found.map(\.record)
    }

    /// The records of earlier runs under `key`, the oldest of each log first.
    private func stored(
        _ key: PathKey
    ) throws(SystemError) -> [(place: Int, record: PlacedFileRecord)] {
        guard !places.isEmpty else { return [] }
        var (low, high) = (0, places.count)
        while low < high {
            let middle = (low + high) / 2
            if places[middle].prefix < key.prefix { low = middle + 1 } else { high = middle }
        }
        var found: [(place: Int, record: PlacedFileRecord)] = []
        while low < places.count, places[low].prefix == key.prefix {
            let place = places[low]
            let size = PlacedFileRecord.byteCount
            let bytes = try logs[Int(place.log)].file.readArray(
                atMost: size, at: UInt64(place.index) * UInt64(size))
            if let record = bytes.withUnsafeBytes({ PlacedFileRecord(decoding: $0) }),
                record.path == key
            {
                found.append((low, record))
            }
            low += 1
        }
        return found
    }

    // MARK: Writing

    /// Appends records in one write, without a sync.
    func append(_ records: [PlacedFileRecord]) throws(SystemError) {
        guard !records.isEmpty else { return }
        let log = try ownLog()
        let bytes = records.flatMap(\.encoded)
        try log.file.write(bytes, at: log.end)
        own = (log.name, log.file, log.end + UInt64(bytes.count))
    }

    /// Appends a record that takes the place of all that earlier runs left of its path.
    func renew(_ record: PlacedFileRecord) throws(SystemError) {
        try append([record])
        renewed[record.path] = record
    }

    /// Makes what was appended last.
    func sync() throws(SystemError) {
        try own?.file.sync()
    }

    private func ownLog() throws(SystemError) -> (name: [UInt8], file: OpenFile, end: UInt64) {
        if let own { return own }
        for number in 0..<Self.mostLogs {
            let name = Self.name(number)
            let file = try folder.openFile(name, for: .creatingOrUpdating(mode: 0o600))
            // Another run of this sender into this folder has it: the next one, then.
            guard try file.tryLock() else { continue }
            let size = UInt64(PlacedFileRecord.byteCount)
            let end = (try file.status().size + size - 1) / size * size
            own = (name, file, end)
            return (name, file, end)
        }
        throw SystemError(
            code: EBUSY, operation: "open a log of placed files, of which there are too many")
    }

    // MARK: The end of a transfer

    /// Drops the records of the listing at hand and of this run: every file is placed, and from now on
    /// it is the user's. Records of other transfers stay, and logs that another run holds.
    func conclude() throws(SystemError) {
        for (number, log) in logs.enumerated() {
            let isOwn = log.name == own?.name
            let isOurs = isOwn ? true : try log.file.tryLock()
            guard isOurs else { continue }
            let rest = places.indices.filter {
                places[$0].log == UInt32(number) && !isKnown[$0]
            }
            if rest.isEmpty {
                try folder.unlink(log.name)
            } else {
                try rewrite(log, keeping: rest.map { places[$0].index }.sorted())
            }
        }
        if let own, !logs.contains(where: { $0.name == own.name }) { try folder.unlink(own.name) }
        own = nil
        logs = []
        places = []
        isKnown = []
    }

    private func rewrite(_ log: Log, keeping indices: [UInt32]) throws(SystemError) {
        let size = PlacedFileRecord.byteCount
        let newName = log.name + Array(".new".utf8)
        let copy = try folder.openFile(newName, for: .creatingOrUpdating(mode: 0o600))
        try copy.setSize(0)
        var end: UInt64 = 0
        for index in indices {
            let bytes = try log.file.readArray(
                atMost: size, at: UInt64(index) * UInt64(size))
            try copy.write(bytes, at: end)
            end += UInt64(bytes.count)
        }
        try copy.sync()
        try folder.renameReplacing(newName, toDirectory: folder, to: log.name)
    }
}

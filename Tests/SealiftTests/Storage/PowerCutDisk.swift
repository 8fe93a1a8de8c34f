import Foundation
import SealiftBase
import SealiftContent
import SealiftIO

@testable import Sealift

/// A disk on which a recorded run is played again up to a power cut: what was not synced is there, or
/// not, each change for itself.
struct PowerCutDisk {
    private struct Name: Hashable {
        let directory: UInt64
        let name: [UInt8]
    }

    private struct Content {
        var bytes: [UInt8] = []
        var modified = FileTime(seconds: 0, nanoseconds: 0)
    }

    private var names: [Name: UInt64] = [:]
    private var directories: Set<UInt64>
    private var contents: [UInt64: Content] = [:]
    private let root: UInt64

    /// Plays `operations`, of which those before a sync that covers them are on the disk for sure, and
    /// of the others a part that `generator` chooses.
    init(
        root: UInt64, operations: ArraySlice<OperationTape.Operation>,
        generator: inout SeededGenerator
    ) {
        self.root = root
        directories = [root]
        let lastSync =
            operations.lastIndex { if case .syncVolume = $0 { true } else { false } }
            ?? operations.startIndex
        var syncedFiles: [UInt64: Int] = [:]
        for (index, operation) in zip(operations.indices, operations) {
            if case .syncFile(let inode) = operation { syncedFiles[inode] = index }
        }
        // Most of what is unsynced arrives, or hardly any of it, by the luck of the cut.
        let luck = [0.1, 0.5, 0.9].randomElement(using: &generator) ?? 0.5
        for (index, operation) in zip(operations.indices, operations) {
            let isSynced =
                index < lastSync
                || operation.contentOf.map { index < syncedFiles[$0] ?? 0 } ?? false
            if isSynced || generator.nextUnit() < luck { apply(operation) }
        }
    }

    private mutating func apply(_ operation: OperationTape.Operation) {
        switch operation {
        case .openName(let directory, let name, let inode, let isNew):
            names[Name(directory: directory, name: name)] = inode
            if isNew || contents[inode] == nil { contents[inode] = Content() }
        case .makeDirectory(let directory, let name, let inode):
            names[Name(directory: directory, name: name)] = inode
            directories.insert(inode)
        case .write(let inode, let offset, let bytes):
            var content = contents[inode] ?? Content()
            let end = Int(offset) + bytes.count
            if content.bytes.count < end {
                content.bytes += [UInt8](repeating: 0, count: end - content.bytes.count)
            }
            content.bytes.replaceSubrange(Int(offset)..<end, with: bytes)
            contents[inode] = content
        case .setSize(let inode, let size):
            var content = contents[inode] ?? Content()
            let missing = Int(size) - content.bytes.count
            if missing > 0 {
                content.bytes += [UInt8](repeating: 0, count: missing)
            } else {
                content.bytes.removeLast(-missing)
            }
            contents[inode] = content
        case .setModified(let inode, let time):
            contents[inode, default: Content()].modified = time
        case .rename(let from, let name, let to, let newName):
            guard let inode = names.removeValue(forKey: Name(directory: from, name: name)) else {
                return
            }
            names[Name(directory: to, name: newName)] = inode
        case .exchange(let from, let name, let to, let other):
            let (left, right) = (
                Name(directory: from, name: name), Name(directory: to, name: other)
            )
            guard let first = names[left], let second = names[right] else { return }
            names[left] = second
            names[right] = first
        case .unlink(let directory, let name):
            names.removeValue(forKey: Name(directory: directory, name: name))
        case .syncFile, .syncVolume:
            break
        }
    }

    /// Writes the disk into the folder at `path`, and gives records the inodes and times that their
    /// files have there.
    func materialise(at path: String) throws {
        try materialise(root, at: path)
        // Only now, as a rename changes the time that records hold.
        var inodes: [UInt64: FileIdentity] = [:]
        try collect(root, at: path, &inodes)
        try patch(root, at: path, inodes)
    }

    private func children(of directory: UInt64) -> [(name: String, inode: UInt64)] {
        names.filter { $0.key.directory == directory }
            .map { (String(decoding: $0.key.name, as: UTF8.self), $0.value) }
            .sorted { $0.name < $1.name }
    }

    private func materialise(_ directory: UInt64, at path: String) throws {
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        for (name, inode) in children(of: directory) {
            let place = "\(path)/\(name)"
            if directories.contains(inode) {
                try materialise(inode, at: place)
            } else if let content = contents[inode] {
                try Data(content.bytes).write(to: URL(fileURLWithPath: place))
                let file = try DirectoryHandle.open(path: Array(path.utf8))
                    .openFile(Array(name.utf8), for: .updating)
                try file.setModified(content.modified)
            }
        }
    }

    private func collect(
        _ directory: UInt64, at path: String, _ inodes: inout [UInt64: FileIdentity]
    ) throws {
        let handle = try DirectoryHandle.open(path: Array(path.utf8))
        for (name, inode) in children(of: directory) {
            if directories.contains(inode) {
                try collect(inode, at: "\(path)/\(name)", &inodes)
            } else {
                inodes[inode] = FileIdentity(try handle.status(of: Array(name.utf8)))
            }
        }
    }

    private func patch(
        _ directory: UInt64, at path: String, _ inodes: [UInt64: FileIdentity]
    ) throws {
        for (name, inode) in children(of: directory) {
            let place = "\(path)/\(name)"
            if directories.contains(inode) {
                try patch(inode, at: place, inodes)
            } else if name.hasPrefix("placed-") || name.hasSuffix(".journal") {
                var bytes = Array(try Data(contentsOf: URL(fileURLWithPath: place)))
                if name.hasPrefix("placed-") {
                    patchRecords(&bytes, inodes)
                } else {
                    patchHeaders(&bytes, inodes)
                }
                // In place: the file keeps its inode.
                let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: place))
                handle.write(Data(bytes))
                try handle.close()
            }
        }
    }

    private func patchRecords(_ bytes: inout [UInt8], _ inodes: [UInt64: FileIdentity]) {
        let size = PlacedFileRecord.byteCount
        for start in stride(from: 0, through: bytes.count - size, by: size) {
            let slot = start..<(start + size)
            guard
                let record = bytes[slot].withUnsafeBytes({ PlacedFileRecord(decoding: $0) }),
                let now = inodes[record.identity.inode]
            else { continue }
            let identity = FileIdentity(
                device: 0, inode: now.inode, size: record.identity.size,
                modificationTime: record.identity.modificationTime, changeTime: now.changeTime)
            bytes.replaceSubrange(slot, with: record.with(record.state, identity: identity).encoded)
        }
    }

    private func patchHeaders(_ bytes: inout [UInt8], _ inodes: [UInt64: FileIdentity]) {
        for start in [0, Int(PieceJournalFormat.slotByteCount)] {
            let slot = start..<(start + PieceJournalHeader.byteCount)
            guard bytes.count >= slot.upperBound,
                let header = bytes[slot].withUnsafeBytes({ try? PieceJournalHeader(decoding: $0) }),
                let now = inodes[header.dataInode]
            else { continue }
            let patched = PieceJournalHeader(
                key: header.key, dataInode: now.inode, length: header.length, boot: header.boot,
                revision: header.revision, syncedEpoch: header.syncedEpoch)
            bytes.replaceSubrange(slot, with: patched.encoded)
        }
    }
}

extension OperationTape.Operation {
    /// The file whose content or size this changes; nil for names.
    fileprivate var contentOf: UInt64? {
        switch self {
        case .write(let inode, _, _), .setSize(let inode, _), .setModified(let inode, _): inode
        default: nil
        }
    }
}

import SealiftBase
import SealiftContent

extension FuzzTarget {
    /// A record of the log of files placed, torn, planted, or with its check made right.
    static let placedFile = FuzzTarget(
        "placed-file", maximumLength: 2 * PlacedFileRecord.byteCount,
        seeds: {
            guard let path = try? EntryPath(Array("a/b".utf8)) else { return [] }
            let identity = FileIdentity(
                device: 0, inode: 7, size: 9, modificationTime: .epoch, changeTime: .epoch)
            let file = FileEntry(size: 9, modificationTime: .epoch)
            return [(PlacedFileRecord.State.placing, UInt32(0)), (.placed, 3), (.refuted, .max)]
                .flatMap { state, number in
                    let record = PlacedFileRecord(
                        state: state, path: PathKey(path), key: StagingKey(path: path, file: file),
                        isExecutable: number > 0, number: number, root: .zero, identity: identity)
                    return [[0] + record.encoded, [1] + record.encoded.dropLast(4)]
                }
        }
    ) { input throws(BrokenRule) in
        let isChecked = input.byte() & 1 == 1
        var bytes = input.rest()
        if isChecked {
            bytes += [UInt8](repeating: 0, count: max(0, PlacedFileRecord.byteCount - bytes.count))
            bytes = RecordCheck.corrected(bytes, count: PlacedFileRecord.byteCount)
        }
        guard let record = bytes.withUnsafeBytes({ PlacedFileRecord(decoding: $0) }) else { return }
        let again = record.encoded
        try demand(again.count == PlacedFileRecord.byteCount, "a record's size")
        try demand(
            again.withUnsafeBytes { PlacedFileRecord(decoding: $0) } == record,
            "a record is not read as it was written")
        if case .untouched = record.match(record.identity) {
            try demand(record.state != .placing, "a file without its name counts as untouched")
        }
    }

    /// The lines of a manifest file: an entry has one spelling.
    static let manifestLine = FuzzTarget(
        "manifest-line", maximumLength: 2_048,
        seeds: {
            let zero = String(repeating: "0", count: 64)
            return [
                "sealift manifest 1", "sealift manifest 2", "root \(zero)",
                "f \(zero)  0  a", "x \(zero)  262145  a/b\\x1b\\u{202e}\\\\c", "d \(zero)  0  sub",
                "l \(zero)  3  sub/link", "f \(zero)  00  a", "f \(zero)  +1  a",
                "f \(zero)  1  ../a", "f \(zero)  1  a\\u{d800}", "f \(zero) 1 a",
            ].map { Array($0.utf8) }
        }
    ) { input throws(BrokenRule) in
        let bytes = input.rest()
        guard let line = String(validating: bytes, as: UTF8.self) else { return }
        _ = try? ManifestText.checkFirstLine(line)
        if let root = try? ManifestText.root(in: line) {
            try demand(
                ManifestText.header(root: root).hasSuffix("\n\(line)\n"),
                "a root is not written as it was read")
        }
        guard let entry = try? ManifestText.entry(in: line) else { return }
        try demand(
            Array(ManifestText.line(entry).utf8) == bytes + [0x0A],
            "a line is not written as it was read")
        try demand(line.utf8.count < ManifestText.maximumLineLength, "a line longer than any")
        var hasher = ManifestHasher()
        hasher.append(entry)
        _ = hasher.finalize()
    }
}

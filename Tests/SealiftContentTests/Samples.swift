import SealiftBase
@testable import SealiftContent

/// Values that several tests start from.
enum Samples {
    /// The content of `Vectors/make_roots.py`.
    static func content(_ length: Int) -> [UInt8] {
        (0..<length).map { UInt8(truncatingIfNeeded: ($0 ^ ($0 >> 8) ^ ($0 >> 16)) &* 167 &+ 13) }
    }

    static func path(_ text: String) throws -> EntryPath {
        try EntryPath(text.utf8)
    }

    static func file(
        _ path: String, size: UInt64 = 0, holes: [Range<UInt64>] = [], isExecutable: Bool = false
    ) throws -> ListingEntry {
        ListingEntry(
            path: try EntryPath(path.utf8),
            kind: .file(
                FileEntry(
                    size: size, modificationTime: .epoch, isExecutable: isExecutable,
                    holes: try HoleRuns(holes, size: size))))
    }

    static func directory(_ path: String) throws -> ListingEntry {
        ListingEntry(path: try EntryPath(path.utf8), kind: .directory)
    }

    static let key: StagingKey? = StagingKey(bytes: [UInt8](repeating: 7, count: 16))
    static let boot: BootIdentity? = BootIdentity(bytes: [UInt8](repeating: 1, count: 16))
    static let otherBoot: BootIdentity? = BootIdentity(bytes: [UInt8](repeating: 2, count: 16))
}

/// A random tree as a listing states it, in listing order.
struct RandomTree {
    var generator: SeededGenerator
    var entries: [ListingEntry] = []

    init(seed: UInt64, entries limit: Int) throws {
        generator = SeededGenerator(seed: seed)
        try fill(nil, depth: 0, limit: limit)
        entries.sort { $0.path < $1.path }
    }

    private mutating func fill(_ parent: [UInt8]?, depth: Int, limit: Int) throws {
        var names: Set<[UInt8]> = []
        for _ in 0..<Int.random(in: 1...6, using: &generator) { names.insert(name()) }
        for name in names where entries.count < limit {
            let path = try EntryPath((parent.map { $0 + [0x2F] } ?? []) + name)
            switch Int.random(in: 0..<10, using: &generator) {
            case 0..<4 where depth < 6:
                entries.append(ListingEntry(path: path, kind: .directory))
                try fill(path.bytes, depth: depth + 1, limit: limit)
            case 4 where depth > 0:
                entries.append(
                    ListingEntry(
                        path: path, kind: .symbolicLink(try LinkTarget("x/y".utf8, at: path))))
            default:
                entries.append(ListingEntry(path: path, kind: .file(try file())))
            }
        }
    }

    private mutating func name() -> [UInt8] {
        let alphabet = Array("ab!-0.é漢 ~".unicodeScalars)
        let count = Int.random(in: 1...4, using: &generator)
        let text = String(
            String.UnicodeScalarView(
                (0..<count).map { _ in alphabet.randomElement(using: &generator) ?? "a" }))
        return Array("n\(text)".utf8)
    }

    private mutating func file() throws -> FileEntry {
        let size = UInt64.random(
            in: 0...(1 << UInt64.random(in: 0...40, using: &generator)), using: &generator)
        var runs: [Range<UInt64>] = []
        var next: UInt64 = UInt64.random(in: 0...3, using: &generator)
        let limit = PieceGeometry.fullPieceCount(of: size)
        while next < limit, runs.count < 20 {
            let end = min(limit, next + UInt64.random(in: 1...5, using: &generator))
            runs.append(next..<end)
            next = end + UInt64.random(in: 1...70, using: &generator)
        }
        return FileEntry(
            size: size,
            modificationTime: ModificationTime(
                seconds: Int64.random(in: .min ... .max, using: &generator),
                nanoseconds: UInt32.random(in: 0..<1_000_000_000, using: &generator)) ?? .epoch,
            isExecutable: Bool.random(using: &generator), holes: try HoleRuns(runs, size: size))
    }
}

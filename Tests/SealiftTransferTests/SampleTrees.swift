import SealiftBase
import SealiftContent
import SealiftTestSupport

/// Trees for transfers in the simulator, made from a seed.
enum SampleTrees {
    static func file(
        _ path: String, _ content: [UInt8], executable: Bool = false, holes: HoleRuns = .none
    ) throws -> MemorySource.Item {
        MemorySource.Item(
            entry: ListingEntry(
                path: try EntryPath(Array(path.utf8)),
                kind: .file(
                    FileEntry(
                        size: UInt64(content.count),
                        modificationTime: ModificationTime(seconds: 1_700_000_000, nanoseconds: 5)
                            ?? .epoch,
                        isExecutable: executable, holes: holes))),
            content: content)
    }

    static func directory(_ path: String) throws -> MemorySource.Item {
        MemorySource.Item(
            entry: ListingEntry(path: try EntryPath(Array(path.utf8)), kind: .directory),
            content: [])
    }

    /// A folder of `count` files of 4 KiB.
    static func small(count: Int, seed: UInt64) throws -> [MemorySource.Item] {
        var generator = SeededGenerator(seed: seed)
        var items = [try directory("many")]
        for number in 0..<count {
            let name = String(number + 100_000).dropFirst()
            items.append(try file("many/\(name)", generator.bytes(4_096)))
        }
        return items
    }

    /// A tree that has one of everything: empty, small, exactly a piece, several pieces, zeros.
    static func mixed(seed: UInt64) throws -> [MemorySource.Item] {
        var generator = SeededGenerator(seed: seed)
        var zeros = generator.bytes(100_000)
        zeros += [UInt8](repeating: 0, count: 262_144 * 2)
        var items = [
            try directory("tree"),
            try file("tree/a-empty", []),
            try file("tree/b-small", generator.bytes(1 + Int(generator.next() % 5_000))),
            try file("tree/c-piece", generator.bytes(262_144)),
            try file("tree/d-large", generator.bytes(600_000 + Int(generator.next() % 300_000))),
            try directory("tree/e-folder"),
            try file("tree/e-folder/tool", generator.bytes(77), executable: true),
            try directory("tree/f-empty-folder"),
            try file("tree/g-zeros", zeros),
        ]
        // Several runs of one file, and small files that share a run with its end.
        items.append(try file("tree/h-runs", generator.bytes((9 << 20) + 12_345)))
        for number in 100..<160 {
            items.append(
                try file("tree/many-\(number)", generator.bytes(Int(generator.next() % 900))))
        }
        return items
    }
}

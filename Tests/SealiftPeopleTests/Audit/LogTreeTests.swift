import SealiftBase
import SealiftCrypto
import SealiftPeople
import Testing

/// The tree as RFC 9162 §2.1.1 says it, word for word: slow, and nothing to get wrong.
private enum NaiveTree {
    static func root(_ entries: ArraySlice<[UInt8]>) -> Hash256 {
        guard entries.count > 1 else {
            return SHA256Digest.hash(entries.first.map { [0] + $0 } ?? [])
        }
        let (left, right) = halves(entries)
        return SHA256Digest.hash([1] + root(left).bytes + root(right).bytes)
    }

    /// PATH(m, D_n) of §2.1.3.1.
    static func path(_ index: Int, _ entries: ArraySlice<[UInt8]>) -> [Hash256] {
        guard entries.count > 1 else { return [] }
        let (left, right) = halves(entries)
        return index < left.count
            ? path(index, left) + [root(right)]
            : path(index - left.count, right) + [root(left)]
    }

    /// SUBPROOF(m, D_n, b) of §2.1.4.1.
    static func subproof(_ size: Int, _ entries: ArraySlice<[UInt8]>, _ isWhole: Bool) -> [Hash256]
    {
        if size == entries.count { return isWhole ? [] : [root(entries)] }
        let (left, right) = halves(entries)
        return size <= left.count
            ? subproof(size, left, isWhole) + [root(right)]
            : subproof(size - left.count, right, false) + [root(left)]
    }

    private static func halves(
        _ entries: ArraySlice<[UInt8]>
    ) -> (ArraySlice<[UInt8]>, ArraySlice<[UInt8]>) {
        var split = 1
        while split * 2 < entries.count { split *= 2 }
        return (entries.prefix(split), entries.dropFirst(split))
    }
}

@Suite("The log's tree")
struct LogTreeTests {
    /// The entries and roots that implementations of Certificate Transparency are tested with.
    private static let known: [(entry: String, root: String)] = [
        ("", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        ("00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
        ("10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
        ("2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
        ("3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"),
        ("40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"),
        ("5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"),
        (
            "606162636465666768696a6b6c6d6e6f",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
        ),
    ]

    private static let entries = (0..<67).map { Array("entry \($0)".utf8) }
    private static let tree = LogTree(leaves: entries.map(LogHash.leaf))

    @Test("has the roots that Certificate Transparency publishes")
    func knownRoots() throws {
        var tree = LogTree()
        var frontier = LogFrontier()
        #expect(
            tree.root.hexadecimal
                == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        for (entry, root) in Self.known {
            let bytes = try #require(Hexadecimal.decode(entry))
            tree.append(bytes)
            frontier.append(LogHash.leaf(bytes))
            #expect(tree.root.hexadecimal == root)
            #expect(frontier.root.hexadecimal == root)
        }
    }

    @Test("agrees with the recursive definition at every size, however it is built")
    func roots() throws {
        var frontier = LogFrontier()
        for size in 0...Self.entries.count {
            let root = NaiveTree.root(Self.entries[..<size])
            #expect(Self.tree.root(of: size) == root)
            #expect(frontier.root == root)
            #expect(LogFrontier(size: frontier.size, peaks: frontier.peaks) == frontier)
            if size < Self.entries.count { frontier.append(Self.tree.leaves[size]) }
        }
        #expect(Self.tree.root(of: 68) == nil)
        #expect(LogFrontier(size: 3, peaks: [.zero]) == nil)
    }

    @Test("proves every entry of every size, as the definition does, and no other entry")
    func inclusion() throws {
        for size in 1...40 {
            let root = try #require(Self.tree.root(of: size))
            for index in 0..<size {
                let proof = try #require(Self.tree.inclusionProof(of: index, in: size))
                #expect(proof.path == NaiveTree.path(index, Self.entries[..<size]))
                let leaf = Self.tree.leaves[index]
                #expect(proof.isValid(leaf: leaf, root: root))
                #expect(!proof.isValid(leaf: Self.tree.leaves[index + 1], root: root))
                #expect(size == 1 || !proof.isValid(leaf: leaf, root: Self.tree.leaves[0]))
                for wrong in [UInt64(index) ^ 1, UInt64(size)] where wrong != index {
                    let moved = InclusionProof(
                        index: wrong, size: UInt64(size), path: proof.path)
                    #expect(!moved.isValid(leaf: leaf, root: root))
                }
                for path in [proof.path + [.zero], Array(proof.path.dropLast())]
                where path != proof.path {
                    let bent = InclusionProof(
                        index: proof.index, size: proof.size, path: path)
                    #expect(!bent.isValid(leaf: leaf, root: root))
                }
            }
        }
        #expect(Self.tree.inclusionProof(of: 3, in: 3) == nil)
        #expect(Self.tree.inclusionProof(of: 0, in: 68) == nil)
    }

    @Test("proves that it only grew, from every size to every size, and nothing else")
    func consistency() throws {
        for size in 1...40 {
            let root = try #require(Self.tree.root(of: size))
            for earlier in 1...size {
                let before = try #require(Self.tree.root(of: earlier))
                let proof = try #require(Self.tree.consistencyProof(from: earlier, to: size))
                #expect(proof.path == NaiveTree.subproof(earlier, Self.entries[..<size], true))
                #expect(proof.isValid(earlierRoot: before, root: root))
                guard earlier < size else { continue }
                #expect(!proof.isValid(earlierRoot: root, root: root))
                #expect(!proof.isValid(earlierRoot: before, root: before))
                let longer = ConsistencyProof(
                    earlier: proof.earlier, size: proof.size, path: proof.path + [.zero])
                #expect(!longer.isValid(earlierRoot: before, root: root))
                for index in proof.path.indices {
                    var path = proof.path
                    path[index] = LogHash.empty
                    let bent = ConsistencyProof(
                        earlier: proof.earlier, size: proof.size, path: path)
                    #expect(!bent.isValid(earlierRoot: before, root: root))
                }
            }
        }
        #expect(Self.tree.consistencyProof(from: 0, to: 5) == nil)
        #expect(Self.tree.consistencyProof(from: 6, to: 5) == nil)
        #expect(
            !ConsistencyProof(earlier: 5, size: 4, path: []).isValid(
                earlierRoot: .zero, root: .zero))
        #expect(
            !ConsistencyProof(earlier: 3, size: .max, path: []).isValid(
                earlierRoot: .zero, root: .zero))
    }

    @Test("finds out when an entry of the past was changed: no proof joins the two logs")
    func rewritten() throws {
        var leaves = Self.tree.leaves
        leaves[5] = LogHash.leaf(Array("another".utf8))
        let rewritten = LogTree(leaves: leaves)
        let before = try #require(Self.tree.root(of: 20))
        let proof = try #require(rewritten.consistencyProof(from: 20, to: 40))
        let root = try #require(rewritten.root(of: 40))
        #expect(!proof.isValid(earlierRoot: before, root: root))
    }

    @Test("does not take a node for an entry")
    func secondPreimage() {
        let pair = Self.tree.leaves[0].bytes + Self.tree.leaves[1].bytes
        #expect(LogHash.leaf(pair) != LogHash.node(Self.tree.leaves[0], Self.tree.leaves[1]))
    }
}

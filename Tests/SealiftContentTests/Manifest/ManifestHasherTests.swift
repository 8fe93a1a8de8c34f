import SealiftBase
import SealiftContent
import Testing

@Suite("The manifest")
struct ManifestHasherTests {
    @Test("Its root is the tree root of the records of the protocol")
    func records() throws {
        let root = ContentID(of: Samples.content(5)).root
        var hasher = ManifestHasher()
        hasher.append(try Samples.directory("d"), root: nil)
        hasher.append(try Samples.file("d/e"), root: nil)
        hasher.append(try Samples.file("d/f", size: 5, isExecutable: true), root: root)
        let path = try Samples.path("d/l")
        let link = ListingEntry(path: path, kind: .symbolicLink(try LinkTarget("f".utf8, at: path)))
        hasher.append(link, root: nil)

        let zeros = [UInt8](repeating: 0, count: 32)
        let length: (UInt8) -> [UInt8] = { [0, 0, 0, 0, 0, 0, 0, $0] }
        var bytes: [UInt8] = [2, 0, 1] + Array("d".utf8) + length(0) + zeros
        bytes += [1, 0, 3] + Array("d/e".utf8) + length(0) + zeros
        bytes += [1, 1, 3] + Array("d/f".utf8) + length(5) + root.bytes
        bytes += [3, 0, 3] + Array("d/l".utf8) + length(1) + ContentID(of: "f".utf8).root.bytes
        #expect(hasher.finalize() == ContentID(of: bytes).root)
    }

    @Test("Nothing delivered has the root of nothing")
    func empty() {
        #expect(ManifestHasher().finalize() == .zero)
    }
}

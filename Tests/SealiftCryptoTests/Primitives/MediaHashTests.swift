import SealiftCrypto
import Testing

@Suite("The hashes of film tools")
struct MediaHashTests {
    /// From Python's hashlib; the C4 IDs as SHA-512 in base 58.
    @Test(
        "are those of other tools, however the bytes arrive",
        arguments: [
            (
                MediaHashAlgorithm.c4, "",
                "c459dsjfscH38cYeXXYogktxf4Cd9ibshE3BHUo6a58hBXmRQdZrAkZzsWcbWtDg5oQstpDuni4Hirj75GEmTc1sFT"
            ),
            (
                .c4, "abc",
                "c45S4rnaTNWonxss1u8LzsaJdEph1AJhWUF4sh2waXKMsutyfAxg4ybUeuXVWS9HdNcEypmeXn8FZGonD4w1rj9DZp"
            ),
            (.md5, "abc", "900150983cd24fb0d6963f7d28e17f72"),
            (.sha1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ])
    func known(algorithm: MediaHashAlgorithm, text: String, hash: String) {
        let bytes = Array(text.utf8)
        for cut in 0...bytes.count {
            var hasher = IncrementalMediaHash(algorithm)
            bytes[..<cut].withUnsafeBytes { hasher.update($0) }
            bytes[cut...].withUnsafeBytes { hasher.update($0) }
            #expect(hasher.finalize() == hash)
        }
    }
}

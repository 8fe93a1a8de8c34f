import Glibc
import SealiftBase

/// The random identifier that the kernel makes at every start.
///
/// As long as it is the same, everything that was written is either on disk or in the page cache:
/// a journal needs no distrust. After a crash of the machine it differs.
public enum BootID {
    /// Reads the 16 bytes from `/proc/sys/kernel/random/boot_id`.
    /// - Throws: the kernel's error, or `EINVAL` where the file holds no UUID.
    public static func read() throws(SystemError) -> [UInt8] {
        let path = Array("/proc/sys/kernel/random/boot_id".utf8)
        let parent = try DirectoryHandle.open(path: Array("/proc/sys/kernel/random".utf8))
        let file = try parent.openFile(Array("boot_id".utf8), for: .reading)
        let digits = try file.readAll(atMost: 64).filter { $0 != UInt8(ascii: "-") }
        let text = String(decoding: digits, as: UTF8.self).filter { !$0.isWhitespace }
        guard let bytes = Hexadecimal.decode(text), bytes.count == 16 else {
            throw SystemError(code: EINVAL, operation: "read boot id", path: path)
        }
        return bytes
    }
}

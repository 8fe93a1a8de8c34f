import Foundation
import Glibc

/// A terminal that a process may be started on, played by the test.
final class PseudoTerminal {
    /// The process's side.
    let processSide: FileHandle
    private let descriptor: CInt
    private var shown = ""

    /// `TIOCSPTLCK` and `TIOCGPTN` of Linux: what unlockpt and ptsname do, which Swift does not import.
    private static let setLock: UInt = 0x4004_5431
    private static let getNumber: UInt = 0x8004_5430

    /// No terminal could be opened.
    struct Unavailable: Error {
        var code: CInt
    }

    init() throws {
        descriptor = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var (isLocked, number): (CInt, CInt) = (0, 0)
        guard descriptor >= 0, ioctl(descriptor, Self.setLock, &isLocked) == 0,
            ioctl(descriptor, Self.getNumber, &number) == 0
        else { throw Unavailable(code: errno) }
        let opened = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard opened >= 0 else { throw Unavailable(code: errno) }
        processSide = FileHandle(fileDescriptor: opened, closeOnDealloc: true)
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    }

    deinit {
        close(descriptor)
    }

    /// Everything shown so far. To be called again and again, so that no process waits to be read.
    func screen() -> String {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(descriptor, &bytes, bytes.count)
            guard count > 0 else { return shown }
            shown += String(decoding: bytes.prefix(count), as: UTF8.self)
        }
    }

    /// Types a line.
    func type(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = write(descriptor, bytes, bytes.count)
    }
}

internal import Glibc
internal import Sealift

/// Reads lines from standard input or a terminal, and stops waiting when somebody asks to stop.
final class LineReader {
    /// What reading a line came to.
    enum Outcome: Equatable {
        /// A line, without its end; also the last one, where no newline follows.
        case line([UInt8])
        /// Nothing was there.
        case nothing
        /// Somebody asked to stop.
        case stopped
    }

    /// Longer lines are cut here; no ticket and no answer is as long.
    static let limit = 16_384

    private let wakeReader: CInt
    private let wakeWriter: CInt
    private let cancellation: Cancellation
    private let descriptor: CInt

    /// Makes a reader that gives up when `cancellation` is requested.
    /// - Parameter descriptor: what is read; standard input unless told otherwise.
    init(cancellation: Cancellation, descriptor: CInt = STDIN_FILENO) {
        self.cancellation = cancellation
        self.descriptor = descriptor
        var ends: [CInt] = [-1, -1]
        // Without a pipe (no descriptors left) a line can still be read; only waking is lost.
        _ = pipe(&ends)
        (wakeReader, wakeWriter) = (ends[0], ends[1])
        let writer = ends[1]
        // The pipe is never closed, so the hook may run at any time.
        cancellation.whenRequested { _ = write(writer, [0], 1) }
    }

    /// Reads up to the first newline.
    func readLine() -> Outcome {
        var line: [UInt8] = []
        while line.count < Self.limit {
            switch readByte() {
            case .stopped: return .stopped
            case .end: return line.isEmpty ? .nothing : .line(line)
            case .byte(UInt8(ascii: "\n")): return .line(line)
            case .byte(let byte): line.append(byte)
            }
        }
        return .line(line)
    }

    /// What reading a byte came to.
    enum Input {
        case byte(UInt8)
        /// Nothing more will come.
        case end
        /// Somebody asked to stop.
        case stopped
    }

    /// Reads the next byte.
    func readByte() -> Input {
        while waitForInput() {
            var byte: UInt8 = 0
            let count = read(descriptor, &byte, 1)
            if count < 0 && (errno == EINTR || errno == EAGAIN) { continue }
            return count == 1 ? .byte(byte) : .end
        }
        return .stopped
    }

    /// Sleeps until there is something to read; false when somebody asked to stop.
    private func waitForInput() -> Bool {
        var descriptors = [
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: wakeReader, events: Int16(POLLIN), revents: 0),
        ]
        while !cancellation.isRequested {
            let ready = poll(&descriptors, nfds_t(descriptors.count), -1)
            if ready < 0 && errno != EINTR { return true }
            if ready > 0 && descriptors[0].revents != 0 { return !cancellation.isRequested }
        }
        return false
    }
}

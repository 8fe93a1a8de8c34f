import CSealiftSys
import Glibc
public import SealiftBase

/// A TCP connection for a thread that may block, every call with a deadline.
public final class StreamSocket: Sendable {
    private let descriptor: Descriptor

    /// Connects.
    /// - Throws: the kernel's reason, or `ETIMEDOUT` at `deadline`.
    public init(connectingTo address: SocketAddress, until deadline: Instant) throws(SystemError) {
        var form = address.kernelForm
        descriptor = Descriptor(try checked(sealift_stream_connect(&form), "connect"))
        try wait(for: POLLOUT, until: deadline)
        try checked(sealift_stream_outcome(descriptor.number), "connect")
    }

    /// Sends all of `bytes`.
    /// - Throws: the kernel's reason, or `ETIMEDOUT` at `deadline`.
    public func write(_ bytes: [UInt8], until deadline: Instant) throws(SystemError) {
        let number = descriptor.number
        var sent = 0
        while sent < bytes.count {
            let result = bytes[sent...].withUnsafeBytes { rest in
                retryingInterrupts { sealift_stream_send(number, rest.baseAddress, rest.count) }
            }
            if result == -Int64(EAGAIN) {
                try wait(for: POLLOUT, until: deadline)
            } else {
                sent += Int(try checked(result, "send"))
            }
        }
    }

    /// Receives what is there, at least one byte and at most `limit`; empty once the other end is done.
    /// - Throws: the kernel's reason, or `ETIMEDOUT` at `deadline`.
    public func read(atMost limit: Int, until deadline: Instant) throws(SystemError) -> [UInt8] {
        let number = descriptor.number
        while true {
            var result: Int64 = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: max(1, limit)) { buffer, count in
                let (base, capacity) = (buffer.baseAddress, buffer.count)
                result = retryingInterrupts { sealift_stream_receive(number, base, capacity) }
                count = Int(max(0, result))
            }
            if result != -Int64(EAGAIN) {
                try checked(result, "recv")
                return bytes
            }
            try wait(for: POLLIN, until: deadline)
        }
    }

    private func wait(for events: Int32, until deadline: Instant) throws(SystemError) {
        var entry = pollfd(fd: descriptor.number, events: Int16(events), revents: 0)
        while true {
            let left = (deadline - MonotonicClock.now()).nanoseconds
            guard left > 0 else { throw SystemError(code: ETIMEDOUT, operation: "wait") }
            let result = sealift_poll(&entry, 1, left)
            if result == -EINTR { continue }
            if try checked(result, "ppoll") > 0 { return }
        }
    }
}

import CSealiftSys
import Glibc
public import SealiftBase

/// Where the socket thread waits: for datagrams, for room to send, for a ``Waker``, or for an
/// instant. Deadlines nearer than a millisecond are kept (ppoll), which pacing needs.
///
/// Owned by one thread. A wait allocates nothing.
public final class SocketPoller {
    /// The sockets waited for; indices below refer to it.
    public let sockets: [DatagramSocket]
    private let waker: Waker
    /// One entry per socket, and the waker's last.
    private let entries: UnsafeMutableBufferPointer<pollfd>
    /// Whether the last wait was ended, or preceded, by a wake.
    public private(set) var wasWoken = false

    /// Makes a poller of `sockets`.
    public init(sockets: [DatagramSocket], waker: Waker) {
        self.sockets = sockets
        self.waker = waker
        entries = .allocate(capacity: sockets.count + 1)
        for (index, socket) in sockets.enumerated() {
            entries.initializeElement(
                at: index,
                to: pollfd(fd: socket.descriptor.number, events: Int16(POLLIN), revents: 0))
        }
        entries.initializeElement(
            at: sockets.count,
            to: pollfd(fd: waker.descriptor.number, events: Int16(POLLIN), revents: 0))
    }

    deinit {
        entries.deallocate()
    }

    /// Says whether waits shall also end when socket `index` has room to send.
    public func setWaitsForRoom(_ waits: Bool, socket index: Int) {
        precondition(index < sockets.count)
        entries[index].events = Int16(waits ? POLLIN | POLLOUT : POLLIN)
    }

    /// Waits until a socket is ready, the waker is called or `deadline` on ``MonotonicClock`` has
    /// come; a deadline in the past only looks, ``Instant/distantFuture`` has no end. A signal may
    /// end the wait early.
    /// - Throws: the kernel's error; only a programming error or lack of memory cause one.
    public func wait(until deadline: Instant) throws(SystemError) {
        var timeout: Int64 = -1
        if deadline != .distantFuture {
            timeout = max(0, (deadline - MonotonicClock.now()).nanoseconds)
        }
        let result = sealift_poll(entries.baseAddress, UInt32(entries.count), timeout)
        if result == -EINTR {
            for index in entries.indices { entries[index].revents = 0 }
        } else {
            try checked(result, "ppoll")
        }
        wasWoken = entries[sockets.count].revents != 0
        if wasWoken { waker.reset() }
    }

    /// Whether socket `index` had datagrams, or an error to read, when the last wait ended.
    public func isReadable(socket index: Int) -> Bool {
        precondition(index < sockets.count)
        return Int32(entries[index].revents) & (POLLIN | POLLERR | POLLHUP) != 0
    }

    /// Whether socket `index` had room to send when the last wait ended, and this was asked for.
    public func hasRoom(socket index: Int) -> Bool {
        precondition(index < sockets.count)
        return Int32(entries[index].revents) & POLLOUT != 0
    }
}

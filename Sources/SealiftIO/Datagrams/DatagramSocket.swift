import CSealiftSys
import Glibc
import Synchronization

/// A UDP socket that sends and receives trains of datagrams, and that no error closes.
///
/// It never blocks: a thread waits for it in a ``SocketPoller``. Path MTU discovery is set to
/// PROBE, so that the kernel neither fragments nor believes a forged ICMP "packet too big" (quic-go
/// CVE-2024-53259). An IPv6 socket takes IPv6 only; a second one serves IPv4.
public final class DatagramSocket: Sendable {
    /// Sizes that the kernel granted, in bytes as it counts them (about twice the payload).
    public struct BufferSizes: Equatable, Sendable {
        /// For datagrams that wait to be read.
        public let receive: Int
        /// For datagrams that wait to be sent.
        public let send: Int
    }

    /// What is asked for each buffer: 8 MiB. At 1 GB/s that is 8 ms in which a reader may be late.
    public static let requestedBufferSize = 8 << 20

    let descriptor: Descriptor
    /// The address the socket is bound to, with the real port.
    public let localAddress: SocketAddress
    /// The buffers that the kernel granted.
    public let buffers: BufferSizes
    private let segmentation: Atomic<Bool>
    private let drops = Atomic<UInt32>(0)
    private let faults: FaultInjector?

    /// Opens a socket bound to `address`; port 0 takes any free one.
    /// - Parameter interface: the only interface that its datagrams may use, both ways; nil for any.
    /// - Throws: `EADDRINUSE`, `EADDRNOTAVAIL`, `EACCES` (a port below 1024), `EAFNOSUPPORT` where the
    ///   machine has no IPv6, or `ENODEV` where it has no such interface.
    public convenience init(
        bind address: SocketAddress, interface: String? = nil
    ) throws(SystemError) {
        try self.init(bind: address, interface: interface, faults: nil)
    }

    /// Opens a socket whose sends `faults` can make fail.
    package init(
        bind address: SocketAddress, interface: String? = nil, faults: FaultInjector?
    ) throws(SystemError) {
        let family = Int32(address.family.rawValue)
        let descriptor = Descriptor(try checked(sealift_datagram_open(family), "socket"))
        let number = descriptor.number
        if address.family == .ipv6 {
            try checked(sealift_datagram_only_version_6(number), "IPV6_V6ONLY")
        }
        try checked(sealift_datagram_never_fragment(number, family), "MTU_DISCOVER")
        try checked(sealift_datagram_report_everything(number, family), "socket options")
        if let interface {
            try checked(sealift_datagram_only_interface(number, interface), "SO_BINDTODEVICE")
        }
        // Best effort: a smaller buffer or a kernel without GRO is slower, not wrong.
        _ = sealift_datagram_coalesce(number)
        let size = Int32(Self.requestedBufferSize)
        _ = sealift_datagram_set_receive_buffer(number, size)
        _ = sealift_datagram_set_send_buffer(number, size)

        var form = address.kernelForm
        let path = "\(address)"
        let bound = sealift_datagram_bind(number, &form)
        guard bound == 0 else {
            throw SystemError(code: -bound, operation: "bind to", path: path)
        }
        try checked(sealift_datagram_local_address(number, &form), "getsockname")
        guard let localAddress = SocketAddress(form) else {
            throw SystemError(code: EAFNOSUPPORT, operation: "getsockname", path: path)
        }
        self.descriptor = descriptor
        self.localAddress = localAddress
        self.faults = faults
        segmentation = Atomic(true)
        buffers = BufferSizes(
            receive: Int(max(0, sealift_datagram_receive_buffer(number))),
            send: Int(max(0, sealift_datagram_send_buffer(number))))
    }

    /// Whether trains of datagrams still go out with one call. It starts true, and turns false for
    /// good when the kernel or the device refuses to cut one.
    public var isSegmentationOn: Bool { segmentation.load(ordering: .relaxed) }

    /// Datagrams the kernel has dropped because the receive buffer was full, as told by the latest
    /// datagram that came through; it wraps at 2^32.
    public var kernelDrops: UInt32 { drops.load(ordering: .relaxed) }

    /// Sends a batch: as one train where the kernel can cut it, singly otherwise.
    ///
    /// Where a device refuses the train (`EIO`, or `EINVAL` at 1,200 bytes), the same bytes leave
    /// at once without segmentation, which stays off.
    /// - Precondition: `batch` has 1 to 64 segments and at most 65,507 bytes
    ///   (``OutgoingBatch/maximumSegments(of:)``), or is one single datagram of any size.
    public func send(_ batch: OutgoingBatch) -> SendReport {
        let segments = batch.segmentCount
        precondition(segments > 0, "a batch holds at least one datagram")
        guard segments > 1 else { return sendPlain(batch, segments: 1) }
        precondition(
            segments <= 64 && batch.bytes.count <= OutgoingBatch.maximumByteCount,
            "a batch stays within what the kernel cuts")
        guard isSegmentationOn else { return sendPlain(batch, segments: segments) }

        let code = trySegmented(batch)
        guard code != 0 else { return SendReport(segmentsSent: segments, outcome: .sent) }
        switch SegmentedRefusal(errno: code, segmentSize: batch.segmentSize) {
        case .segmentationUnsupported:
            segmentation.store(false, ordering: .relaxed)
            return sendPlain(batch, segments: segments)
        case .outcome(let outcome):
            return SendReport(segmentsSent: 0, outcome: outcome)
        }
    }

    /// Sends one train with one call.
    /// - Returns: 0, or the error.
    private func trySegmented(_ batch: OutgoingBatch) -> Int32 {
        if let code = faults?.verdict(on: .sendSegmented, cost: batch.bytes.count), code != 0 {
            return code
        }
        var outgoing = batch.kernelForm(0..<batch.bytes.count, isSegmented: true)
        let number = descriptor.number
        let result = retryingInterrupts { sealift_datagram_send(number, &outgoing) }
        return result < 0 ? Int32(truncatingIfNeeded: -result) : 0
    }

    /// Sends each datagram of the batch by itself, with one call for all of them.
    private func sendPlain(_ batch: OutgoingBatch, segments: Int) -> SendReport {
        if let code = faults?.verdict(on: .sendPlain, cost: batch.bytes.count), code != 0 {
            return SendReport(segmentsSent: 0, outcome: SendOutcome(errno: code))
        }
        return withUnsafeTemporaryAllocation(of: sealift_outgoing.self, capacity: segments) {
            messages in
            for index in 0..<segments {
                let start = index * batch.segmentSize
                let end = min(start + batch.segmentSize, batch.bytes.count)
                messages.initializeElement(
                    at: index, to: batch.kernelForm(start..<end, isSegmented: false))
            }
            return sendAll(UnsafeBufferPointer(messages))
        }
    }

    /// Sends several unrelated datagrams, each a batch of one segment, with as few calls as
    /// possible; stops at the first that does not go.
    public func sendEach(_ datagrams: [OutgoingBatch]) -> SendReport {
        if let code = faults?.verdict(on: .sendPlain, cost: datagrams.count), code != 0 {
            return SendReport(segmentsSent: 0, outcome: SendOutcome(errno: code))
        }
        let messages = datagrams.map { $0.kernelForm(0..<$0.bytes.count, isSegmented: false) }
        return messages.withUnsafeBufferPointer { sendAll($0) }
    }

    private func sendAll(_ messages: UnsafeBufferPointer<sealift_outgoing>) -> SendReport {
        var sent = 0
        let number = descriptor.number
        while sent < messages.count {
            let rest = UnsafeBufferPointer(rebasing: messages[sent...])
            let result = retryingInterrupts {
                sealift_datagram_send_many(number, rest.baseAddress, UInt32(rest.count))
            }
            if result < 0 {
                return SendReport(segmentsSent: sent, outcome: SendOutcome(errno: -result))
            }
            sent += Int(result)
        }
        return SendReport(segmentsSent: sent, outcome: .sent)
    }

    /// Reads what has come into `slab`, replacing what it held.
    public func receive(into slab: ReceiveSlab) -> ReceiveOutcome {
        let number = descriptor.number
        let result = retryingInterrupts { slab.fill(from: number) }
        guard result >= 0 else {
            return result == -EAGAIN ? .wouldBlock : .failed(-result)
        }
        if let latest = slab.latestDrops { drops.store(latest, ordering: .relaxed) }
        return .received(buffers: Int(result))
    }
}

import Glibc

/// What became of a send. None of these harms the socket: it keeps its port, and with it every
/// mapping that NATs on the way have made.
public enum SendOutcome: Equatable, Sendable {
    /// The kernel took every datagram.
    case sent
    /// The send buffer is full: try again when the socket is writable.
    case wouldBlock
    /// The datagrams are larger than the path's first hop carries now: fall back to 1,200 bytes.
    case messageTooLong
    /// No route, no such neighbour, network down, or the local address is gone: perhaps for the
    /// moment. To the transport it is a loss.
    case unreachable
    /// The kernel or the device is out of buffers: as a loss.
    case noBuffers
    /// A firewall rule of this machine refuses (EPERM), or the address is not allowed (EACCES).
    case permission
    /// Any other `errno`.
    case other(Int32)

    init(errno code: Int32) {
        switch code {
        case 0: self = .sent
        case EAGAIN: self = .wouldBlock
        case EMSGSIZE: self = .messageTooLong
        case ENETUNREACH, EHOSTUNREACH, ENETDOWN, EHOSTDOWN, ECONNREFUSED, EADDRNOTAVAIL, ENODEV:
            self = .unreachable
        case ENOBUFS, ENOMEM: self = .noBuffers
        case EPERM, EACCES: self = .permission
        default: self = .other(code)
        }
    }
}

/// How much of a batch went out, and why the rest did not.
public struct SendReport: Equatable, Sendable {
    /// Datagrams that the kernel took; all of them where ``outcome`` is ``SendOutcome/sent``.
    public let segmentsSent: Int
    /// What became of the first datagram that did not go, or ``SendOutcome/sent``.
    public let outcome: SendOutcome

    /// Makes a report.
    public init(segmentsSent: Int, outcome: SendOutcome) {
        self.segmentsSent = segmentsSent
        self.outcome = outcome
    }
}

/// What a refused train of datagrams means (DESIGN of the data socket, quinn#1128, msquic#3867).
enum SegmentedRefusal: Equatable {
    /// The device or the kernel cannot cut: send the same bytes singly, now and from now on.
    case segmentationUnsupported
    /// An outcome like any other; segmentation stays on.
    case outcome(SendOutcome)

    /// `EIO` comes from a device without checksum offload. `EINVAL` comes for a segment above the
    /// path's MTU, but at 1,200 bytes, which every path carries, it can only mean the cutting.
    init(errno code: Int32, segmentSize: Int) {
        switch code {
        case EIO: self = .segmentationUnsupported
        case EINVAL where segmentSize <= 1_200: self = .segmentationUnsupported
        case EINVAL: self = .outcome(.messageTooLong)
        default: self = .outcome(SendOutcome(errno: code))
        }
    }
}

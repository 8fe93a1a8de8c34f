public import SealiftBase

/// One encrypted session's transport: reliable objects and a control stream over lossy datagrams.
public struct Connection {
    /// Where a connection stands.
    public enum State: Equatable, Sendable {
        case open
        case closing
        case draining
        case closed
    }

    /// Starts a connection on the keys of a finished handshake.
    public init(session: EstablishedSession, configuration: ConnectionConfiguration, now: Instant) {
        fatalError()
    }

    /// Takes in one datagram.
    public mutating func receive(_ datagram: UnsafeRawBufferPointer, ecn: ECN, now: Instant) {}
    /// Acts on timers that are due.
    public mutating func handleTimeout(now: Instant) {}
    /// When to call ``handleTimeout(now:)``.
    public var nextTimeout: Instant? { nil }
    /// Writes datagrams.
    public mutating func pollTransmit(
        into buffer: UnsafeMutableRawBufferPointer, now: Instant
    ) -> Transmission? { nil }
    /// The next event.
    public mutating func pollEvent() -> ConnectionEvent? { nil }
    /// Queues control bytes.
    public mutating func writeControl(_ bytes: some Collection<UInt8>) {}
    /// Bytes not sent yet.
    public var controlSendBacklog: Int { 0 }
    /// Appends control bytes that are in order.
    public mutating func readControl(into bytes: inout [UInt8]) {}
    /// Expects objects.
    public mutating func expectObjects(first: ObjectID, lengths: some Collection<Int>) {}
    /// Withdraws.
    public mutating func withdrawObject(_ id: ObjectID) {}
    /// Sends.
    public mutating func sendObject(_ id: ObjectID, _ buffer: ObjectBuffer) {}
    /// Bytes queued.
    public var bytesQueuedToSend: Int { 0 }
    /// Statistics.
    public var statistics: ConnectionStatistics { ConnectionStatistics() }
    /// The largest datagram.
    public var maximumDatagramSize: Int = 1200
    /// Closes.
    public mutating func close(code: CloseCode, reason: String, now: Instant) {}
    /// State.
    public var state: State { .open }
}

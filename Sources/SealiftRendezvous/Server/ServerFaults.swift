import NIOCore
import Synchronization

/// What goes wrong before a connection is a client, counted: sums only.
final class ServerFaults: Sendable {
    private let openings = Atomic<Int>(0)
    private let crowded = Atomic<Int>(0)
    private let accepts = Atomic<Int>(0)

    /// Connections that were no WebSocket in time, or broke before: port scans, TLS that does not fit.
    var failedOpenings: Int { openings.load(ordering: .relaxed) }
    /// Connections closed at once because too many were open.
    var crowdedOut: Int { crowded.load(ordering: .relaxed) }
    /// Connections that the system could not give us: out of descriptors, most often.
    var failedAccepts: Int { accepts.load(ordering: .relaxed) }

    func openingFailed() { openings.wrappingAdd(1, ordering: .relaxed) }
    func wasCrowdedOut() { crowded.wrappingAdd(1, ordering: .relaxed) }
    func acceptFailed() { accepts.wrappingAdd(1, ordering: .relaxed) }
}

/// Counts what a listening socket cannot accept; it goes on listening.
final class AcceptErrorHandler: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private let faults: ServerFaults

    init(_ faults: ServerFaults) {
        self.faults = faults
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        faults.acceptFailed()
        context.fireErrorCaught(error)
    }
}

public import SealiftBase

/// A stage for one of several routes between the same two nodes: only what goes to, or comes from, a
/// port sees it. So two machines can be joined by a slow and a fast way at once.
public struct OnRoute: LinkStage {
    /// The port of the route, the same at both ends.
    public let port: UInt16
    private var stage: any LinkStage

    /// Puts `stage` on the route of `port`.
    public init(_ port: UInt16, _ stage: any LinkStage) {
        self.port = port
        self.stage = stage
    }

    /// The name of the stage inside.
    public var name: String { stage.name }

    /// Passes the datagram through the stage inside if it is of this route, else unharmed.
    public mutating func process(
        _ datagram: SimulatedDatagram, now: Instant, generator: inout SeededGenerator,
        into outputs: inout [LinkOutput]
    ) {
        guard datagram.to.port == port else {
            outputs.append(LinkOutput(datagram))
            return
        }
        stage.process(datagram, now: now, generator: &generator, into: &outputs)
    }
}

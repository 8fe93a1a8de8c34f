internal import Sealift

/// One line that says that a sender is waited for: `connection lost, trying again, 9:40 left`.
enum ReconnectionLine {
    /// The line; all ASCII.
    static func text(_ reconnection: Reconnection) -> String {
        let cause =
            switch reconnection.cause {
            case .connectionLost: "connection lost"
            case .peerStopped: "the sender stopped"
            }
        return "\(cause), trying again, \(DurationText.clock(reconnection.timeLeft)) left"
    }
}

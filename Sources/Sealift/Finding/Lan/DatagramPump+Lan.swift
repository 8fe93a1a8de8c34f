import SealiftIO
import SealiftTransport

extension DatagramPump {
    /// The paths to the group of each link that there is a socket for. The policy was asked about the
    /// link's own addresses; a group is nobody's.
    var groupPaths: [PathID] {
        LanGroup.addresses(policy).compactMap { group in
            socketNumber(group.family).map { PathID(group, socket: $0) }
        }
    }

    /// The path by which an answer goes to whom a datagram came from that a group carried.
    func answerPath(to source: SocketAddress) -> PathID? {
        socketNumber(source.family).map { PathID(source, socket: $0) }
    }

    private func socketNumber(_ family: SocketAddress.Family) -> Int? {
        sockets.firstIndex { $0.localAddress.family == family }
    }
}

import SealiftBase
import SealiftIO
import SealiftTransport

extension EndpointAddress {
    /// The socket's address as the user sees it.
    init(_ address: SocketAddress) {
        self.init(socketBytes: address.bytes, port: address.port)
    }
}

extension ConnectionStatistics {
    /// The share of packets lost so far, 0 to 1; packets found to be late only do not count.
    var lossRatio: Double {
        let lost = packetsLost - min(packetsLost, packetsSpuriouslyLost)
        return packetsSent > 0 ? min(1, Double(lost) / Double(packetsSent)) : 0
    }
}

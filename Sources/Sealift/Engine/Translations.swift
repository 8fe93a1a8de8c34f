import SealiftBase
import SealiftContent
import SealiftIO
import SealiftTransfer
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

extension ReceptionPlan {
    /// What the review of the listing decided.
    init(_ summary: ListingSummary) {
        self.init(
            takenFiles: summary.takenFiles, takenBytes: summary.takenBytes,
            unselectedFiles: summary.unselectedFiles, skippedFiles: summary.skippedFiles,
            renamedFiles: summary.renamedFiles, overwrittenFiles: summary.overwrittenFiles,
            conflicts: summary.conflictCount)
    }
}

extension FileResult {
    /// The path that a file got in place of its own.
    var givenPath: [UInt8]? {
        if case .deliveredAs(let path) = self { path.bytes } else { nil }
    }
}

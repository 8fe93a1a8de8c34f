import SealiftTestSupport
import SealiftTransport

@testable import SealiftTransfer

/// For scenes of few nodes, whose paths begin with the number of the host that they lead to.
enum HostAddressedPackets {
    /// Everything that `poll` has to send now.
    static func take(
        _ poll: (UnsafeMutableRawBufferPointer) -> PacketBatch?
    ) -> [SimulatedDatagram] {
        var scratch = [UInt8](repeating: 0, count: 65_536)
        var datagrams: [SimulatedDatagram] = []
        while let batch = scratch.withUnsafeMutableBytes({ poll($0) }) {
            let address = SimulatedAddress(host: UInt32(batch.path.words.0))
            datagrams += stride(from: 0, to: batch.byteCount, by: batch.segmentSize).map {
                let end = min($0 + batch.segmentSize, batch.byteCount)
                return SimulatedDatagram(bytes: Array(scratch[$0..<end]), to: address)
            }
        }
        return datagrams
    }
}

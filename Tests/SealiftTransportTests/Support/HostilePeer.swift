import SealiftBase
import SealiftCrypto

@testable import SealiftTransport

/// A peer that holds the keys and follows no rule: seals whatever frames a test writes.
struct HostilePeer {
    var protection: PacketProtection
    var nextNumber: UInt64 = 0

    init(_ session: EstablishedSession) {
        protection = PacketProtection(session: session)
    }

    /// A packet that holds `frames`, under the connection id of a sequence.
    mutating func packet(_ frames: [UInt8], sequence: UInt32 = 0) throws -> [UInt8] {
        while let last = protection.localSequences.last, last < sequence {
            _ = protection.addLocalSequence()
        }
        var datagram = [UInt8](repeating: 0, count: 17) + frames + [UInt8](repeating: 0, count: 16)
        let number = nextNumber
        nextNumber += 1
        _ = try datagram.withUnsafeMutableBytes {
            try protection.seal(
                packetNumber: number, plaintextCount: frames.count, in: $0, sequence: sequence)
        }
        return datagram
    }

    /// The frames of a datagram of the other end.
    mutating func open(_ datagram: [UInt8]) -> [UInt8]? {
        var plaintext = [UInt8](repeating: 0, count: 65_536)
        let opened = datagram.withUnsafeBytes { bytes in
            plaintext.withUnsafeMutableBytes { protection.open(bytes, into: $0, now: .zero) }
        }
        return opened.map { Array(plaintext[..<$0.plaintextCount]) }
    }
}

extension Connection {
    mutating func receive(_ datagram: [UInt8], on path: PathID = .only, now: Instant = .zero) {
        datagram.withUnsafeBytes { receive($0, on: path, ecn: .notCapable, now: now) }
    }

    /// All datagrams that may leave now, with the path of each.
    mutating func drainWithPaths(now: Instant) -> [(path: PathID, bytes: [UInt8])] {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        var result: [(path: PathID, bytes: [UInt8])] = []
        while let sent = buffer.withUnsafeMutableBytes({ pollTransmit(into: $0, now: now) }) {
            for offset in stride(from: 0, to: sent.byteCount, by: sent.segmentSize) {
                let end = min(offset + sent.segmentSize, sent.byteCount)
                result.append((sent.path, Array(buffer[offset..<end])))
            }
        }
        return result
    }

    /// All datagrams that may leave now.
    mutating func drainTransmit(now: Instant) -> [[UInt8]] {
        drainWithPaths(now: now).map(\.bytes)
    }

    /// The reason of the closed event, if it came.
    mutating func drainClosed() -> CloseReason? {
        while let event = pollEvent() {
            if case .closed(let reason) = event { return reason }
        }
        return nil
    }
}

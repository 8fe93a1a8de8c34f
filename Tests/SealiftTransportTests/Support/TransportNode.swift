import SealiftBase
import SealiftCrypto
import SealiftTestSupport

@testable import SealiftTransport

/// One end on the simulated network: a connection and a small application. The initiator asks for
/// objects, a few at a time; the responder makes their bytes from the object's id.
struct TransportNode: SimulatedEndpoint {
    var connection: Connection
    /// Lengths of the objects of this run, by id; the same at both ends.
    let lengths: [Int]
    /// Objects asked for and not complete, at most.
    let window: Int
    var requested = 0
    var completed = 0
    var sent = 0
    var delivered = 0
    /// Whether an object's bytes were not those that were sent.
    var sawWrongBytes = false
    var controlReceived: [UInt8] = []
    var isEstablished = false
    var closed: CloseReason?
    let isReceiver: Bool
    private var buffer = [UInt8](repeating: 0, count: 65_536)

    init(
        _ session: EstablishedSession, peer: SimulatedAddress, lengths: [Int],
        configuration: ConnectionConfiguration, window: Int
    ) {
        self.window = window
        connection = Connection(
            session: session, configuration: configuration, on: PathID(peer), now: .zero)
        self.lengths = lengths
        isReceiver = session.role == .initiator
        request()
    }

    static func content(of id: ObjectID, count: Int) -> ObjectBuffer {
        let buffer = ObjectBuffer(count: count)
        var word = id.rawValue &* 0x9E37_79B9_7F4A_7C15 &+ 1
        var index = 0
        while index < count {
            word = word &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            buffer.bytes[index] = UInt8(truncatingIfNeeded: word >> 56)
            index += 1
        }
        return buffer
    }

    private mutating func request() {
        guard isReceiver else { return }
        let count = min(window - (requested - completed), lengths.count - requested)
        // Asking in batches, as an engine would.
        guard count > 0, count >= window / 4 || requested + count == lengths.count else { return }
        connection.expectObjects(
            first: ObjectID(UInt64(requested)), lengths: lengths[requested..<(requested + count)])
        requested += count
        connection.writeControl([UInt8](repeating: 0x52, count: count))
    }

    private mutating func serve() {
        while let event = connection.pollEvent() {
            switch event {
            case .established: isEstablished = true
            case .controlReadable:
                let before = controlReceived.count
                connection.readControl(into: &controlReceived)
                guard !isReceiver else { continue }
                for _ in before..<controlReceived.count where sent < lengths.count {
                    let id = ObjectID(UInt64(sent))
                    connection.sendObject(id, Self.content(of: id, count: lengths[sent]))
                    sent += 1
                }
            case .objectReceived(let id, let object):
                let expected = Self.content(of: id, count: lengths[Int(id.rawValue)])
                if !object.bytes.elementsEqual(expected.bytes) { sawWrongBytes = true }
                completed += 1
                request()
            case .objectDelivered: delivered += 1
            case .pathMeasured: break
            case .closed(let reason): closed = reason
            }
        }
    }

    mutating func receive(_ datagram: SimulatedDatagram, now: Instant) {
        datagram.bytes.withUnsafeBytes {
            connection.receive(
                $0, on: PathID(datagram.from),
                ecn: ECN(rawValue: datagram.ecn.rawValue) ?? .notCapable, now: now)
        }
        serve()
    }

    mutating func handleTimeout(now: Instant) {
        connection.handleTimeout(now: now)
        serve()
    }

    var nextTimeout: Instant? { connection.nextTimeout }

    mutating func pollTransmit(now: Instant) -> [SimulatedDatagram] {
        var out = buffer
        buffer = []
        defer { buffer = out }
        return out.withUnsafeMutableBytes { bytes -> [SimulatedDatagram] in
            guard let sent = connection.pollTransmit(into: bytes, now: now) else { return [] }
            var datagrams: [SimulatedDatagram] = []
            var offset = 0
            while offset < sent.byteCount {
                let end = min(sent.byteCount, offset + sent.segmentSize)
                datagrams.append(
                    SimulatedDatagram(bytes: Array(bytes[offset..<end]), to: sent.path.address))
                offset = end
            }
            return datagrams
        }
    }
}

extension PathID {
    /// The path to an address of the simulator, from the only socket.
    init(_ address: SimulatedAddress) {
        self.init(UInt64(address.host), UInt64(address.port), 0)
    }

    /// The address that the path leads to.
    var address: SimulatedAddress {
        SimulatedAddress(
            host: UInt32(truncatingIfNeeded: words.0), port: UInt16(truncatingIfNeeded: words.1))
    }
}

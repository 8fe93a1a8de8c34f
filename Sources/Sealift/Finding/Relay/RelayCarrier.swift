import SealiftBase
import SealiftIO
import SealiftRendezvous
import SealiftTraversal

/// What moves messages between us and a relay: datagrams, or a stream. Owned by the relay's thread.
struct RelayCarrier {
    private enum Means {
        case datagrams(DatagramSocket, to: SocketAddress)
        case stream(RelayStream)
    }

    private let means: Means
    private let poller: SocketPoller
    private let slab = ReceiveSlab(slots: 8)
    private let trafficClass: TrafficClass

    /// Opens the way to `server`. Blocks while the name is looked up and, for a stream, until it stands.
    init(
        _ server: TurnServer, policy: NetworkPolicy, waker: Waker
    ) throws(RelayFailure) {
        trafficClass = policy.trafficClass
        let found = NameLookup.addresses(of: server.host, port: server.port)
        guard !found.isEmpty else { throw .unknownHost }
        guard let address = found.first(where: { policy.permits($0) }) else {
            throw .forbidden
        }
        guard server.transport == .udp else {
            let place = RendezvousAddress(
                host: server.host, port: server.port, pin: server.pin,
                isSecure: server.transport == .tls)
            do throws(RendezvousConnectionError) {
                means = .stream(try RelayStream.open(place, at: address.host) { waker.wake() })
            } catch {
                throw .stream(error)
            }
            poller = SocketPoller(sockets: [], waker: waker)
            return
        }
        do throws(SystemError) {
            let bound = policy.bind.lazy.compactMap { SocketAddress(bytes: $0.bytes, port: 0) }
                .first { $0.family == address.family }
            let socket = try DatagramSocket(
                bind: bound ?? .unspecified(address.family), interface: policy.interface)
            means = .datagrams(socket, to: address)
            poller = SocketPoller(sockets: [socket], waker: waker)
        } catch {
            throw .socket(error)
        }
    }

    /// The kind, for the protocol.
    var kind: TurnClient.Carrier {
        switch means {
        case .datagrams: .datagrams
        case .stream: .stream
        }
    }

    /// Whether nothing can come any more.
    var isClosed: Bool {
        switch means {
        case .datagrams: false
        case .stream(let stream): stream.isClosed
        }
    }

    /// Hands what came from the relay to `take`.
    func receive(_ take: (UnsafeRawBufferPointer) -> Void) {
        switch means {
        case .datagrams(let socket, let server):
            while case .received(let count) = socket.receive(into: slab) {
                for index in 0..<count where slab[index].source == server {
                    let buffer = slab[index]
                    for segment in 0..<buffer.segmentCount { take(buffer.segment(segment)) }
                }
            }
        case .stream(let stream):
            while let message = stream.takeMessage() { message.withUnsafeBytes { take($0) } }
        }
    }

    /// Sends messages that stand behind each other, all but the last of one size; what does not go is lost.
    func send(_ messages: UnsafeRawBufferPointer, each size: Int) {
        switch means {
        case .datagrams(let socket, let server):
            _ = socket.send(
                OutgoingBatch(
                    bytes: messages, segmentSize: size, destination: server,
                    trafficClass: trafficClass))
        case .stream(let stream):
            stream.send(messages)
        }
    }

    /// Sleeps until something comes, somebody wakes the thread, or `deadline`.
    func wait(until deadline: Instant) {
        try? poller.wait(until: deadline)
    }

    func close() {
        if case .stream(let stream) = means { stream.close() }
    }
}

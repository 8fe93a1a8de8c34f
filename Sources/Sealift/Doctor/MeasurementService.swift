import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftTransfer
import SealiftTransport
import SealiftTraversal

/// Serves measurements until the user stops it: the waiting end of `sealift doctor --bench`.
///
/// Blocks; call it from a thread that may.
/// - Throws: why it could not begin or go on.
public func runMeasurementService(
    _ options: MeasurementServiceOptions, cancellation: Cancellation,
    tell: (MeasurementServiceEvent) -> Void
) throws(SealiftError) {
    try MeasurementService(options, cancellation: cancellation).run(tell)
}

/// The socket thread's loop around a ``MeasurementHost``.
private final class MeasurementService {
    /// How long farewells are sent once the user stopped it.
    private static let farewellTime = Duration.milliseconds(300)

    private let cancellation: Cancellation
    private let pump: DatagramPump
    private let finder: PathFinder
    private var machine: MeasurementMachine
    private let ownFingerprint: String
    private let ticket: Ticket
    private let end: Instant?
    private var host: MeasurementHost

    init(
        _ options: MeasurementServiceOptions, cancellation: Cancellation
    ) throws(SealiftError) {
        self.cancellation = cancellation
        try options.network.check()
        let device = try StateHome(options.home, passphrase: options.passphrase).device()
        ownFingerprint = device.publicKeys.id.fingerprint.description
        do throws(SystemError) {
            let waker = try Waker()
            cancellation.whenRequested { waker.wake() }
            let listen = options.listen.compactMap {
                SocketAddress(bytes: $0.bytes, port: $0.port)
            }
            pump = DatagramPump(
                sockets: try options.network.openSockets(listen: listen), waker: waker,
                policy: options.network)
            finder = try PathFinder(
                pump, role: .callee, device: device.publicKeys.id, policy: options.network,
                stun: options.stun, rendezvous: [], relay: nil, waker: waker)
            machine = try MeasurementMachine(pump.sockets)
        } catch {
            throw SealiftError(listening: error)
        }
        let addresses =
            options.advertise.isEmpty
            ? try options.network.ticketAddresses(
                of: pump.sockets, reflexive: finder.settledReflexive(cancellation))
            : options.advertise.compactMap { PeerAddress(bytes: $0.bytes, port: $0.port) }
        var entropy = SealiftCrypto.SystemEntropy()
        let secret = PreSharedKey.generate(entropy: &entropy)
        guard
            let ticket = Ticket(
                secret: secret, fingerprint: device.publicKeys.id.fingerprint,
                expires: SystemWallClock.now().adding(seconds: 86_400), addresses: addresses)
        else {
            throw SealiftError(
                .usage, "the ticket cannot be made: too many addresses, or none",
                advice: "Name between one and 16 addresses by --listen or --advertise.")
        }
        self.ticket = ticket
        var responder = HandshakeResponder(
            local: device, entropy: SealiftCrypto.SystemEntropy())
        responder.accept(secret, role: .measurement)
        host = MeasurementHost(
            responder: responder, configuration: try .forMeasuring(options.traffic))
        end = options.lifetime.map { MonotonicClock.now() + $0 }
    }

    func run(_ tell: (MeasurementServiceEvent) -> Void) throws(SealiftError) {
        defer { finder.finish() }
        NamedThread.sharpenTimers()
        tell(
            .ticket(
                text: ticket.text,
                addresses: ticket.addresses.compactMap {
                    EndpointAddress(bytes: $0.bytes, port: $0.port)
                }))
        var farewell: Instant?
        while true {
            let isMoreIn = pump.receive { datagram, path, ecn, now in
                if PathFinder.concerns(datagram) {
                    return finder.receive(datagram, on: path, now: now)
                }
                host.receive(datagram, on: path, ecn: ecn, now: now)
            }
            let now = MonotonicClock.now()
            finder.advance(now: now)
            if let due = host.nextTimeout, due <= now { host.handleTimeout(now: now) }
            host.machine = machine.figures(pump, now: now)
            host.process(now: now)
            while let event = host.pollEvent() { tell(translated(event)) }
            if farewell == nil, cancellation.isRequested || end.map({ now >= $0 }) == true {
                host.close(now: now)
                farewell = now + Self.farewellTime
            }
            if let farewell, now >= farewell || !host.isMeasuring { return }
            let isMoreOut = pump.transmit {
                host.pollTransmit(into: $0, now: now)
            } refused: {
                host.sendFailed($0, $1, now: now)
            }
            var deadline = farewell ?? end ?? .distantFuture
            for timeout in [host.nextTimeout, finder.nextTimeout] {
                deadline = min(deadline, timeout ?? .distantFuture)
            }
            do throws(SystemError) {
                try pump.wait(until: isMoreIn || isMoreOut ? now : deadline)
            } catch {
                throw SealiftError(.internalFailure, error)
            }
        }
    }

    private func translated(_ event: MeasurementHost.Event) -> MeasurementServiceEvent {
        switch event {
        case .began(let peer, let path):
            .began(
                PeerConnection(
                    peerFingerprint: peer.id.fingerprint.description,
                    ownFingerprint: ownFingerprint, address: EndpointAddress(path.address)))
        case .ended(.closedByPeer(.done, _)): .ended(isWhole: true)
        case .ended: .ended(isWhole: false)
        }
    }
}

extension ConnectionConfiguration {
    /// What a measurement sends with: the same as a transfer.
    static func forMeasuring(_ traffic: TrafficPolicy) throws(SealiftError) -> Self {
        do throws(SystemError) {
            var configuration = ConnectionConfiguration(
                packetNumberSkipSeed: try SealiftIO.SystemEntropy.number())
            traffic.apply(to: &configuration)
            return configuration
        } catch {
            throw SealiftError(.internalFailure, error)
        }
    }
}

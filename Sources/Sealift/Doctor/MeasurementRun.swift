import SealiftBase
import SealiftCrypto
import SealiftIO
public import SealiftTransfer
import SealiftTransport

/// Measures the path to the machine whose `sealift doctor --serve` printed the ticket.
///
/// Blocks for twice the stretch and a little more; call it from a thread that may.
/// - Throws: why nothing was measured.
public func runMeasurement(
    _ options: MeasurementOptions, cancellation: Cancellation, tell: (MeasurementStep) -> Void
) throws(SealiftError) -> PathMeasurement {
    try MeasurementRun(options, cancellation: cancellation).run(tell)
}

/// The socket thread's loop around a ``MeasurementCaller``.
private final class MeasurementRun {
    private let options: MeasurementOptions
    private let cancellation: Cancellation
    private let pump: DatagramPump
    private var machine: MeasurementMachine
    private let ownFingerprint: String
    private var caller: MeasurementCaller

    init(_ options: MeasurementOptions, cancellation: Cancellation) throws(SealiftError) {
        self.options = options
        self.cancellation = cancellation
        try options.network.check()
        let device = try StateHome(options.home, passphrase: options.passphrase).device()
        ownFingerprint = device.publicKeys.id.fingerprint.description
        do throws(SystemError) {
            let waker = try Waker()
            cancellation.whenRequested { waker.wake() }
            pump = DatagramPump(
                sockets: try options.network.openSockets(), waker: waker, policy: options.network)
            machine = try MeasurementMachine(pump.sockets)
        } catch {
            throw SealiftError(listening: error)
        }
        let paths = options.ticket.addresses
            .compactMap { SocketAddress(bytes: $0.bytes, port: $0.port) }
            .compactMap(pump.path(to:))
        let configuration = try ConnectionConfiguration.forMeasuring(options.traffic)
        let ticket = options.ticket
        do throws(HandshakeError) {
            caller = try MeasurementCaller(
                paths: paths, configuration: configuration, stretch: options.stretch,
                contactTimeout: options.connectTimeout, now: MonotonicClock.now()
            ) { () throws(HandshakeError) in
                var entropy = SealiftCrypto.SystemEntropy()
                return try HandshakeInitiator(
                    psk: ticket.secret, role: .measurement, local: device,
                    expectedPeer: ticket.fingerprint, entropy: &entropy)
            }
        } catch {
            throw SealiftError(.handshakeFailed(error), waited: .zero)
        }
    }

    func run(_ tell: (MeasurementStep) -> Void) throws(SealiftError) -> PathMeasurement {
        NamedThread.sharpenTimers()
        var result: PathMeasurement?
        var isStopped = false
        while true {
            let isMoreIn = pump.receive { datagram, path, ecn, now in
                caller.receive(datagram, on: path, ecn: ecn, now: now)
            }
            let now = MonotonicClock.now()
            caller.machine = machine.figures(pump, now: now)
            if let due = caller.nextTimeout, due <= now { caller.handleTimeout(now: now) }
            if cancellation.isRequested, !isStopped {
                isStopped = true
                caller.close(code: .interrupted, reason: "stopped by the user", now: now)
            }
            caller.process(now: now)
            while let event = caller.pollEvent() {
                switch event {
                case .connected(let peer, let path):
                    tell(
                        .connected(
                            PeerConnection(
                                peerFingerprint: peer.id.fingerprint.description,
                                ownFingerprint: ownFingerprint,
                                address: EndpointAddress(path.address))))
                case .began(let phase):
                    tell(.began(phase))
                case .measured(let measurement):
                    result = measurement
                case .ended(let ending):
                    if let result { return result }
                    if isStopped { throw .interrupted(byUserOf: .receive) }
                    throw SealiftError(measuring: ending, waited: options.connectTimeout)
                }
            }
            let isMoreOut = pump.transmit {
                caller.pollTransmit(into: $0, now: now)
            } refused: {
                caller.sendFailed($0, $1, now: now)
            }
            do throws(SystemError) {
                try pump.wait(
                    until: isMoreIn || isMoreOut ? now : caller.nextTimeout ?? .distantFuture)
            } catch {
                throw SealiftError(.internalFailure, error)
            }
        }
    }
}

extension SealiftError {
    /// A measuring session came to nothing.
    fileprivate init(measuring ending: SessionEnding, waited: Duration) {
        guard case .noAnswer = ending else {
            self.init(ending, waited: waited)
            return
        }
        self.init(
            .cannotConnect,
            "nobody answered at the ticket's addresses within \(waited.components.seconds) s",
            advice: "Check that `sealift doctor --serve` still runs and measures for nobody else, "
                + "that the ticket is its, and that UDP from here reaches one of its addresses.")
    }
}

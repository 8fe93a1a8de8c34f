import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket
import SealiftBase
import SealiftCrypto
public import SealiftIO
public import SealiftTraversal
import Synchronization

/// A running rendezvous server: WebSocket over TLS, `/healthz`, `/metrics`, STUN. Nothing on disk.
public final class RendezvousServer: Sendable {
    /// How long a connection has until it is a WebSocket.
    private static let openingTime = TimeAmount.seconds(10)
    /// After so long without a word a client is sent a ping; after as long again it is dropped.
    private static let silence = TimeAmount.seconds(45)
    /// Connections that may be on their way through the opening, besides the clients.
    private static let openings = 1_024

    private let configuration: RendezvousServerConfiguration
    private let hub: RendezvousHub
    private let group: MultiThreadedEventLoopGroup
    private let stun: StunListener
    private let openCount: Counter
    private let listeners: [any Channel]
    private let ticker: RepeatedTask
    private let faults = ServerFaults()
    private let journal: Mutex<RendezvousJournal>

    private final class Counter: Sendable {
        let value = Atomic<Int>(0)
    }

    /// The addresses that take WebSocket connections, with their real ports.
    public let addresses: [SealiftIO.SocketAddress]
    /// The addresses that answer STUN, with their real ports.
    public var stunAddresses: [SealiftIO.SocketAddress] { stun.addresses }
    /// What was counted so far.
    public var counters: RendezvousCounters { hub.counters }

    /// What was refused since the last time this was asked; nil where there was nothing. With addresses
    /// only where the configuration says so.
    public func takeRefusals() -> RendezvousRefusals? {
        let sources = hub.takeRefusedSources()
        let counters = hub.counters
        return journal.withLock {
            $0.interval(counters, faults, sources: sources, now: MonotonicClock.now())
        }
    }

    /// Starts a server. Returns when every address is listened on.
    /// - Parameter threads: event loops; connections are spread over them. One for each core unless given.
    public init(
        _ configuration: RendezvousServerConfiguration, threads: Int? = nil
    ) throws(RendezvousServerError) {
        let tls = try Self.context(configuration.security)
        do throws(SystemError) {
            stun = try StunListener(configuration.stun)
        } catch {
            throw .cannotListen(address: "--stun", reason: "\(error)")
        }
        self.configuration = configuration
        hub = RendezvousHub(
            limits: configuration.limits, notesSources: configuration.logsAddresses)
        journal = Mutex(RendezvousJournal(now: MonotonicClock.now()))
        group = MultiThreadedEventLoopGroup(numberOfThreads: max(1, threads ?? System.coreCount))
        openCount = Counter()
        var listeners: [any Channel] = []
        var addresses: [SealiftIO.SocketAddress] = []
        do throws(RendezvousServerError) {
            for address in configuration.listen {
                let channel = try Self.listen(
                    on: address, configuration, tls: tls, hub: hub, stun: stun,
                    openCount: openCount, faults: faults, group: group)
                listeners.append(channel)
                let port = UInt16(clamping: channel.localAddress?.port ?? 0)
                addresses.append(address.with(port: port))
            }
        } catch {
            stun.stop()
            try? group.syncShutdownGracefully()
            throw error
        }
        self.listeners = listeners
        self.addresses = addresses
        let hub = self.hub
        ticker = group.next().scheduleRepeatedTask(
            initialDelay: .milliseconds(250), delay: .milliseconds(250)
        ) { _ in hub.handleTimeout() }
    }

    private static func context(
        _ security: RendezvousServerConfiguration.Security
    ) throws(RendezvousServerError) -> NIOSSLContext? {
        do {
            let chain: [NIOSSLCertificateSource]
            let key: NIOSSLPrivateKey
            switch security {
            case .plain:
                return nil
            case .own(let own):
                chain = [
                    .certificate(try NIOSSLCertificate(bytes: own.certificate, format: .der))
                ]
                key = try own.privateKey.withUnsafeBytes {
                    try NIOSSLPrivateKey(bytes: Array($0), format: .pem)
                }
            case .files(let certificate, let keyFile):
                chain = try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) }
                key = try NIOSSLPrivateKey(file: keyFile, format: .pem)
            }
            var tls = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain, privateKey: .privateKey(key))
            tls.minimumTLSVersion = .tlsv12
            return try NIOSSLContext(configuration: tls)
        } catch {
            throw .unusableCertificate("\(error)")
        }
    }

    private static func listen(
        on address: SealiftIO.SocketAddress, _ configuration: RendezvousServerConfiguration,
        tls: NIOSSLContext?, hub: RendezvousHub, stun: StunListener, openCount: Counter,
        faults: ServerFaults, group: MultiThreadedEventLoopGroup
    ) throws(RendezvousServerError) -> any Channel {
        let metrics: @Sendable () -> String = {
            MetricsText.text(hub.counters, stunAnswers: stun.answers)
        }
        let mostOpen = configuration.limits.clients + openings
        let trustsForwardedFor = configuration.trustsForwardedFor
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 4_096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptErrorHandler(faults))
                }
            }
            .childChannelOption(
                .writeBufferWaterMark,
                value: ChannelOptions.Types.WriteBufferWaterMark(low: 32_768, high: 262_144)
            )
            .childChannelInitializer { channel in
                let count = openCount.value.wrappingAdd(1, ordering: .relaxed).newValue
                channel.closeFuture.whenComplete { _ in
                    openCount.value.wrappingSubtract(1, ordering: .relaxed)
                }
                guard count <= mostOpen else {
                    faults.wasCrowdedOut()
                    return channel.close()
                }
                return channel.eventLoop.makeCompletedFuture {
                    try configure(
                        channel, tls: tls, hub: hub, faults: faults, metrics: metrics,
                        trustsForwardedFor: trustsForwardedFor)
                }
            }
        do {
            let local = try NIOCore.SocketAddress(
                packedIPAddress: ByteBuffer(bytes: address.bytes), port: Int(address.port))
            return try bootstrap.bind(to: local).wait()
        } catch {
            throw .cannotListen(address: "\(address)", reason: "\(error)")
        }
    }

    private static func configure(
        _ channel: any Channel, tls: NIOSSLContext?, hub: RendezvousHub, faults: ServerFaults,
        metrics: @escaping @Sendable () -> String, trustsForwardedFor: Bool
    ) throws {
        let pipeline = channel.pipeline.syncOperations
        if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
        let deadline = NIOLoopBound(
            OpeningDeadline(openingTime, faults), eventLoop: channel.eventLoop)
        try pipeline.addHandler(deadline.value)
        let plain = NIOLoopBound(
            PlainRequestHandler(metrics: metrics), eventLoop: channel.eventLoop)
        let upgrader = NIOWebSocketServerUpgrader(
            maxFrameSize: ClientMessage.maximumByteCount,
            shouldUpgrade: { channel, head in
                channel.eventLoop.makeSucceededFuture(
                    head.uri.hasSuffix("/v1") ? HTTPHeaders() : nil)
            },
            upgradePipelineHandler: { channel, head in
                channel.eventLoop.makeCompletedFuture {
                    try open(
                        channel, head, hub: hub, deadline: deadline.value,
                        trustsForwardedFor: trustsForwardedFor)
                }
            })
        try pipeline.configureHTTPServerPipeline(
            withServerUpgrade: (
                upgraders: [upgrader],
                completionHandler: { context in
                    context.pipeline.syncOperations.removeHandler(plain.value, promise: nil)
                }
            ))
        try pipeline.addHandler(plain.value)
    }

    /// Makes a client of a connection that has become a WebSocket.
    private static func open(
        _ channel: any Channel, _ head: HTTPRequestHead, hub: RendezvousHub,
        deadline: OpeningDeadline, trustsForwardedFor: Bool
    ) throws {
        let pipeline = channel.pipeline.syncOperations
        pipeline.removeHandler(deadline, promise: nil)
        guard
            let address = ClientAddress.of(
                channel, head, trustsForwardedFor: trustsForwardedFor)
        else { return channel.close(promise: nil) }
        try pipeline.addHandlers([
            IdleStateHandler(readTimeout: silence),
            NIOWebSocketFrameAggregator(
                minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: 8,
                maxAccumulatedFrameSize: ClientMessage.maximumByteCount),
            ClientSessionHandler(hub: hub, address: address),
        ])
    }

    /// Stops in order: takes nobody in, tells everybody to go, waits a little, hangs up.
    /// - Parameter isHurried: asked now and then; true ends the wait.
    /// - Returns: how many clients had not left by themselves.
    @discardableResult
    public func stop(isHurried: () -> Bool = { false }) -> Int {
        for listener in listeners { try? listener.close().wait() }
        hub.drain()
        let end = MonotonicClock.now() + configuration.drainTime
        while hub.counters.clients > 0, MonotonicClock.now() < end, !isHurried() {
            try? group.next().scheduleTask(in: .milliseconds(50)) {}.futureResult.wait()
        }
        ticker.cancel()
        let left = hub.counters.clients
        hub.closeAll()
        stun.stop()
        try? group.syncShutdownGracefully()
        return left
    }
}

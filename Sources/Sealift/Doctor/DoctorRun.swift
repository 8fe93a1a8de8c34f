import SealiftBase
import SealiftIO
public import SealiftRendezvous
import SealiftTraversal

/// Whom `sealift doctor` shall ask.
public struct DoctorOptions: Sendable {
    /// The rendezvous servers; their machines are asked for STUN too.
    public var rendezvous: [RendezvousAddress]
    /// The STUN servers.
    public var stun: [StunServer]

    /// Makes options.
    public init(rendezvous: [RendezvousAddress] = [], stun: [StunServer] = []) {
        self.rendezvous = rendezvous
        self.stun = stun
    }
}

/// Looks at this machine's network as a transfer would use it. Blocks for some seconds; changes nothing.
/// - Parameter onStep: told in a few words what is done next.
/// - Throws: only where sockets cannot be opened at all, or somebody asked to stop.
public func runDoctor(
    _ options: DoctorOptions, cancellation: Cancellation, onStep: (String) -> Void = { _ in }
) throws(SealiftError) -> DoctorReport {
    var report = DoctorReport()
    do throws(SystemError) {
        onStep("looking at the interfaces and the kernel")
        try DoctorRun.examineMachine(&report)
        onStep("asking STUN servers")
        try DoctorRun.examinePath(&report, options, cancellation)
    } catch {
        throw SealiftError(listening: error)
    }
    for server in options.rendezvous where !cancellation.isRequested {
        onStep("connecting to \(server.host)")
        report.rendezvous.append(DoctorRun.meet(server))
    }
    guard !cancellation.isRequested else { throw .interrupted(byUserOf: .receive) }
    return report
}

/// The steps of the examination.
private enum DoctorRun {
    static func examineMachine(_ report: inout DoctorReport) throws(SystemError) {
        for own in try NetworkInterfaces.addresses() where !own.isLoopback {
            report.interfaces.append(
                DoctorReport.Interface(
                    name: own.name, address: EndpointAddress(own.address),
                    mtu: DatagramLimits.interfaceMTU(own.name)))
        }
        let limits = DatagramLimits.read()
        let socket = try DatagramSocket(bind: .unspecified(.ipv4))
        let wanted = DatagramSocket.requestedBufferSize
        // The kernel counts its own book-keeping: what it grants is twice what it counts as payload.
        report.receiveBuffer = DoctorReport.Buffer(
            wanted: wanted, granted: socket.buffers.receive / 2, limit: limits.receiveBuffer)
        report.sendBuffer = DoctorReport.Buffer(
            wanted: wanted, granted: socket.buffers.send / 2, limit: limits.sendBuffer)
        report.receiveDrops = limits.receiveDrops
        report.sendDrops = limits.sendDrops
        let trial = try OffloadTrial()
        report.hasSegmentation = trial.hasSegmentation
        report.hasCoalescing = trial.hasCoalescing
    }

    static func examinePath(
        _ report: inout DoctorReport, _ options: DoctorOptions, _ cancellation: Cancellation
    ) throws(SystemError) {
        let named = options.stun + options.rendezvous.map { StunServer(host: $0.host) }
        var servers: [SocketAddress] = []
        for server in named {
            for address in NameLookup.addresses(of: server.host, port: server.port)
            where !servers.contains(address) {
                servers.append(address)
            }
        }
        guard !servers.isEmpty else { return }
        var sockets = [try DatagramSocket(bind: .unspecified(.ipv4))]
        // A machine may lack IPv6.
        if let six = try? DatagramSocket(bind: .unspecified(.ipv6)) { sockets.append(six) }
        var survey = try StunSurvey(sockets, cancellation: cancellation)
        let answers = try survey.ask(servers)
        report.stun = answers.map { answer in
            DoctorReport.StunAnswer(
                server: EndpointAddress(answer.server),
                mapped: answer.mapped.map {
                    EndpointAddress(socketBytes: $0.bytes, port: $0.port)
                },
                roundTrip: answer.roundTrip)
        }
        report.nat = try kind(answers, sockets)
        guard let first = answers.first(where: { $0.mapped != nil }) else { return }
        let headers = first.server.family == .ipv4 ? 28 : 48
        let source = first.server.localSource
        let interface = try NetworkInterfaces.addresses().first { $0.address == source }
        let ceiling = interface.flatMap { DatagramLimits.interfaceMTU($0.name) } ?? 1_500
        report.pathMTU = try survey.largestPayload(to: first, ceiling: ceiling - headers)
            .map { $0 + headers }
        if report.hasSegmentation {
            report.hasSegmentation = try survey.carriesTrain(to: first)
        }
    }

    /// The kind of the IPv4 socket where servers answered it: that is where translators stand.
    private static func kind(
        _ answers: [StunSurvey.Answer], _ sockets: [DatagramSocket]
    ) throws(SystemError) -> NATKind? {
        let own = try NetworkInterfaces.addresses().map(\.address)
        var kinds: [NATKind] = []
        for (index, socket) in sockets.enumerated() {
            let asked = answers.filter { $0.socket == index }
            guard !asked.isEmpty else { continue }
            let local = own.filter { $0.family == socket.localAddress.family }
                .map { TransportAddress($0.with(port: socket.localAddress.port)) }
            kinds.append(
                NATKind.classify(
                    local: Set(local),
                    seen: asked.compactMap { answer in
                        answer.mapped.map { (TransportAddress(answer.server), $0) }
                    }))
        }
        return kinds.first { $0 != .blocked } ?? kinds.first
    }

    static func meet(_ server: RendezvousAddress) -> DoctorReport.Meeting {
        let start = MonotonicClock.now()
        let outcome: DoctorReport.Meeting.Outcome
        do throws(RendezvousConnectionError) {
            let connection = try RendezvousConnection.open(server)
            defer { connection.close() }
            if case .message(.welcome) = connection.receive(until: start + .seconds(10)) {
                outcome = .welcomed
            } else {
                outcome = .unreachable("it speaks, but is no sealift rendezvous server")
            }
        } catch {
            switch error {
            case .wrongKey: outcome = .wrongKey
            case .unreachable(let reason): outcome = .unreachable(reason)
            }
        }
        return DoctorReport.Meeting(
            server: server, outcome: outcome, took: MonotonicClock.now() - start)
    }
}

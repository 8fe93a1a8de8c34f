public import SealiftBase

/// One mapping of one UDP port at one gateway by UPnP: finds the description, calls the actions, renews,
/// takes back. The driver sends the search and carries requests over TCP.
public struct UPnPMapping: Sendable {
    /// How it stands.
    public enum State: Equatable, Sendable {
        /// Not done yet.
        case asking
        /// The port is open; renewed by itself.
        case mapped(PortMapping)
        /// No gateway answers, or it refuses.
        case failed
        /// Taken back.
        case released
    }

    /// Where searches go (UPnP Device Architecture 1.1 §1.1).
    public static let searchPort: UInt16 = 1_900
    /// Searches are sent so often, one second apart: datagrams are lost.
    static let searchCount = 3
    static let searchInterval = Duration.seconds(1)
    /// Other ports tried where somebody else has ours.
    static let portAttempts = 4

    /// What the next answer is to.
    private enum Step: Equatable {
        case searching(sent: Int)
        case describing
        case askingAddress
        case mapping(attempt: Int)
        case holding
        case unmapping
        case over
    }

    /// How it stands.
    public private(set) var state = State.asking
    /// When ``pollSearch(now:)`` or ``pollRequest(now:)`` has something to do by time alone.
    public private(set) var nextTimeout: Instant?

    private let client: TransportAddress
    private let gateway: TransportAddress
    private var step = Step.searching(sent: 0)
    private var location: HTTPLocation?
    private var service: DeviceDescription.Service?
    private var request: HTTPRequest?
    private var address: TransportAddress?
    private var port: UInt16
    /// A gateway may only know mappings without an end (error 725): then it is taken back or stays.
    private var seconds = UInt32(PortMapping.requestedLifetime.components.seconds)
    private var ports: SeededGenerator

    /// Begins to search.
    /// - Parameters:
    ///   - client: our IPv4 address as the gateway sees it, with the port to map.
    ///   - gateway: the only host that is listened to, and talked to.
    ///   - seed: random, for other ports to try.
    public init?(
        client: TransportAddress, gateway: TransportAddress, seed: UInt64, now: Instant
    ) {
        guard client.family == .ipv4, gateway.family == .ipv4 else { return nil }
        self.client = client
        self.gateway = gateway
        port = client.port
        ports = SeededGenerator(seed: seed)
        nextTimeout = now
    }

    // MARK: Search

    /// The datagrams to send to the search group and to the gateway now.
    public mutating func pollSearch(now: Instant) -> [[UInt8]] {
        guard case .searching(let sent) = step, let due = nextTimeout, now >= due else { return [] }
        guard sent < Self.searchCount else {
            fail()
            return []
        }
        step = .searching(sent: sent + 1)
        nextTimeout = now + Self.searchInterval
        return DiscoverySearch.requests
    }

    /// Takes a datagram that came to the socket of the search.
    public mutating func receive(
        _ datagram: UnsafeRawBufferPointer, from source: TransportAddress
    ) {
        guard case .searching = step, source.with(port: 0) == gateway.with(port: 0),
            let location = DiscoverySearch.location(in: datagram, from: gateway)
        else { return }
        self.location = location
        go(.describing, HTTPRequest(get: location))
    }

    // MARK: Requests

    /// The next request to carry to the gateway; answer it by ``receive(_:now:)``.
    public mutating func pollRequest(now: Instant) -> HTTPRequest? {
        if step == .holding, let due = nextTimeout, now >= due { map(attempt: 0) }
        defer { request = nil }
        return request
    }

    /// Takes the answer to the request polled last; nil where none came.
    public mutating func receive(_ response: HTTPResponse?, now: Instant) {
        switch step {
        case .searching, .over:
            break
        case .describing:
            guard let response, response.status == 200, let location,
                let found = DeviceDescription(response.body, from: location)
            else { return fail() }
            service = found.service
            go(.askingAddress, ServiceAction.externalAddress.request(to: found.service))
        case .askingAddress:
            guard case .done(let values)? = response.map(ServiceAnswer.init),
                let text = values["NewExternalIPAddress"],
                let address = TransportAddress(dottedQuad: text)
            else { return fail() }
            self.address = address
            map(attempt: 0)
        case .mapping(let attempt):
            mapped(response.map(ServiceAnswer.init), attempt: attempt, now: now)
        case .holding:
            break
        case .unmapping:
            step = .over
            state = .released
        }
    }

    private mutating func map(attempt: Int) {
        guard let service else { return fail() }
        go(
            .mapping(attempt: attempt),
            ServiceAction.map(
                external: port, to: client, seconds: seconds, gatewayChooses: service.choosesPort
            ).request(to: service))
    }

    private mutating func mapped(_ answer: ServiceAnswer?, attempt: Int, now: Instant) {
        switch answer {
        case .done(let values):
            if let text = values["NewReservedPort"], service?.choosesPort == true {
                guard let given = UInt16(decimal: Array(text.utf8)), given > 0 else {
                    return fail()
                }
                port = given
            }
            guard let address else { return fail() }
            let lifetime = seconds == 0 ? UInt32.max : seconds
            let mapping = PortMapping(.upnp, external: address.with(port: port), seconds: lifetime)
            state = .mapped(mapping)
            step = .holding
            nextTimeout = now + .nanoseconds(mapping.lifetime.nanoseconds / 2)
        case .error(725) where seconds > 0:
            // OnlyPermanentLeasesSupported.
            seconds = 0
            map(attempt: attempt)
        case .error(718) where attempt < Self.portAttempts,
            .error(729) where attempt < Self.portAttempts:
            // Somebody else has that port.
            port = UInt16.random(in: 10_000...65_000, using: &ports)
            map(attempt: attempt + 1)
        case .error, nil:
            fail()
        }
    }

    // MARK: End

    /// Takes the mapping back: ``pollRequest(now:)`` says so to the gateway.
    public mutating func takeBack() {
        switch step {
        case .mapping, .holding:
            guard let service else { return fail() }
            go(.unmapping, ServiceAction.unmap(external: port).request(to: service))
        case .unmapping:
            break
        case .searching, .describing, .askingAddress, .over:
            step = .over
            nextTimeout = nil
            request = nil
            state = .released
        }
    }

    private mutating func go(_ step: Step, _ request: HTTPRequest) {
        self.step = step
        self.request = request
        nextTimeout = nil
    }

    private mutating func fail() {
        step = .over
        state = .failed
        nextTimeout = nil
    }
}

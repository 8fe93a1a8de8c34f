public import SealiftBase

/// A router that translates addresses (NAPT), in the terms of RFC 4787: how it maps an inside port to an
/// outside one, and whom it lets in there.
public struct SimulatedNAT: Sendable {
    /// Which outside port an inside port gets (RFC 4787 §4.1).
    public enum Mapping: Sendable {
        /// One for all destinations: the same number where it is free.
        case endpointIndependent
        /// Another, drawn by chance, for each destination.
        case perDestination
    }

    /// Who may send to a mapping (RFC 4787 §5).
    public enum Filtering: Sendable {
        /// Anybody.
        case none
        /// Every port of an address that was sent to.
        case address
        /// Only what was sent to.
        case addressAndPort
    }

    /// How a NAT behaves.
    public struct Behaviour: Sendable {
        /// How it maps.
        public var mapping: Mapping
        /// How it filters.
        public var filtering: Filtering
        /// Whether what inside hosts send to its outside address comes back in.
        public var hairpins = false
        /// How long a mapping lives that nothing goes out through.
        public var lifetime = Duration.seconds(30)

        /// Makes a behaviour; mappings live for 30 s and nothing hairpins, unless told otherwise.
        public init(_ mapping: Mapping, _ filtering: Filtering) {
            self.mapping = mapping
            self.filtering = filtering
        }

        /// Plain masquerading: ports are kept, and only who was sent to may answer.
        public static let easy = Behaviour(.endpointIndependent, .addressAndPort)
        /// Ports are kept, and whoever has an address that was sent to may answer.
        public static let restricted = Behaviour(.endpointIndependent, .address)
        /// A port by chance for each destination, and only it may answer.
        public static let hard = Behaviour(.perDestination, .addressAndPort)
    }

    private struct Translation {
        let inside: SimulatedAddress
        let outsidePort: UInt16
        /// What the mapping is for; nil where it is for every destination.
        let destination: SimulatedAddress?
        /// When something last went out to each address that was sent to.
        var permitted: [SimulatedAddress: Instant]
        var lastUse: Instant
    }

    private struct Key: Hashable {
        let inside: SimulatedAddress
        let destination: SimulatedAddress?
    }

    /// How it behaves.
    public let behaviour: Behaviour
    /// Its one outside address.
    public let host: UInt32

    private var byPort: [UInt16: Translation] = [:]
    private var portOf: [Key: UInt16] = [:]
    private var generator: SeededGenerator

    /// Makes a NAT that owns `host`.
    public init(_ behaviour: Behaviour, host: UInt32, seed: UInt64) {
        self.behaviour = behaviour
        self.host = host
        generator = SeededGenerator(seed: seed)
    }

    /// How many mappings there are, dead ones that were not met again included.
    public var mappingCount: Int { byPort.count }

    /// Forgets every mapping, as a router does that is switched off and on.
    public mutating func reboot() {
        byPort = [:]
        portOf = [:]
    }

    /// What leaves the router for a datagram from inside.
    public mutating func outbound(_ datagram: SimulatedDatagram, now: Instant) -> SimulatedDatagram
    {
        let key = Key(
            inside: datagram.from,
            destination: behaviour.mapping == .perDestination ? datagram.to : nil)
        let port = live(portOf[key], now: now)?.outsidePort ?? make(key, now: now)
        // In place: a copy would copy the table of who may answer, for each datagram.
        byPort[port]?.permitted[datagram.to] = now
        byPort[port]?.lastUse = now
        var translated = datagram
        translated.from = SimulatedAddress(host: host, port: port)
        return translated
    }

    /// What gets in of a datagram to the router's outside address; nil where it is dropped.
    public mutating func inbound(_ datagram: SimulatedDatagram, now: Instant) -> SimulatedDatagram?
    {
        guard datagram.to.host == host, let translation = live(datagram.to.port, now: now),
            isPermitted(datagram.from, translation, now: now)
        else { return nil }
        var translated = datagram
        translated.to = translation.inside
        return translated
    }

    private func isPermitted(
        _ source: SimulatedAddress, _ translation: Translation, now: Instant
    ) -> Bool {
        func isFresh(_ instant: Instant) -> Bool { now - instant < behaviour.lifetime }
        switch behaviour.filtering {
        case .none: return true
        case .address:
            return translation.permitted.contains {
                $0.key.host == source.host && isFresh($0.value)
            }
        case .addressAndPort: return translation.permitted[source].map(isFresh) ?? false
        }
    }

    private mutating func live(_ port: UInt16?, now: Instant) -> Translation? {
        guard let port, let translation = byPort[port] else { return nil }
        guard now - translation.lastUse < behaviour.lifetime else {
            byPort[port] = nil
            portOf[Key(inside: translation.inside, destination: translation.destination)] = nil
            return nil
        }
        return translation
    }

    private mutating func make(_ key: Key, now: Instant) -> UInt16 {
        var port = behaviour.mapping == .perDestination ? randomPort() : key.inside.port
        while live(port, now: now) != nil { port = randomPort() }
        byPort[port] = Translation(
            inside: key.inside, outsidePort: port, destination: key.destination, permitted: [:],
            lastUse: now)
        portOf[key] = port
        return port
    }

    /// From the range that Linux draws from with `fully-random`.
    private mutating func randomPort() -> UInt16 {
        1_024 + UInt16(generator.next() % 64_512)
    }
}

public import SealiftBase
public import SealiftCrypto
public import SealiftPeople
public import SealiftTransport

/// The waiting end of sessions between contacts, as one value: answers the devices that share a key with this
/// one, nobody else, and passes their requests on.
///
/// Owns no socket, no store and no clock. Who a key belongs to is the driver's knowledge, asked for by
/// ``Event/arrived(_:_:PathID)``.
public struct ContactHost {
    /// A session's number, never used twice.
    public struct SessionID: Hashable, Comparable, Sendable {
        let rawValue: UInt64

        /// Whether `left` began earlier.
        public static func < (left: SessionID, right: SessionID) -> Bool {
            left.rawValue < right.rawValue
        }
    }

    /// What the driver does next, in order.
    public enum Event {
        /// The device of a pair stands at the door: call ``begin(_:_:chain:time:)`` or ``drop(_:now:)``.
        case arrived(SessionID, ContactPair, PathID)
        /// Something new about the contact's devices is proven: store it before the next event is taken.
        case learned(SessionID, Contact, DeviceChain, ChainView.Change)
        /// Entries of this user's own chain behind that head came, and hold: store the chain before the next
        /// event is taken, and stop where this device does not speak for the identity by it.
        case caughtUp(SessionID, DeviceChain, from: ChainHead)
        /// Both ends know each other's devices; the other's clock says this.
        case greeted(SessionID, WallTime)
        /// They have another device, whose first session with this one this key opens: store it.
        case introduced(SessionID, DeviceIntroduction)
        /// The key that was born in the session is to replace the one that opened it: store it, then call
        /// ``didRenew(_:)``.
        case renew(SessionID, PairKey)
        /// Answer it with ``answer(_:_:)``.
        case request(SessionID, ContactRequest)
        /// The session leads to nothing and is being closed.
        case failed(SessionID, ContactFailure)
        /// The session is gone.
        case ended(SessionID)
    }

    /// The most sessions at once.
    public static let maximumSessions = 64
    /// The most of one device: several programs of one user, not a flood.
    public static let maximumSessionsPerDevice = 4
    /// The most of all devices of one identity, a quarter of the places: devices cost a contact nothing, and
    /// with as many as it likes it still leaves room for the others (`docs/PROTOCOL.md` §11.11).
    public static let maximumSessionsPerIdentity = 16
    /// So many bytes of what was said in a session may be on their way to the other end, or wait for its credit,
    /// when its next request is taken; one answer may exceed it. Who asks without reading so fills no memory.
    public static let maximumUndeliveredByteCount = 65_536
    /// How often in an hour a device may have its key replaced, told or not (`docs/PROTOCOL.md` §11.13): an end
    /// that never says that it has the new one could go on with the old one for ever.
    public static let maximumRenewalsPerHour = 8
    /// The longest session: one question and its answer.
    public static let longestSession = Duration.seconds(120)
    /// The most handshake replies that wait to be sent.
    private static let maximumFlights = 64

    private struct Link {
        let id: SessionID
        let pair: ContactPair
        /// This user's chain as the handshake named it.
        let own: DeviceChain
        /// What it named of the other's.
        let peerHead: Hash256?
        var connection: Connection
        var session: ContactSession?
        let end: Instant
        /// The key that this session bears for the pair.
        let born: PairKey?
        /// What both ends can.
        let features: SessionFeatures
        /// Bytes written since the other end last had all of them.
        var undelivered = 0
    }

    private var own: DeviceChain
    private let configuration: ConnectionConfiguration
    private var responder: HandshakeResponder
    private var pairs: [HandshakeTag: ContactPair] = [:]
    private var links: [Link] = []
    /// How often the keys with these devices were replaced in the hour of the last welcome.
    private var renewals: [DeviceID: Int] = [:]
    private var renewalHour: UInt64 = 0
    private var nextSession: UInt64 = 0
    private var flights: [(PathID, [UInt8])] = []
    private var events: [Event] = []

    /// Makes a host that welcomes nobody yet.
    /// - Parameter own: this user's own chain, whole; this device speaks for it.
    public init(
        responder: HandshakeResponder, showing own: DeviceChain,
        configuration: ConnectionConfiguration
    ) {
        self.responder = responder
        self.own = own
        self.configuration = configuration
        self.responder.show(chainHead: own.headHash)
    }

    /// Welcomes these pairs and no others, by the tags of the hours around `hour`. Sessions of pairs that
    /// are gone end at once.
    public mutating func welcome(_ welcome: [ContactPair], hour: UInt64, now: Instant) {
        var tags: [HandshakeTag: ContactPair] = [:]
        let tolerance = ContactPair.hourTolerance
        for pair in welcome {
            for hour in (hour - min(hour, tolerance))...(hour + tolerance) {
                tags[pair.secret.tag(direction: .initiatorToResponder, hour: hour)] = pair
                responder.accept(pair.secret, role: .devicePair, hour: hour)
            }
        }
        for tag in pairs.keys where tags[tag] == nil { responder.remove(tag) }
        pairs = tags
        if hour != renewalHour { renewals = [:] }
        renewalHour = hour
        let devices = Set(welcome.map(\.device))
        for place in links.indices where !devices.contains(links[place].pair.device) {
            links[place].connection.close(code: .interrupted, reason: "", now: now)
        }
    }

    /// Where a session's link is; nil where it is gone.
    private func place(of id: SessionID) -> Int? { links.firstIndex { $0.id == id } }

    /// How many sessions there are.
    public var sessionCount: Int { links.count }

    /// When ``handleTimeout(now:)`` wants to be called; nil for never.
    public var nextTimeout: Instant? {
        var earliest = responder.nextTimeout
        for link in links {
            let timeout = min(link.connection.nextTimeout ?? link.end, link.end)
            earliest = min(earliest ?? timeout, timeout)
        }
        return earliest
    }

    /// Takes the next event; nil where there is none.
    public mutating func pollEvent() -> Event? { events.isEmpty ? nil : events.removeFirst() }

    // MARK: Inputs

    /// Whether a datagram begins or ends a handshake of somebody who is welcome: then the driver looks whether
    /// they still are, before it hands the datagram over.
    public func isKnock(_ datagram: UnsafeRawBufferPointer) -> Bool { responder.knows(datagram) }

    /// Takes a datagram that came on `path`.
    public mutating func receive(
        _ datagram: UnsafeRawBufferPointer, on path: PathID, ecn: ECN, now: Instant
    ) {
        if let id = PacketProtection.connectionID(ofPacket: datagram) {
            for place in links.indices
            where links[place].connection.acceptedConnectionIDs.contains(id) {
                links[place].connection.receive(datagram, on: path, ecn: ecn, now: now)
                return
            }
            return
        }
        switch responder.receive(datagram, now: now) {
        case .ignored:
            break
        case .reply(let datagrams):
            guard flights.count < Self.maximumFlights else { return }
            flights.append(contentsOf: datagrams.map { (path, $0) })
        case .established(let session):
            begin(session, on: path, now: now)
        }
    }

    private mutating func begin(_ session: EstablishedSession, on path: PathID, now: Instant) {
        // The key is that of one device: whoever has it and is another is nobody. Where this user's devices
        // changed since the handshake was answered, the next one begins in a moment.
        guard let pair = pairs[session.pskTag], session.peer.id == pair.device,
            session.ownChainHead == own.headHash, links.count < Self.maximumSessions,
            links.count(where: { $0.pair.device == pair.device }) < Self.maximumSessionsPerDevice,
            links.count(where: { $0.pair.identity == pair.identity })
                < Self.maximumSessionsPerIdentity
        else { return }
        let id = SessionID(rawValue: nextSession)
        nextSession += 1
        links.append(
            Link(
                id: id, pair: pair, own: own, peerHead: session.peerChainHead,
                connection: Connection(
                    session: session, configuration: configuration, on: path, now: now),
                end: now + Self.longestSession,
                born: PairKey.derive(
                    from: session.secrets, session.features,
                    between: own.entries[0].identity, and: pair.identity),
                features: session.features))
        // The dialling end is sure of the session once a packet of it opens.
        links[links.count - 1].connection.ping()
        events.append(.arrived(id, pair, path))
    }

    /// Speaks with who arrived.
    /// - Parameters:
    ///   - contact: whose device it is, as stored now.
    ///   - chain: the contact's chain as stored, whole.
    public mutating func begin(
        _ id: SessionID, _ contact: Contact, chain: DeviceChain, time: WallTime,
        introducing: [DeviceIntroduction] = []
    ) {
        guard let place = place(of: id), links[place].session == nil else { return }
        let (pair, features) = (links[place].pair, links[place].features)
        links[place].session = ContactSession(
            .responder, peer: pair.device, showing: links[place].own,
            contact: contact, chain: chain, time: time, introducing: introducing,
            mayReplaceKey: pair.mayBeReplaced(in: features, at: time)
                && renewals[pair.device, default: 0] < Self.maximumRenewalsPerHour,
            handshakeHead: links[place].peerHead)
    }

    /// Shows this user's chain as it is by now, in sessions that begin from now on.
    public mutating func show(_ chain: DeviceChain) {
        own = chain
        responder.show(chainHead: chain.headHash)
    }

    /// The key born in a session is on the disk.
    public mutating func didRenew(_ id: SessionID) {
        if let place = place(of: id) { links[place].session?.didRenew() }
    }

    /// How far the other end of a session knows this user's devices, as it said; nil before it did.
    public func seen(in id: SessionID) -> ChainPosition? {
        place(of: id).flatMap { links[$0].session?.seen }
    }

    /// Answers what a session asked.
    public mutating func answer(_ id: SessionID, _ answer: ContactAnswer) {
        if let place = place(of: id) { links[place].session?.answer(answer) }
    }

    /// Ends a session without a word.
    public mutating func drop(_ id: SessionID, now: Instant) {
        guard let place = place(of: id) else { return }
        links[place].connection.close(code: .interrupted, reason: "", now: now)
    }

    /// Ends every session.
    public mutating func close(now: Instant) {
        for place in links.indices {
            links[place].connection.close(code: .interrupted, reason: "", now: now)
        }
    }

    /// Does what is due.
    public mutating func handleTimeout(now: Instant) {
        responder.handleTimeout(now: now)
        for place in links.indices {
            links[place].connection.handleTimeout(now: now)
            if now >= links[place].end {
                links[place].connection.close(code: .interrupted, reason: "", now: now)
            }
        }
    }

    /// A batch, or the rest of one, did not leave.
    public mutating func sendFailed(_ batch: PacketBatch, _ failure: SendFailure, now: Instant) {
        for place in links.indices where links[place].connection.remote == batch.path {
            switch failure {
            case .tooLarge:
                links[place].connection.datagramRefused(size: batch.datagramSize, now: now)
            case .localAddressChanged: links[place].connection.localAddressChanged(now: now)
            case .unreachable, .other: break
            }
        }
    }

    // MARK: Work between inputs and outputs

    /// Moves what the machines found between them: to be called after inputs, and before ``pollEvent()``
    /// and ``pollTransmit(into:now:)``.
    public mutating func process(now: Instant) {
        for place in links.indices.reversed() {
            while let event = links[place].connection.pollEvent() {
                guard case .controlReadable = event, links[place].session != nil else { continue }
                read(at: place)
            }
            // What came before the driver said who it is.
            if links[place].session != nil { read(at: place) }
            while let action = links[place].session?.pollAction() {
                perform(action, at: place, now: now)
            }
            if links[place].connection.state == .closed {
                if links[place].session?.isBehind == true {
                    events.append(.failed(links[place].id, .ownChainBehind))
                }
                events.append(.ended(links.remove(at: place).id))
            }
        }
    }

    /// Reads on, unless the other end does not: what it sends meanwhile waits in the connection, which holds a
    /// bounded number of bytes. Once it has what was said, its acknowledgement has this called again.
    private mutating func read(at place: Int) {
        if links[place].connection.isControlDelivered { links[place].undelivered = 0 }
        guard links[place].undelivered <= Self.maximumUndeliveredByteCount else { return }
        var bytes: [UInt8] = []
        links[place].connection.readControl(into: &bytes)
        if !bytes.isEmpty { links[place].session?.receive(bytes) }
    }

    private mutating func perform(_ action: ContactSession.Action, at place: Int, now: Instant) {
        let id = links[place].id
        switch action {
        case .send(let bytes):
            links[place].undelivered += bytes.count
            links[place].connection.writeControl(bytes)
        case .learned(let contact, let chain, let change):
            events.append(.learned(id, contact, chain, change))
        case .caughtUp(let chain, let former):
            events.append(.caughtUp(id, chain, from: former))
        case .greeted(let time): events.append(.greeted(id, time))
        case .request(let request): events.append(.request(id, request))
        case .introduced(let introduction): events.append(.introduced(id, introduction))
        case .renew:
            guard let born = links[place].born else { return }
            renewals[links[place].pair.device, default: 0] += 1
            events.append(.renew(id, born))
        case .answer, .renewed: break
        case .failed(let failure):
            events.append(.failed(id, failure))
            links[place].connection.close(
                code: failure == .violation ? .violation : .interrupted, reason: "", now: now)
        }
    }

    // MARK: Output

    /// Writes the datagrams to send next into `buffer`; nil where there is nothing to send now.
    public mutating func pollTransmit(
        into buffer: UnsafeMutableRawBufferPointer, now: Instant
    ) -> PacketBatch? {
        if let (path, datagram) = flights.first {
            flights.removeFirst()
            return PacketBatch(writing: datagram, on: path, into: buffer)
        }
        for place in links.indices {
            if let sent = links[place].connection.pollTransmit(into: buffer, now: now) {
                return PacketBatch(sent)
            }
        }
        return nil
    }
}

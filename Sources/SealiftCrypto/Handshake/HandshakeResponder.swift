public import SealiftBase

/// The side that waits, one per socket (PROTOCOL §4): knows which pre-shared keys are welcome, and
/// answers nobody else.
///
/// A datagram without a known tag costs one look-up; one with a known tag but a wrong mac costs one
/// HMAC. Neither gets a reply, and neither takes memory. A handshake id gets a place once, and a
/// message 1 is answered by one message 2 whose bytes never change, whatever id it comes under.
public struct HandshakeResponder: Sendable {
    /// What a datagram led to.
    public enum OnDatagram: Sendable {
        /// Nothing is sent and nothing changed that anyone could see.
        case ignored
        /// Send these datagrams to where the datagram came from.
        case reply([[UInt8]])
        /// The initiator proved itself. Happens once per handshake.
        case established(EstablishedSession)
    }

    /// Implementation limits; the first two are of PROTOCOL §4.2.
    enum Limit {
        /// Half-open handshakes per pre-shared key.
        static let halfOpen = 2
        /// How long one stays half-open.
        static let lifetime: Duration = .seconds(3)
        /// Handshake ids, and hashes of message 1, remembered per pre-shared key.
        static let remembered = 1024
    }

    /// What is kept for one welcome key.
    private struct Entry: Sendable {
        let key: PreSharedKey
        let role: SessionRole
        let hour: UInt64
        var halfOpen: [HalfOpenHandshake] = []
        /// A recorded message 1, or a half of it, carries its id under the mac: a replay meets its id
        /// here and costs a look-up instead of a half-open place.
        var used = RecentSet<HandshakeID>(capacity: Limit.remembered)
        /// Whoever knows the secret can put another id on a recorded message 1.
        var messages = RecentSet<Hash256>(capacity: Limit.remembered)
    }

    private let local: DeviceKeyPair
    private let features: SessionFeatures
    private var chainHead = Hash256.zero
    private let encapsulation: any KeyEncapsulation
    private var entropy: any EntropySource
    private var entries: [HandshakeTag: Entry] = [:]
    /// The tags that have half-open handshakes: few, while a thousand contacts make fifty thousand tags.
    private var busy: Set<HandshakeTag> = []
    /// The earliest deadline of all half-open handshakes.
    public private(set) var nextTimeout: Instant?

    /// Makes a responder that welcomes nobody yet.
    ///
    /// - Parameters:
    ///   - local: this device.
    ///   - features: what this end can.
    ///   - encapsulation: the KEM; another one in tests only.
    ///   - entropy: gives the ephemeral keys.
    public init(
        local: DeviceKeyPair, features: SessionFeatures = [],
        encapsulation: any KeyEncapsulation = MLKEM768KeyEncapsulation(),
        entropy: some EntropySource
    ) {
        self.local = local
        self.features = features
        self.encapsulation = encapsulation
        self.entropy = entropy
    }

    /// Names the head of this user's chain by its hash, in handshakes that are answered from now on; zero names
    /// none.
    public mutating func show(chainHead: Hash256) { self.chainHead = chainHead }

    /// Welcomes initiators that know `psk`. Doing it again changes nothing.
    /// - Parameter hour: the hour of the tag; 0 for a ticket.
    public mutating func accept(_ psk: PreSharedKey, role: SessionRole, hour: UInt64 = 0) {
        let tag = psk.tag(direction: .initiatorToResponder, hour: hour)
        if entries[tag] == nil { entries[tag] = Entry(key: psk, role: role, hour: hour) }
    }

    /// Stops welcoming `psk` and drops its half-open handshakes. Sessions live on.
    public mutating func remove(_ psk: PreSharedKey, hour: UInt64 = 0) {
        remove(psk.tag(direction: .initiatorToResponder, hour: hour))
    }

    /// Stops welcoming the secret of `tag` under it.
    public mutating func remove(_ tag: HandshakeTag) {
        entries[tag] = nil
        busy.remove(tag)
        updateNextTimeout()
    }

    /// Whether a datagram is of a handshake under a welcome secret, as far as its tag tells: one look-up.
    public func knows(_ datagram: UnsafeRawBufferPointer) -> Bool {
        HandshakeDatagram(datagram).map { entries[$0.tag] != nil } ?? false
    }

    /// How many handshakes are half-open, over all keys.
    public var halfOpenCount: Int { entries.values.reduce(0) { $0 + $1.halfOpen.count } }

    /// How many handshake ids are remembered, over all keys.
    var rememberedCount: Int { entries.values.reduce(0) { $0 + $1.used.count } }

    /// Drops the half-open handshakes whose time is over.
    public mutating func handleTimeout(now: Instant) {
        guard let nextTimeout, nextTimeout <= now else { return }
        for tag in busy {
            entries[tag]?.halfOpen.removeAll { $0.deadline <= now }
            note(tag)
        }
        updateNextTimeout()
    }

    /// Takes a datagram from the socket.
    public mutating func receive(_ datagram: UnsafeRawBufferPointer, now: Instant) -> OnDatagram {
        guard let parsed = HandshakeDatagram(datagram),
            parsed.message.direction == .initiatorToResponder,
            let key = entries[parsed.tag]?.key, parsed.isAuthentic(under: key)
        else { return .ignored }
        handleTimeout(now: now)
        // Out of the table while it changes: no copy of its arrays, and no path forgets it.
        guard var entry = entries.removeValue(forKey: parsed.tag) else { return .ignored }
        let result =
            parsed.message == .first
            ? receiveFirst(parsed, entry: &entry, now: now)
            : receiveThird(parsed, entry: &entry)
        entries[parsed.tag] = entry
        note(parsed.tag)
        updateNextTimeout()
        return result
    }

    // MARK: Message 1

    private mutating func receiveFirst(
        _ datagram: HandshakeDatagram, entry: inout Entry, now: Instant
    ) -> OnDatagram {
        var place = entry.halfOpen.firstIndex { $0.handshakeID == datagram.handshakeID }
        if place == nil {
            guard entry.halfOpen.count < Limit.halfOpen,
                !entry.used.contains(datagram.handshakeID)
            else { return .ignored }
            // From here on this id is used up, whatever becomes of it: a recorded fragment whose
            // other half was lost would otherwise hold a place whenever it is sent again.
            entry.used.insert(datagram.handshakeID)
            entry.halfOpen.append(
                HalfOpenHandshake(
                    handshakeID: datagram.handshakeID, deadline: now + Limit.lifetime,
                    phase: .collecting(FragmentAssembly(.first))))
            place = entry.halfOpen.count - 1
        }
        guard let place else { return .ignored }
        switch entry.halfOpen[place].phase {
        case .answered(var answer):
            answer.repetition.insert(datagram.fragment, at: datagram.index)
            let repetition = answer.repetition.complete
            if repetition != nil { answer.repetition = FragmentAssembly(.first) }
            entry.halfOpen[place].phase = .answered(answer)
            return repetition == answer.message ? .reply(answer.reply) : .ignored
        case .collecting(var assembly):
            assembly.insert(datagram.fragment, at: datagram.index)
            guard let message = assembly.complete else {
                entry.halfOpen[place].phase = .collecting(assembly)
                return .ignored
            }
            let hash = SHA256Digest.hash(message)
            guard !entry.messages.contains(hash) else {
                entry.halfOpen.remove(at: place)
                return entry.halfOpen.compactMap { $0.reply(to: message) }.first
                    .map { .reply($0) } ?? .ignored
            }
            entry.messages.insert(hash)
            guard
                let answer = answer(to: message, id: datagram.handshakeID, tag: datagram.tag, entry)
            else {
                entry.halfOpen.remove(at: place)
                return .ignored
            }
            entry.halfOpen[place].phase = .answered(answer)
            return .reply(answer.reply)
        }
    }

    /// Reads message 1 and writes message 2; nil if it is not valid.
    private mutating func answer(
        to message: [UInt8], id: HandshakeID, tag: HandshakeTag, _ entry: Entry
    ) -> HalfOpenHandshake.Answer? {
        var noise = NoiseHandshake(
            .sealift, side: .responder, prologue: handshakePrologue(role: entry.role, tag: tag),
            keys: .init(
                staticKey: local.agreement, ephemeral: ephemeralKey(), encapsulationSeed: nil),
            preSharedKeys: [entry.key.secret], encapsulation: encapsulation)
        guard let payload = try? noise.readMessage(message),
            HandshakePayload.isAcceptableFirst(payload),
            let second = try? noise.writeMessage(
                payload: HandshakePayload.introduction(
                    of: local.publicKeys, features, chainHead))
        else { return nil }
        return HalfOpenHandshake.Answer(
            noise: noise, message: message, chainHead: chainHead,
            reply: HandshakeDatagram.datagrams(
                of: .second, second, handshakeID: id, key: entry.key, hour: entry.hour))
    }

    private mutating func ephemeralKey() -> AgreementKey {
        func generate(_ source: inout some EntropySource) -> AgreementKey {
            .generate(entropy: &source)
        }
        return generate(&entropy)
    }

    // MARK: Message 3

    private func receiveThird(
        _ datagram: HandshakeDatagram, entry: inout Entry
    ) -> OnDatagram {
        let place = entry.halfOpen.firstIndex { $0.handshakeID == datagram.handshakeID }
        // The Noise state is copied: a message that fails leaves the waiting one as it was.
        guard let place, case .answered(let answer) = entry.halfOpen[place].phase else {
            return .ignored
        }
        var noise = answer.noise
        guard let payload = try? noise.readMessage(Array(datagram.fragment)),
            let theirs = try? HandshakePayload.readIntroduction(
                payload, staticKey: noise.remoteStatic)
        else { return .ignored }
        entry.halfOpen.remove(at: place)
        return .established(
            EstablishedSession(
                role: .responder, peer: theirs.keys, keys: noise.split(), pskTag: datagram.tag,
                features: features.intersection(theirs.features),
                peerChainHead: theirs.chainHead, ownChainHead: answer.chainHead))
    }

    /// Lists a tag while it has half-open handshakes.
    private mutating func note(_ tag: HandshakeTag) {
        if entries[tag]?.halfOpen.isEmpty == false { busy.insert(tag) } else { busy.remove(tag) }
    }

    private mutating func updateNextTimeout() {
        nextTimeout = busy.flatMap { entries[$0]?.halfOpen ?? [] }.map(\.deadline).min()
    }
}

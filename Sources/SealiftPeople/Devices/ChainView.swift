internal import SealiftBase
public import SealiftCrypto

/// What one peer knows of an identity's devices: a verified chain, and the head that it pins
/// (`docs/PROTOCOL.md` §11.4).
///
/// A view only moves forward. Invariants: every entry in it was signed by the one root, links to the
/// one before it, and was consented to by its device; ``head`` is the newest; no key appears twice in a
/// generation. What is refused changes nothing, and the pinned devices go on to be what is judged by.
public struct ChainView: Sendable {
    /// One device as the chain tells of it.
    public struct Device: Hashable, Sendable {
        /// Its public keys.
        public let keys: DevicePublicKeys
        /// The entry that brought it.
        public let since: ChainPosition
        /// The entry that ended it; nil while it speaks for the identity.
        public internal(set) var ended: ChainPosition?
        /// Why it ended, where a revocation says so.
        public internal(set) var reason: ChainEntry.RevocationReason?
    }

    /// What became of the devices when a chain was taken.
    public enum Change: Equatable, Sendable {
        /// Nothing was new.
        case unchanged
        /// These were added and these ended, rotations in both.
        case extended(added: [DeviceID], ended: [DeviceID])
        /// A recovery from this generation: all devices ended; contacts are told loudly, and pair anew.
        case recovered(from: UInt64)
    }

    /// Whose devices these are.
    public let identity: IdentityID
    /// The identity's root key.
    public let root: HybridPublicKey
    /// The newest entry.
    public private(set) var head: ChainHead
    /// Every device of this generation, in the order of the chain, ended ones too.
    public private(set) var devices: [DeviceID: Device] = [:]
    private var activeCount = 0
    /// The entries' hashes, by sequence.
    private var hashes: [Hash256] = []
    /// Both keys of every device there was.
    private var usedKeys: Set<[UInt8]> = []

    /// Verifies a chain from its origin.
    /// - Parameter identity: the one that is pinned, from a session, a code or an invitation.
    /// - Throws: ``ChainError``.
    public init(verifying chain: DeviceChain, of identity: IdentityID) throws(ChainError) {
        // A `DeviceChain` has at least one entry.
        let origin = chain.entries[0]
        guard origin.identity == identity else {
            throw .anotherIdentity(pinned: identity, offered: origin.identity)
        }
        guard let (root, certificate) = origin.act.origin, IdentityID(of: root) == identity else {
            throw .noOrigin
        }
        let isInPlace =
            switch origin.act.kind {
            case .genesis: origin.position.generation == 0
            default: origin.position.generation > 0
            }
        guard isInPlace, origin.position.sequence == 0, origin.previous == .zero else {
            throw .misplacedOrigin(at: origin.position)
        }
        self.identity = identity
        self.root = root
        head = origin.head
        guard origin.isSigned(by: root) else { throw .wrongSignature(at: origin.position) }
        try admit(certificate, at: origin.position)
        hashes = [origin.hash]
        for entry in chain.entries.dropFirst() { try advance(entry) }
    }

    /// Whether `device` speaks for the identity, as far as this view knows.
    public func isActive(_ device: DeviceID) -> Bool {
        devices[device].map { $0.ended == nil } ?? false
    }

    /// The devices that speak for the identity, oldest first.
    public var activeDevices: [Device] {
        devices.values.filter { $0.ended == nil }.sorted { $0.since < $1.since }
    }

    /// Whether `signature` over `message` for `label` is that of a device that speaks for the identity.
    /// One that has ended is refused, whenever it says that it signed.
    public func isValid(
        _ signature: [UInt8], by device: DeviceID, of message: [UInt8], for label: SignatureLabel
    ) -> Bool {
        guard isActive(device), let keys = devices[device]?.keys else { return false }
        return keys.isValidSignature(signature, of: message, for: label)
    }

    /// Takes what a peer offers of this identity's chain: the whole of a generation, or a part of it.
    ///
    /// A part may begin anywhere up to the entry behind ``head``. What was seen already must be the same;
    /// since every entry holds the hash of the one before it, one comparison proves all before it.
    /// - Returns: what changed.
    /// - Throws: ``ChainError``; this view is then as it was.
    public mutating func take(_ offered: DeviceChain) throws(ChainError) -> Change {
        // A `DeviceChain` has at least one entry.
        let first = offered.entries[0]
        guard first.identity == identity else {
            throw .anotherIdentity(pinned: identity, offered: first.identity)
        }
        if first.position.generation > head.position.generation {
            let from = head.position.generation
            self = try ChainView(verifying: offered, of: identity)
            return .recovered(from: from)
        }
        var view = self
        var last = first.position
        for (index, entry) in offered.entries.enumerated() {
            guard entry.identity == identity else {
                throw .anotherIdentity(pinned: identity, offered: entry.identity)
            }
            if index > 0, entry.position != last.next { throw .gap(before: entry.position) }
            last = entry.position
            if entry.position > head.position {
                try view.advance(entry)
            } else if let seen = hash(at: entry.position), seen != entry.hash {
                throw .fork(at: entry.position)
            }
        }
        guard last >= head.position else {
            throw .rollback(seen: head.position, offered: last)
        }
        let change = view.change(since: head.position)
        self = view
        return change
    }

    /// Takes the next entry.
    /// - Throws: ``ChainError``; this view is then as it was.
    public mutating func append(_ entry: ChainEntry) throws(ChainError) {
        var view = self
        try view.advance(entry)
        self = view
    }

    /// ``append(_:)`` on a view that nobody sees if it fails half-way: no copy for each entry.
    private mutating func advance(_ entry: ChainEntry) throws(ChainError) {
        let position = entry.position
        guard entry.identity == identity else {
            throw .anotherIdentity(pinned: identity, offered: entry.identity)
        }
        if let seen = hash(at: position), seen != entry.hash { throw .fork(at: position) }
        guard position > head.position else {
            throw .rollback(seen: head.position, offered: position)
        }
        guard position == head.position.next else { throw .gap(before: position) }
        guard hashes.count < DeviceChain.maximumEntryCount else { throw .tooLong }
        guard entry.previous == head.hash else { throw .brokenLink(at: position) }
        guard entry.isSigned(by: root) else { throw .wrongSignature(at: position) }
        try apply(entry.act, at: position)
        hashes.append(entry.hash)
        head = entry.head
    }

    private mutating func apply(
        _ act: ChainEntry.Act, at position: ChainPosition
    ) throws(ChainError) {
        switch act {
        case .genesis, .recover: throw .misplacedOrigin(at: position)
        case .add(let certificate): try admit(certificate, at: position)
        case .revoke(let device, let reason): try end(device, reason, at: position)
        case .rotate(let device, let certificate):
            try end(device, nil, at: position)
            try admit(certificate, at: position)
        }
    }

    private mutating func admit(
        _ certificate: DeviceCertificate, at position: ChainPosition
    ) throws(ChainError) {
        let keys = certificate.keys
        guard certificate.isConsent(to: identity, generation: position.generation) else {
            throw .noConsent(at: position)
        }
        guard usedKeys.insert(keys.agreement).inserted, usedKeys.insert(keys.signing).inserted
        else { throw .reusedKeys(keys.id, at: position) }
        guard activeCount < DeviceChain.maximumDeviceCount else {
            throw .tooManyDevices(at: position)
        }
        activeCount += 1
        devices[keys.id] = Device(keys: keys, since: position, ended: nil, reason: nil)
    }

    private mutating func end(
        _ device: DeviceID, _ reason: ChainEntry.RevocationReason?, at position: ChainPosition
    ) throws(ChainError) {
        guard isActive(device) else { throw .unknownDevice(device, at: position) }
        devices[device]?.ended = position
        devices[device]?.reason = reason
        activeCount -= 1
    }

    /// The hash of an entry of this view; nil where it has none.
    private func hash(at position: ChainPosition) -> Hash256? {
        guard position.generation == head.position.generation, position.sequence < hashes.count
        else { return nil }
        return hashes[Int(position.sequence)]
    }

    private func change(since position: ChainPosition) -> Change {
        guard head.position > position else { return .unchanged }
        let added = devices.values.filter { $0.since > position }.sorted { $0.since < $1.since }
        let ended = devices.values.compactMap { device in
            device.ended.flatMap { $0 > position ? ($0, device.keys.id) : nil }
        }.sorted { $0.0 < $1.0 }
        return .extended(added: added.map(\.keys.id), ended: ended.map(\.1))
    }
}

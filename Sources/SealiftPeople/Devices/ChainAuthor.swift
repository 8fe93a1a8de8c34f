public import SealiftBase
public import SealiftCrypto

/// Writes entries of one's own chain, while the recovery words are typed in: it holds the root keys.
///
/// What it signs, it first takes into its own view, so that no entry leaves that any peer would refuse.
public struct ChainAuthor: Sendable {
    private let root: HybridSigningKey
    /// The chain as it stands.
    public private(set) var view: ChainView
    /// Its entries, from the origin.
    public private(set) var entries: [ChainEntry]

    /// Goes on with the chain that `root` began.
    /// - Throws: ``ChainError``; ``ChainError/anotherIdentity(pinned:offered:)`` for other words.
    public init(root: HybridSigningKey, continuing chain: DeviceChain) throws(ChainError) {
        view = try ChainView(verifying: chain, of: IdentityID(of: root.publicKey))
        entries = chain.entries
        self.root = root
    }

    /// Begins an identity with its first device.
    /// - Throws: ``ChainError/signingFailed``.
    public init(
        beginning root: HybridSigningKey, with device: DeviceKeyPair, time: WallTime
    ) throws(ChainError) {
        try self.init(root: root, origin: device, generation: 0, time: time)
    }

    /// Begins a new generation: for who has the words and lost, or gives up, every device.
    ///
    /// `generation` must be above every one that any contact has seen. Where nothing older is at hand,
    /// ``recoveryGeneration(time:known:)`` gives one.
    /// - Throws: ``ChainError/misplacedOrigin(at:)`` for generation 0 or one beyond the largest,
    ///   ``ChainError/signingFailed``.
    public init(
        recovering root: HybridSigningKey, with device: DeviceKeyPair, generation: UInt64,
        time: WallTime
    ) throws(ChainError) {
        guard (1...ChainPosition.maximumGeneration).contains(generation) else {
            throw .misplacedOrigin(at: ChainPosition(generation: generation, sequence: 0))
        }
        try self.init(root: root, origin: device, generation: generation, time: time)
    }

    /// The generation of a recovery: one above `known`, the newest that was found in a backup or told
    /// by a contact, and at least the minutes since 1970 on this machine's clock, so that an empty
    /// machine with nobody to ask still comes after its past (`docs/decisions/0009`).
    public static func recoveryGeneration(time: WallTime, known: UInt64?) -> UInt64 {
        let minutes = UInt64(max(1, time.secondsSince1970 / 60))
        let next = known.map { min($0, ChainPosition.maximumGeneration - 1) + 1 } ?? 1
        return min(max(minutes, next), ChainPosition.maximumGeneration)
    }

    private init(
        root: HybridSigningKey, origin device: DeviceKeyPair, generation: UInt64, time: WallTime
    ) throws(ChainError) {
        let identity = IdentityID(of: root.publicKey)
        guard
            let certificate = DeviceCertificate(
                consentOf: device, to: identity, generation: generation),
            let entry = ChainEntryBody(
                identity: identity, position: ChainPosition(generation: generation, sequence: 0),
                previous: .zero, time: time,
                act: generation == 0
                    ? .genesis(root.publicKey, certificate)
                    : .recover(root.publicKey, certificate)
            ).signed(with: root), let chain = DeviceChain([entry])
        else { throw .signingFailed }
        view = try ChainView(verifying: chain, of: identity)
        entries = [entry]
        self.root = root
    }

    /// The chain so far, to be stored and shown to peers.
    public var chain: DeviceChain {
        guard let chain = DeviceChain(entries) else {
            preconditionFailure("an author's chain has 1 to 4,096 entries")
        }
        return chain
    }

    /// Adds a device that consented.
    /// - Throws: ``ChainError``, as a peer would judge it.
    public mutating func add(
        _ certificate: DeviceCertificate, time: WallTime
    ) throws(ChainError) {
        try write(.add(certificate), time)
    }

    /// Ends a device.
    /// - Throws: ``ChainError``, as a peer would judge it.
    public mutating func revoke(
        _ device: DeviceID, reason: ChainEntry.RevocationReason, time: WallTime
    ) throws(ChainError) {
        try write(.revoke(device, reason), time)
    }

    /// Exchanges a device's keys for those it made new and consented with.
    /// - Throws: ``ChainError``, as a peer would judge it.
    public mutating func rotate(
        _ device: DeviceID, to certificate: DeviceCertificate, time: WallTime
    ) throws(ChainError) {
        try write(.rotate(device, certificate), time)
    }

    private mutating func write(_ act: ChainEntry.Act, _ time: WallTime) throws(ChainError) {
        let body = ChainEntryBody(
            identity: view.identity, position: view.head.position.next, previous: view.head.hash,
            time: time, act: act)
        guard let entry = body.signed(with: root) else { throw .signingFailed }
        try view.append(entry)
        entries.append(entry)
    }
}

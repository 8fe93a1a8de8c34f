/// The two roles of a password-authenticated exchange. The initiator speaks first.
public enum PasswordExchangeSide: Hashable, Sendable, CaseIterable {
    /// A of the draft: its share goes first.
    case initiator
    /// B of the draft: answers.
    case responder
}

/// Why an exchange gave no key.
public enum PasswordExchangeError: Error, Equatable, Sendable {
    /// The peer's share is no element of the group, or the neutral one.
    case unacceptableShare
    /// The peer's confirmation is not what the same password would give: the passwords differ, or
    /// somebody in between changed a message.
    case wrongConfirmation
}

/// One run of CPace over ristretto255 with SHA-512 (draft-irtf-cfrg-cpace-21, initiator-responder
/// setting): from a short password that both ends know, a strong key that nobody else gets.
///
/// Whoever plays one of the roles learns from a run whether *one* guess of the password was right, and
/// a recording tells nothing about it. So a caller must never run a second exchange on one password
/// after a failed one.
public struct PasswordExchange: Sendable {
    /// The size of a share: 32 bytes.
    public static let shareByteCount = RistrettoGroup.byteCount

    /// The domain of this group, G.DSI of the draft §8.3.
    static let domain = Array("CPaceRistretto255".utf8)

    private let side: PasswordExchangeSide
    private let sessionID: [UInt8]
    private let associatedData: [UInt8]
    private let scalar: SecretBytes
    /// What the peer gets: Ya or Yb, 32 bytes.
    public let share: [UInt8]

    /// Begins a run.
    ///
    /// - Parameters:
    ///   - side: this end's role.
    ///   - password: PRS of the draft, the shared low-entropy secret.
    ///   - channel: CI, what both ends know about where they meet; with both roles in it.
    ///   - sessionID: sid, public, the same at both ends, not used before.
    ///   - associatedData: ADa or ADb, public bytes of this end that the key depends on.
    ///   - entropy: gives the private scalar.
    public init(
        side: PasswordExchangeSide, password: SecretBytes, channel: [UInt8], sessionID: [UInt8],
        associatedData: [UInt8] = [], entropy: inout some EntropySource
    ) {
        let generator = Self.generator(
            password: password, channel: channel, sessionID: sessionID)
        // Random bytes are a multiple of the group's order with a chance of 2^-252.
        while true {
            let scalar = RistrettoGroup.sampleScalar(entropy: &entropy)
            if let run = PasswordExchange(
                side: side, generator: generator, scalar: scalar, sessionID: sessionID,
                associatedData: associatedData)
            {
                self = run
                return
            }
        }
    }

    /// A run with a given scalar, for the draft's vectors; nil for a scalar that gives the neutral
    /// element.
    init?(
        side: PasswordExchangeSide, generator: SecretBytes, scalar: SecretBytes,
        sessionID: [UInt8], associatedData: [UInt8]
    ) {
        guard
            let share = generator.withUnsafeBytes({ RistrettoGroup.multiply(scalar, $0) })
        else { return nil }
        self.side = side
        self.sessionID = sessionID
        self.associatedData = associatedData
        self.scalar = scalar
        self.share = share.withUnsafeBytes { Array($0) }
    }

    /// The agreed key, from the peer's share and associated data.
    /// - Throws: ``PasswordExchangeError/unacceptableShare``.
    public func agree(
        peerShare: [UInt8], peerAssociatedData: [UInt8] = []
    ) throws(PasswordExchangeError) -> PasswordAgreement {
        guard let shared = peerShare.withUnsafeBytes({ RistrettoGroup.multiply(scalar, $0) })
        else { throw .unacceptableShare }
        let own = (share: share, data: associatedData)
        let peer = (share: peerShare, data: peerAssociatedData)
        let (first, second) = side == .initiator ? (own, peer) : (peer, own)
        // ISK = H(lv_cat(DSI ‖ "_ISK", sid, K) ‖ transcript_ir(Ya, ADa, Yb, ADb)), §7.2.
        var hash = LengthValueHash()
        hash.add(Self.domain + Array("_ISK".utf8))
        hash.add(sessionID)
        hash.add(shared)
        for part in [first.share, first.data, second.share, second.data] { hash.add(part) }
        return PasswordAgreement(
            key: hash.finalize(), sessionID: sessionID, own: own, peer: peer)
    }

    /// calculate_generator of §8.3: the secret point that the password stands for.
    static func generator(
        password: SecretBytes, channel: [UInt8], sessionID: [UInt8]
    ) -> SecretBytes {
        // Password and domain fill the first block alone, whatever their lengths (§8.1).
        let used =
            password.count + LengthValueHash.lengthPrefix(password.count).count
            + domain.count + LengthValueHash.lengthPrefix(domain.count).count + 1
        var hash = LengthValueHash()
        hash.add(domain)
        hash.add(password)
        hash.add([UInt8](repeating: 0, count: max(0, LengthValueHash.blockSize - used)))
        hash.add(channel)
        hash.add(sessionID)
        return RistrettoGroup.element(derivedFrom: hash.finalize())
    }
}

extension PasswordExchange: CustomStringConvertible, CustomReflectable {
    /// Says what it is, and nothing of what it holds.
    public var description: String { "<password exchange>" }
    /// No children: `dump` shows nothing either.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

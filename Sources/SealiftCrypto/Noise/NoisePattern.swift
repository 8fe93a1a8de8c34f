/// A token of a Noise message pattern (Noise revision 34 §7, §9; HFS revision 1).
enum NoiseToken: String, Sendable {
    /// A new ephemeral key is sent.
    case e
    /// The static key is sent, encrypted once there is a key.
    case s
    /// X25519 of two keys is mixed in; the first letter is the initiator's key.
    case ee, es, se, ss
    /// The pre-shared key is mixed in.
    case psk
    /// A KEM encapsulation key is sent, encrypted once there is a key.
    case e1
    /// A KEM ciphertext is sent, and its shared secret mixed in.
    case ekem1
}

/// The messages of a handshake: who sends which keys when.
///
/// The product uses exactly one, ``sealift``; the type is general so that the engine can be run
/// against the published vectors of others.
struct NoisePattern: Sendable {
    /// The full protocol name, the first thing hashed.
    let protocolName: String
    /// The cipher that the name states.
    let cipher: NoiseCipher
    /// Whether the responder knows the initiator's static key beforehand.
    var initiatorStaticIsKnown = false
    /// Whether the initiator knows the responder's static key beforehand.
    var responderStaticIsKnown = false
    /// The messages, the initiator's first.
    let messages: [[NoiseToken]]

    /// Whether there are psk tokens: then ephemeral keys are also mixed into the key (§9.2).
    var usesPreSharedKey: Bool { messages.contains { $0.contains(.psk) } }

    /// The handshake of PROTOCOL §4.1.
    static let sealift = NoisePattern(
        protocolName: "Noise_XXhfs+psk0_25519+MLKEM768_AESGCM_SHA256", cipher: .aesGCM,
        messages: [[.psk, .e, .e1], [.e, .ee, .ekem1, .s, .es], [.s, .se]])
}

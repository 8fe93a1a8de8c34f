@testable import SealiftCrypto

/// The patterns of Noise revision 34 (§7.4, §7.5, appendix 18.1), as text: pre-messages before the
/// colon, messages separated by slashes.
enum NoisePatternTable {
    private static let patterns: [String: String] = [
        "N": "<s: e es", "K": ">s <s: e es ss", "X": "<s: e es s ss",
        "NN": ": e / e ee", "NK": "<s: e es / e ee", "NX": ": e / e ee s es",
        "KN": ">s: e / e ee se", "KK": ">s <s: e es ss / e ee se",
        "KX": ">s: e / e ee se s es",
        "XN": ": e / e ee / s se", "XK": "<s: e es / e ee / s se",
        "XX": ": e / e ee s es / s se", "IN": ": e s / e ee se",
        "IK": "<s: e es s ss / e ee se", "IX": ": e s / e ee se s es",
        "NK1": "<s: e / e ee es", "NX1": ": e / e ee s / es", "X1N": ": e / e ee / s / se",
        "X1K": "<s: e es / e ee / s / se", "XK1": "<s: e / e ee es / s se",
        "X1K1": "<s: e / e ee es / s / se", "X1X": ": e / e ee s es / s / se",
        "XX1": ": e / e ee s / es s se", "X1X1": ": e / e ee s / es s / se",
        "K1N": ">s: e / e ee / se", "K1K": ">s <s: e es / e ee / se",
        "KK1": ">s <s: e / e ee se es", "K1K1": ">s <s: e / e ee es / se",
        "K1X": ">s: e / e ee s es / se", "KX1": ">s: e / e ee se s / es",
        "K1X1": ">s: e / e ee s / se es", "I1N": ": e s / e ee / se",
        "I1K": "<s: e es s / e ee / se", "IK1": "<s: e s / e ee se es",
        "I1K1": "<s: e s / e ee es / se", "I1X": ": e s / e ee s es / se",
        "IX1": ": e s / e ee se s / es", "I1X1": ": e s / e ee s / se es",
    ]

    /// The pattern of a protocol name such as `Noise_IKpsk2_25519_AESGCM_SHA256`; nil if unknown.
    static func pattern(named protocolName: String) -> NoisePattern? {
        let parts = protocolName.split(separator: "_").map(String.init)
        guard parts.count == 5 else { return nil }
        let base = String(parts[1].prefix { !$0.isLowercase })
        let modifiers = parts[1].dropFirst(base.count).split(separator: "+").map(String.init)
        guard let text = patterns[base], let colon = text.firstIndex(of: ":") else { return nil }
        var messages = text[text.index(after: colon)...].split(separator: "/").map {
            $0.split(separator: " ").compactMap { NoiseToken(rawValue: String($0)) }
        }
        for modifier in modifiers {
            guard modifier.hasPrefix("psk"), let place = Int(modifier.dropFirst(3)),
                place <= messages.count
            else { return nil }
            if place == 0 {
                messages[0].insert(.psk, at: 0)
            } else {
                messages[place - 1].append(.psk)
            }
        }
        return NoisePattern(
            protocolName: protocolName, cipher: parts[3] == "AESGCM" ? .aesGCM : .chaChaPoly,
            initiatorStaticIsKnown: text[..<colon].contains(">s"),
            responderStaticIsKnown: text[..<colon].contains("<s"), messages: messages)
    }
}

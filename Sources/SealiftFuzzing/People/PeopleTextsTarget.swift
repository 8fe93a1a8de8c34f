import SealiftBase
import SealiftCrypto
import SealiftPeople

extension FuzzTarget {
    /// What people type and paste: recovery words, short identities, invitations, names and paths. What
    /// is read says the same again, and prints no character that a terminal acts on.
    static let peopleTexts = FuzzTarget(
        "people-texts", maximumLength: 1_024,
        seeds: {
            let identity = IdentityID(SHA256Digest.hash([1])).short.text
            let words = String(repeating: "abandon ", count: 23) + "art"
            return [words, words.uppercased(), identity, identity.uppercased()].map {
                Array($0.utf8)
            }
        }
    ) { input throws(BrokenRule) in
        let text = String(decoding: input.rest(), as: UTF8.self)
        if let words = try? RecoveryWords(text: text) {
            let again = try? RecoveryWords(text: words.words.joined(separator: " "))
            try demand(again?.isSame(as: words) ?? false, "words are not read as they are shown")
        }
        if let identity = try? ShortIdentity(text: text) {
            try demand(
                (try? ShortIdentity(text: identity.text)) == identity,
                "a short identity is not read as it is shown")
        }
        if let invitation = try? Invitation(text: text) {
            let again = try? Invitation(text: invitation.text)
            try demand(
                again?.text == invitation.text, "an invitation is not read as it is written")
        }
        if let name = try? ContactName(text) {
            try demand(PrintableText.escape(name.text) == text, "a name needs escapes")
        }
        if let path = GrantedPath(text) {
            try demand(GrantedPath(path.bytes) == path, "a path is not itself")
            try demand(
                PathSubset.only([path]).contains(path), "a path is not within itself")
            try demand(
                !text.utf8.split(separator: 0x2F).contains { $0.elementsEqual("..".utf8) },
                "a path leads upwards")
        }
        if let label = OfferLabel(text.utf8) {
            try demand(
                !label.description.utf8.contains { $0 < 0x20 || $0 == 0x7F },
                "a label acts on a terminal")
        }
    }

    private static let invitation: String = {
        let key = [UInt8](repeating: 5, count: PreSharedKey.byteCount)
        guard let secret = PreSharedKey(key),
            let device = DeviceFingerprint([UInt8](repeating: 6, count: 16)),
            let address = PeerAddress(bytes: [192, 0, 2, 1], port: 4_242),
            let invitation = Invitation(
                identity: IdentityID(SHA256Digest.hash([2])), device: device, secret: secret,
                expires: WallTime(secondsSince1970: 1_795_000_000), addresses: [address])
        else { preconditionFailure("an invitation has these parts") }
        return invitation.text
    }()
}

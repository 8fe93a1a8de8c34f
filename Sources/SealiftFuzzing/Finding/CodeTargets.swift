import SealiftBase
import SealiftCrypto
import SealiftTraversal

extension FuzzTarget {
    /// The text of a code as somebody types it.
    static let pairingCode = FuzzTarget(
        "pairing-code", maximumLength: 300,
        seeds: {
            [
                "48213-abandon-ability-able", " 48213 ABAN abil. ableé", "abandon-ability-able",
                "0123-abandon-ability-able", "999999999 zoo zone zero", "4294967296-zoo-zoo-zoo",
                "48213-abandn-ability", "\u{661}\u{662}345-zoo-zoo-zoo", "48213-\u{130}zoo-zoo-zoo",
            ].map { Array($0.utf8) }
        }
    ) { input throws(BrokenRule) in
        let text = String(decoding: input.rest(), as: UTF8.self)
        _ = PairingCode.looksLikeOne(text)
        guard let code = try? PairingCode(text: text) else { return }
        try demand(PairingCode.numbers.contains(code.number), "a number that is none")
        try demand("\(code)" == "<pairing code>", "a code shows what it holds")
        let words = code.text.split(separator: "-")
        try demand(words.count == 1 + PairingCode.wordCount, "a code has other words")
        try demand(words.allSatisfy { $0.utf8.count <= 9 }, "a word that is in no list")
        guard let again = try? PairingCode(text: code.text) else {
            throw BrokenRule(description: "a code is not read as it is shown")
        }
        try demand(again.text == code.text, "a code changes when it is read twice")
    }

    /// A box of 4,096 bytes that a server passed on: opened only if it is one that was sealed, for
    /// the purpose it was sealed for.
    static let sealedBox = FuzzTarget(
        "sealed-box", maximumLength: SealedBox.byteCount + 16,
        seeds: {
            BoxSample.messages.compactMap(BoxSample.sealed).flatMap { [[0] + $0, [1] + $0] }
                + [[0] + [UInt8](repeating: 0, count: SealedBox.byteCount)]
        }
    ) { input throws(BrokenRule) in
        let isOtherPurpose = input.byte() & 1 == 1
        let box = input.rest()
        let message = SealedBox.open(
            box, key: BoxSample.key, purpose: isOtherPurpose ? [] : BoxSample.purpose)
        guard let message else { return }
        try demand(!isOtherPurpose, "a box opened for another purpose")
        try demand(message.count <= SealedBox.capacity, "a message longer than its box")
        try demand(BoxSample.sealed(message) == box, "a box opened that nobody sealed")
    }

    /// Who and where a sender is, as its peer says: no candidate leads to this machine, to many at
    /// once, to nobody, or to a service.
    static let meeting = FuzzTarget(
        "meeting", maximumLength: 512,
        seeds: {
            let fingerprint = HandshakeRig.shared.sender.publicKeys.id.fingerprint
            func sample(_ addresses: [([UInt8], UInt16)]) -> [UInt8] {
                let candidates = addresses.compactMap { bytes, port in
                    TransportAddress(bytes: bytes, port: port).map { Candidate(.host, $0) }
                }
                return Meeting(
                    fingerprint: fingerprint, expires: WallTime(secondsSince1970: 1_800_000_000),
                    candidates: CandidateList(candidates)
                ).encoded
            }
            let loopback = [UInt8](repeating: 0, count: 15) + [1]
            return [
                sample([([192, 0, 2, 1], 4_242)]), sample([]),
                sample([([127, 0, 0, 1], 4_242), (loopback, 4_242), ([10, 0, 0, 1], 22)]),
                sample((0..<16).map { ([198, 51, 100, UInt8($0)], 50_000 + UInt16($0)) }),
                sample([([0x20, 1, 0xD, 0xB8] + [UInt8](repeating: 7, count: 12), 65_535)]),
            ].map { [0] + $0 }
        }
    ) { input throws(BrokenRule) in
        let denied = AddressRange(bytes: [10, 0, 0, 0], prefixLength: input.choice(33))
        let policy = AddressPolicy(denied: denied.map { [$0] } ?? [])
        guard let meeting = Meeting(peer: input.rest(), policy: policy) else { return }
        let candidates = meeting.candidates.candidates
        try demand(
            candidates.count <= CandidateList.maximumCount, "more candidates than any end has")
        for candidate in candidates {
            let address = candidate.address
            try demand(address.port >= 1_024, "a candidate at a service's port")
            try demand(isElsewhere(address.bytes), "a candidate that is no other machine")
            try demand(policy.permits(address), "a candidate against the user's policy")
        }
        guard let again = Meeting(peer: meeting.encoded, policy: policy) else {
            throw BrokenRule(description: "a meeting is not read as it was written")
        }
        try demand(again == meeting, "a meeting changes when it is read twice")
    }

    /// The rule of `docs/PROTOCOL.md` §10.6 a second time, in the plainest way.
    private static func isElsewhere(_ bytes: [UInt8]) -> Bool {
        if bytes.count == 4 {
            return bytes[0] != 0 && bytes[0] != 127 && bytes[0] < 224
        }
        let isMapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 255 && bytes[11] == 255
        return bytes[0] != 255 && !bytes[..<12].allSatisfy { $0 == 0 } && !isMapped
    }
}

/// Boxes to begin with, and how they were sealed.
private enum BoxSample {
    static let key = SecretBytes(copying: [UInt8](repeating: 3, count: 32))
    static let purpose = Array("sealift/1 fuzzing".utf8)
    static let messages: [[UInt8]] = [
        [], [1, 2, 3], [UInt8](repeating: 9, count: SealedBox.capacity),
    ]

    /// The one box of `message`: its salt is always the same here.
    static func sealed(_ message: [UInt8]) -> [UInt8]? {
        var entropy = SeededEntropy(seed: 5)
        return SealedBox.seal(message, key: key, purpose: purpose, entropy: &entropy)
    }
}

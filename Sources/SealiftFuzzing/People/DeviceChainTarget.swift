import SealiftBase
import SealiftCrypto
import SealiftPeople

extension FuzzTarget {
    /// What a peer says of its identity's devices, to somebody who has pinned the first entries.
    ///
    /// What is read is written again the same; a view never goes back, never takes what the root did not
    /// sign, and never lets a device that ended speak again.
    static let deviceChain = FuzzTarget(
        "device-chain", maximumLength: 24_576,
        seeds: { ChainRun.seeds }
    ) { input throws(BrokenRule) in
        var view = ChainRun.pinned
        while !input.isAtEnd {
            let bytes = input.run(atMost: 24_000)
            guard let chain = bytes.withUnsafeBytes({ DeviceChain(decoding: $0) }) else { continue }
            try demand(chain.encoded == bytes, "a chain is not written as it was read")
            try ChainRun.offer(chain, to: &view)
        }
    }
}

private enum ChainRun {
    /// Everything that the root of the target ever signed.
    static let author: ChainAuthor = {
        var entropy = SeededEntropy(seed: 0x6368_6169_6E)
        let seed = SecretBytes(copying: [UInt8](repeating: 7, count: 32))
        let laptop = DeviceKeyPair.generate(entropy: &entropy)
        let server = DeviceKeyPair.generate(entropy: &entropy)
        guard let root = HybridSigningKey(seed: seed),
            let certificate = DeviceCertificate(
                consentOf: server, to: IdentityID(of: root.publicKey), generation: 0),
            var author = try? ChainAuthor(beginning: root, with: laptop, time: time)
        else { preconditionFailure("keys of a seed begin a chain") }
        try? author.add(certificate, time: time)
        try? author.revoke(laptop.publicKeys.id, reason: .lost, time: time)
        return author
    }()
    static let time = WallTime(secondsSince1970: 1_795_000_000)

    static let pinned: ChainView = {
        guard let chain = DeviceChain(Array(author.entries.prefix(2))),
            let view = try? ChainView(verifying: chain, of: author.view.identity)
        else { preconditionFailure("an author's entries verify") }
        return view
    }()

    static func offer(_ chain: DeviceChain, to view: inout ChainView) throws(BrokenRule) {
        let before = view
        do {
            _ = try view.take(chain)
        } catch {
            try demand(view.head == before.head, "a refused chain moved the head")
            return
        }
        try demand(view.head.position >= before.head.position, "a view went back")
        let signed = Set(author.entries.map(\.hash))
        try demand(signed.contains(view.head.hash), "a view took what the root did not sign")
        for device in before.devices.values where device.ended != nil {
            try demand(!view.isActive(device.keys.id), "a device that ended speaks again")
        }
    }

    static let seeds: [[UInt8]] = {
        let entries = author.entries
        let runs = [
            entries, Array(entries[2...]), Array(entries[1...]), Array(entries[..<1]),
            [entries[0], entries[2]],
        ]
        let encoded = runs.compactMap { DeviceChain($0)?.encoded }
        return encoded.map { bytes in seed { $0.writeRun(bytes) } } + [
            seed { writer in for bytes in encoded[1...2] { writer.writeRun(bytes) } }
        ]
    }()
}

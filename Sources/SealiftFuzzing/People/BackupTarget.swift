import SealiftBase
import SealiftCrypto
import SealiftPeople

extension FuzzTarget {
    /// A backup file, by somebody who even has its key's passphrase box before them: header, segments and
    /// preface. What is read is written again the same; no segment opens that was not sealed, in its place.
    static let backup = FuzzTarget(
        "backup", maximumLength: 2_048,
        seeds: { BackupRun.seeds }
    ) { input throws(BrokenRule) in
        let bytes = input.rest()
        if let header = try? BackupHeader(decoding: bytes) {
            try demand(
                bytes.starts(with: header.encoded), "a header is not written as it was read")
            if header.form == .words, let key = header.key(under: BackupRun.words) {
                try BackupRun.read(Array(bytes.dropFirst(header.byteCount)), under: key)
            }
        }
        try BackupRun.read(bytes, under: BackupRun.key)
        if let preface = try? BackupPreface(decoding: bytes) {
            try demand(preface.encoded == bytes, "a preface is not written as it was read")
            try demand(
                (1...BackupPreface.maximumDatabaseLength).contains(preface.databaseLength),
                "a preface names an impossible length")
        }
    }
}

private enum BackupRun {
    static let words: RecoveryWords = {
        let bits = SecretBytes(copying: [UInt8](repeating: 7, count: 32))
        guard let words = RecoveryWords(entropy: bits) else {
            preconditionFailure("32 bytes are the words' size")
        }
        return words
    }()
    static let key = SecretBytes(copying: [UInt8](repeating: 9, count: 32))
    /// The only content that was ever sealed.
    static let content: [UInt8] = {
        var entropy = SeededEntropy(seed: 8)
        let device = DeviceKeyPair.generate(entropy: &entropy)
        guard
            let preface = BackupPreface(
                time: WallTime(secondsSince1970: 1_795_000_000),
                identity: IdentityID(SHA256Digest.hash([1])), device: device.publicKeys,
                head: nil, databaseLength: 3)
        else { preconditionFailure("a preface has these parts") }
        return preface.encoded + [1, 2, 3]
    }()

    /// Reads `bytes` as the segments of a file. They are shorter than a full one, so there is one.
    static func read(_ bytes: [UInt8], under key: SecretBytes) throws(BrokenRule) {
        guard let length = BackupSegments.contentLength(of: UInt64(bytes.count)) else { return }
        var opener = BackupOpener(key: key)
        guard let opened = try? opener.open(bytes, isLast: true) else { return }
        try demand(opened == content, "a segment opened that nobody sealed")
        try demand(UInt64(opened.count) == length, "a segment has another length than it may have")
    }

    static let seeds: [[UInt8]] = {
        var entropy = SeededEntropy(seed: 9)
        var sealer = BackupSealer(key: key)
        guard let made = BackupHeader.make(under: words, entropy: &entropy),
            let segment = sealer.seal(content, isLast: true, entropy: &entropy)
        else { preconditionFailure("the library seals") }
        var inFile = BackupSealer(key: made.key)
        guard let whole = inFile.seal(content, isLast: true, entropy: &entropy) else {
            preconditionFailure("the library seals")
        }
        return [
            made.header.encoded + whole, segment, Array(content.prefix(BackupPreface.byteCount)),
        ]
    }()
}

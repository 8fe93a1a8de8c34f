internal import SealiftBase
public import SealiftCrypto

/// The start of a backup file: what opens it, and the file's own key under that
/// (`docs/PROTOCOL.md` §11.12).
///
///     "SLB1" ‖ u8 form ‖ box ‖ SHA-256("sealift/1 backup header" ‖ all bytes before)[..4]
///
/// The box holds 32 random bytes, the key of this one file. The checksum is no defence: it tells a damaged
/// header from a wrong passphrase.
public struct BackupHeader: Sendable {
    /// What opens a backup.
    public enum Form: UInt8, CaseIterable, Sendable {
        /// A passphrase.
        case passphrase = 1
        /// The recovery words of the identity in it.
        case words = 2

        /// The size of the box: a passphrase box or a secret box around 32 bytes.
        fileprivate var boxByteCount: Int {
            switch self {
            case .passphrase: 101
            case .words: 112
            }
        }
    }

    /// The size of the longer form: 121 bytes.
    public static let maximumByteCount = magic.count + 1 + 112 + checksumSize
    private static let magic = Array("SLB1".utf8)
    private static let checksumLabel = Array("sealift/1 backup header".utf8)
    private static let purpose = Array("sealift/1 backup key".utf8)
    private static let checksumSize = 4
    private static let keySize = 32

    /// What opens it.
    public let form: Form
    private let box: [UInt8]

    private init(_ form: Form, _ box: [UInt8]) {
        self.form = form
        self.box = box
    }

    /// A header around a new key, under `passphrase`. Takes as long as a guess; nil only if the library
    /// fails.
    public static func make(
        under passphrase: SecretBytes, cost: PassphraseBox.Cost = .standard,
        entropy: inout some EntropySource
    ) -> (header: BackupHeader, key: SecretBytes)? {
        let key = SecretBytes(count: keySize, entropy: &entropy)
        return PassphraseBox.seal(key, passphrase: passphrase, cost: cost, entropy: &entropy).map {
            (BackupHeader(.passphrase, $0), key)
        }
    }

    /// A header around a new key, under `words`. Nil only if the library fails.
    public static func make(
        under words: RecoveryWords, entropy: inout some EntropySource
    ) -> (header: BackupHeader, key: SecretBytes)? {
        let key = SecretBytes(count: keySize, entropy: &entropy)
        return words.seal(key, purpose: purpose, entropy: &entropy).map {
            (BackupHeader(.words, $0), key)
        }
    }

    /// The file's key; nil where the passphrase is another, or another form opens it.
    public func key(under passphrase: SecretBytes) -> SecretBytes? {
        guard form == .passphrase else { return nil }
        return Self.whole(PassphraseBox.open(box, passphrase: passphrase))
    }

    /// The file's key; nil where the words are others, or another form opens it.
    public func key(under words: RecoveryWords) -> SecretBytes? {
        guard form == .words else { return nil }
        return Self.whole(words.open(box, purpose: Self.purpose))
    }

    private static func whole(_ key: SecretBytes?) -> SecretBytes? {
        key?.count == keySize ? key : nil
    }

    // MARK: Bytes

    /// How many bytes ``encoded`` has.
    public var byteCount: Int { Self.magic.count + 1 + form.boxByteCount + Self.checksumSize }

    /// The bytes of the table above.
    public var encoded: [UInt8] {
        let body = Self.magic + [form.rawValue] + box
        return body + Self.checksum(of: body)
    }

    /// Reads the header at the front of a file.
    /// - Parameter front: the file's first ``maximumByteCount`` bytes, or all of a shorter one.
    /// - Throws: ``BackupError``.
    public init(decoding front: [UInt8]) throws(BackupError) {
        let magic = Self.magic
        guard front.starts(with: magic.dropLast()), front.count > magic.count else {
            throw .notABackup
        }
        guard front[magic.count - 1] == magic[magic.count - 1],
            let form = Form(rawValue: front[magic.count])
        else { throw .newerVersion }
        let end = magic.count + 1 + form.boxByteCount
        guard front.count >= end + Self.checksumSize else { throw .damaged }
        let body = Array(front[..<end])
        guard front[end..<(end + Self.checksumSize)].elementsEqual(Self.checksum(of: body)) else {
            throw .damaged
        }
        self.init(form, Array(body.dropFirst(magic.count + 1)))
    }

    private static func checksum(of body: [UInt8]) -> ArraySlice<UInt8> {
        SHA256Digest.hash(checksumLabel + body).bytes.prefix(checksumSize)
    }
}

/// Why a file is no backup that can be used.
public enum BackupError: Error, Equatable, Sendable {
    /// It does not begin like one.
    case notABackup
    /// A newer sealift made it.
    case newerVersion
    /// It was cut, or a byte of it is another.
    case damaged
}

import SealiftCrypto
import SealiftIO
import Synchronization

/// A passphrase, in memory that is wiped when the last holder lets go of it.
public struct Passphrase: Sendable, CustomStringConvertible {
    /// Longer ones are refused: 1,024 bytes.
    public static let maximumByteCount = 1_024

    let secret: SecretBytes

    /// Copies `bytes` and wipes them.
    /// - Throws: where it is empty or longer than ``maximumByteCount``.
    public init(wiping bytes: inout [UInt8]) throws(SealiftError) {
        defer { MemoryWipe.wipe(&bytes) }
        guard (1...Self.maximumByteCount).contains(bytes.count) else {
            throw SealiftError(
                .usage, bytes.isEmpty ? "the passphrase is empty" : "the passphrase is too long",
                advice: "Choose one of 1 to \(Self.maximumByteCount) bytes.")
        }
        secret = SecretBytes(copying: bytes)
    }

    /// Always `<secret>`.
    public var description: String { "<secret>" }

    /// Whether both are the same; the time taken depends on the lengths only.
    public func isSame(as other: Passphrase) -> Bool { secret.constantTimeEquals(other.secret) }
}

/// Where the passphrase of sealift's own state comes from. Asked only where the state has one.
public struct PassphraseSource: Sendable, Equatable {
    /// How often a person may try.
    static let tries = 3

    private final class Asker: Sendable {
        let ask: @Sendable (_ isRetry: Bool) throws(SealiftError) -> Passphrase?

        init(_ ask: @escaping @Sendable (Bool) throws(SealiftError) -> Passphrase?) {
            self.ask = ask
        }
    }

    private final class KeptAnswer: Sendable {
        private let value = Mutex<Passphrase?>(nil)
        var answer: Passphrase? {
            get { value.withLock { $0 } }
            set { value.withLock { $0 = newValue } }
        }
    }

    private let asker: Asker?

    /// Nobody knows one.
    public static let none = PassphraseSource(asker: nil)

    private init(asker: Asker?) {
        self.asker = asker
    }

    /// Asks `ask`, which may block, and once more (`isRetry`) where the answer was wrong; nil says that
    /// there is no other answer.
    public init(
        _ ask: @escaping @Sendable (_ isRetry: Bool) throws(SealiftError) -> Passphrase?
    ) {
        self.init(asker: Asker(ask))
    }

    func obtain(isRetry: Bool) throws(SealiftError) -> Passphrase? {
        try asker?.ask(isRetry)
    }

    /// A source that asks this one until an answer was right, and then goes on to give that: for a process
    /// that opens the state several times.
    func askingOnce() -> PassphraseSource {
        guard let asker else { return .none }
        let shared = KeptAnswer()
        return PassphraseSource { isRetry throws(SealiftError) in
            if !isRetry, let answer = shared.answer { return answer }
            let answer = try asker.ask(isRetry)
            shared.answer = answer
            return answer
        }
    }

    /// The same source; not the same passphrase.
    public static func == (left: PassphraseSource, right: PassphraseSource) -> Bool {
        left.asker === right.asker
    }
}

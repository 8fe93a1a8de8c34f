import Crypto
import SealiftBase

/// A hash that film tools compare files by (ASC MHL, `urn:ASC:MHL:v2.0`). None of them proves anything to
/// sealift, whose own tree does.
public enum MediaHashAlgorithm: String, CaseIterable, Sendable {
    /// C4 ID (SMPTE ST 2114): SHA-512 in base 58.
    case c4
    /// For tools that know nothing else: broken against attackers.
    case md5
    /// The same.
    case sha1
}

/// A media hash of a run that arrives in parts.
public struct IncrementalMediaHash: Sendable {
    private enum State: Sendable {
        case c4(SHA512)
        case md5(Insecure.MD5)
        case sha1(Insecure.SHA1)
    }

    private var state: State

    /// Makes the hash of nothing yet.
    public init(_ algorithm: MediaHashAlgorithm) {
        state =
            switch algorithm {
            case .c4: .c4(SHA512())
            case .md5: .md5(Insecure.MD5())
            case .sha1: .sha1(Insecure.SHA1())
            }
    }

    /// Adds the next part.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        switch state {
        case .c4(var hasher):
            hasher.update(bufferPointer: bytes)
            state = .c4(hasher)
        case .md5(var hasher):
            hasher.update(bufferPointer: bytes)
            state = .md5(hasher)
        case .sha1(var hasher):
            hasher.update(bufferPointer: bytes)
            state = .sha1(hasher)
        }
    }

    /// The hash of all parts, as film tools write it: 90 letters for C4, hexadecimal for the others.
    public func finalize() -> String {
        switch state {
        case .c4(let hasher): C4Text.encode(Array(hasher.finalize()))
        case .md5(let hasher): Hexadecimal.encode(Array(hasher.finalize()))
        case .sha1(let hasher): Hexadecimal.encode(Array(hasher.finalize()))
        }
    }
}

/// The text form of a C4 ID: `c4` and 88 digits in base 58, the highest first.
private enum C4Text {
    private static let digits = Array(
        "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz".utf8)
    private static let length = 88

    static func encode(_ bytes: [UInt8]) -> String {
        var number = bytes
        var text: [UInt8] = []
        for _ in 0..<length {
            // Long division of the whole number by 58.
            var rest = 0
            for index in number.indices {
                let value = rest << 8 | Int(number[index])
                number[index] = UInt8(value / 58)
                rest = value % 58
            }
            text.append(digits[rest])
        }
        return "c4" + String(decoding: text.reversed(), as: UTF8.self)
    }
}

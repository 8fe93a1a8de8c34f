/// Something on the sender's disk that does not travel, and why.
public struct ScanWarning: Error, Equatable, Sendable {
    /// Why it was left out.
    public enum Reason: Equatable, Sendable {
        /// A FIFO, a socket or a device.
        case special
        /// A symbolic link, where links are not sent.
        case symbolicLink
        /// The name is not UTF-8.
        case notUTF8
        /// The name holds control characters, or separators of lines or paragraphs.
        case controlCharacters
        /// `.sealift`, this program's own folder, or what some file systems take for it.
        case privateFolder
        /// A component above 255 bytes, or a path above 4,096 bytes.
        case nameTooLong
        /// More than 256 directories deep.
        case tooDeep
        /// The file is larger than 2^56 bytes.
        case tooLarge
        /// The system refused to look at it, or it vanished meanwhile.
        case unreadable(SystemError)
    }

    /// The path at which it would have been listed.
    public let path: [UInt8]
    /// Why it was left out.
    public let reason: Reason

    /// Makes a warning.
    public init(path: [UInt8], reason: Reason) {
        self.path = path
        self.reason = reason
    }
}

/// The rules that a name on the sender's disk meets before it is listed (PROTOCOL §8.2).
enum ListableName {
    static let maximumComponent = 255
    static let maximumPath = 4_096
    static let maximumDepth = 256
    static let maximumFileSize: UInt64 = 1 << 56
    static let privateFolder = Array(".sealift".utf8)

    /// Why `name`, as the last component of a path of `pathLength` bytes, cannot be listed; nil
    /// where it can.
    static func objection(to name: [UInt8], pathLength: Int) -> ScanWarning.Reason? {
        if isPrivateFolder(name) { return .privateFolder }
        if name.count > maximumComponent || pathLength > maximumPath { return .nameTooLong }
        if name.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return nil }
        var decoder = UTF8()
        var bytes = name.makeIterator()
        while true {
            switch decoder.decode(&bytes) {
            case .scalarValue(let scalar): if isForbidden(scalar) { return .controlCharacters }
            case .error: return .notUTF8
            case .emptyInput: return nil
            }
        }
    }

    /// ASCII case, and dots and spaces at the end, make no other name on some file systems.
    private static func isPrivateFolder(_ name: [UInt8]) -> Bool {
        let rest = name.dropFirst(privateFolder.count)
        return rest.allSatisfy { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: " ") }
            && name.prefix(privateFolder.count).elementsEqual(privateFolder) { byte, expected in
                let isUpperCase = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")
                return (isUpperCase ? byte | 0x20 : byte) == expected
            }
    }

    /// U+0000–U+001F, U+007F, U+0080–U+009F, U+2028 and U+2029.
    private static func isForbidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0...0x1F, 0x7F...0x9F, 0x2028, 0x2029: true
        default: false
        }
    }
}

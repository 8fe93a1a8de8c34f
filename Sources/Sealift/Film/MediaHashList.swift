import SealiftBase
import SealiftCrypto
import SealiftPeople

/// The text of an ASC Media Hash List, version 2.0 (`urn:ASC:MHL:v2.0`), part by part: opening, one file
/// after another, ending.
struct MediaHashList {
    /// What stands above the files.
    struct Heading {
        /// When the list is made: ISO 8601 in UTC.
        var created: String
        /// This machine's name.
        var host: String
        /// sealift's version.
        var version: String
        /// Whether the files came here by this transfer, or were sent from here.
        var isReceived: Bool
        /// What the receipt says.
        var comment: String
    }

    /// A file of the list.
    struct File {
        /// Beneath the folder, components joined by `/`.
        var path: String
        /// In bytes.
        var size: UInt64
        /// When it was last changed: ISO 8601 in UTC.
        var modified: String
        /// The hash, as film tools write it.
        var hash: String
        /// When it was computed: ISO 8601 in UTC.
        var hashed: String
    }

    let algorithm: MediaHashAlgorithm

    func opening(_ heading: Heading) -> String {
        """
        <?xml version="1.0" encoding="UTF-8"?>
        <hashlist version="2.0" xmlns="urn:ASC:MHL:v2.0">
          <creatorinfo>
            <creationdate>\(Self.escape(heading.created))</creationdate>
            <hostname>\(Self.escape(heading.host))</hostname>
            <tool version="\(Self.escape(heading.version))">sealift</tool>
            <comment>\(Self.escape(heading.comment))</comment>
          </creatorinfo>
          <processinfo>
            <process>\(heading.isReceived ? "transfer" : "in-place")</process>
            <ignore>
              <pattern>ascmhl</pattern>
              <pattern>ascmhl/</pattern>
            </ignore>
          </processinfo>
          <hashes>

        """
    }

    func entry(_ file: File) -> String {
        let name = algorithm.rawValue
        return """
                <hash>
                  <path size="\(file.size)" lastmodificationdate="\(Self.escape(file.modified))">\
            \(Self.escape(file.path))</path>
                  <\(name) action="original" hashdate="\(Self.escape(file.hashed))">\
            \(file.hash)</\(name)>
                </hash>

            """
    }

    var ending: String {
        """
          </hashes>
        </hashlist>

        """
    }

    /// A path as XML 1.0 can hold it; nil where it cannot: bytes that are no UTF-8, and characters that no
    /// XML document may have.
    static func path(_ bytes: [UInt8]) -> String? {
        guard let text = String(validating: bytes, as: UTF8.self),
            text.unicodeScalars.allSatisfy(isAllowed)
        else { return nil }
        return text
    }

    /// XML 1.0 §2.2, without tabs and line ends, which no name of sealift's has.
    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x20...0xD7FF, 0xE000...0xFFFD, 0x10000...0x10FFFF: true
        default: false
        }
    }

    private static func escape(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            default:
                // Everything shown here is text of ours or went through ``path(_:)``.
                escaped.unicodeScalars.append(isAllowed(scalar) ? scalar : "\u{FFFD}")
            }
        }
        return escaped
    }
}

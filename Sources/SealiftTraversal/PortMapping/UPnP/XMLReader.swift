/// Reads the little XML that gateways write: elements and their text, in order.
///
/// Everything that XML has beyond that is passed over or refused: a document type, and with it entities
/// of its own, is refused (billion laughs, external files); attributes, comments and instructions are
/// passed over. It holds no more than the bytes it was given, and no tree.
struct XMLReader {
    /// Why a document is not read on.
    enum Malformation: Error, Equatable {
        /// Tags do not nest, or do not end.
        case unbalanced
        /// Deeper than any description.
        case tooDeep
        /// A document type.
        case hasDocumentType
    }

    /// What comes next.
    enum Token: Equatable {
        /// An element begins; its name without a prefix.
        case begin(String)
        /// Text within the innermost element, entities replaced, never only blanks.
        case text(String)
        /// The innermost element ends.
        case end
    }

    private static let maximumDepth = 32

    private let bytes: [UInt8]
    private var position = 0
    private var open: [String] = []
    /// An element that was written as `<name/>` ends next.
    private var isEmptyElement = false

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The names of the elements that are open, outermost first.
    var path: [String] { open }

    /// The next token; nil at the end.
    mutating func next() throws(Malformation) -> Token? {
        if isEmptyElement {
            isEmptyElement = false
            return .end
        }
        while position < bytes.count {
            guard bytes[position] == UInt8(ascii: "<") else {
                if let text = readText() { return .text(text) }
                continue
            }
            if starts(with: "<!--") {
                try skip(past: "-->")
            } else if starts(with: "<![CDATA[") {
                let start = position + 9
                try skip(past: "]]>")
                if start < position - 3 {
                    return .text(String(decoding: bytes[start..<(position - 3)], as: UTF8.self))
                }
            } else if starts(with: "<!") {
                throw .hasDocumentType
            } else if starts(with: "<?") {
                try skip(past: "?>")
            } else {
                return try readTag()
            }
        }
        guard open.isEmpty else { throw .unbalanced }
        return nil
    }

    private mutating func readTag() throws(Malformation) -> Token {
        let start = position + 1
        try skip(past: ">")
        let isEnd = start < position - 1 && bytes[start] == UInt8(ascii: "/")
        let content = bytes[(isEnd ? start + 1 : start)..<(position - 1)]
        let name = Self.localName(content)
        guard !name.isEmpty else { throw .unbalanced }
        if isEnd {
            guard open.popLast() == name else { throw .unbalanced }
            return .end
        }
        guard open.count < Self.maximumDepth else { throw .tooDeep }
        if content.last == UInt8(ascii: "/") {
            isEmptyElement = true
        } else {
            open.append(name)
        }
        return .begin(name)
    }

    private static func localName(_ tag: ArraySlice<UInt8>) -> String {
        let ends: Set<UInt8> = [0x20, 0x09, 0x0D, 0x0A, UInt8(ascii: "/")]
        let name = tag.prefix { !ends.contains($0) }
        let local = name.lastIndex(of: UInt8(ascii: ":")).map { name[($0 + 1)...] } ?? name
        return String(decoding: local.prefix(128), as: UTF8.self)
    }

    private mutating func readText() -> String? {
        let end = bytes[position...].firstIndex(of: UInt8(ascii: "<")) ?? bytes.count
        defer { position = end }
        let text = String(decoding: bytes[position..<end], as: UTF8.self).trimmingBlanks
        return text.isEmpty ? nil : Self.replacingEntities(in: text)
    }

    private static func replacingEntities(in text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "&")) else { return text }
        var result = ""
        var rest = Substring(text)
        while let ampersand = rest.firstIndex(of: "&") {
            result += rest[..<ampersand]
            let tail = rest[rest.index(after: ampersand)...]
            guard let end = tail.prefix(10).firstIndex(of: ";") else {
                result += "&"
                rest = tail
                continue
            }
            result += entity(tail[..<end])
            rest = tail[tail.index(after: end)...]
        }
        return result + rest
    }

    /// The five of XML; anything else stands for nothing.
    private static func entity(_ name: Substring) -> String {
        switch name {
        case "amp": "&"
        case "lt": "<"
        case "gt": ">"
        case "quot": "\""
        case "apos": "'"
        default: ""
        }
    }

    private func starts(with text: StaticString) -> Bool {
        text.withUTF8Buffer { bytes[position...].starts(with: $0) }
    }

    /// Moves behind the next `text`.
    private mutating func skip(past text: StaticString) throws(Malformation) {
        let found = text.withUTF8Buffer { wanted -> Int? in
            var index = position
            while let first = bytes[index...].firstIndex(of: wanted[0]) {
                if bytes[first...].starts(with: wanted) { return first + wanted.count }
                index = first + 1
            }
            return nil
        }
        guard let found else { throw .unbalanced }
        position = found
    }
}

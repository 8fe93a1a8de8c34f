/// A request to a gateway, whole as it goes over a TCP connection of its own (RFC 9112).
public struct HTTPRequest: Equatable, Sendable {
    /// Where to connect.
    public let server: TransportAddress
    /// The bytes to send.
    public let bytes: [UInt8]

    /// Asks for a document.
    init(get location: HTTPLocation) {
        self.init("GET", location, headers: [], body: "")
    }

    /// Calls an action of a service (UPnP Device Architecture 1.1 §3.2.1).
    init(call action: String, of service: String, at location: HTTPLocation, body: String) {
        self.init(
            "POST", location,
            headers: [
                "Content-Type: text/xml; charset=\"utf-8\"",
                "SOAPAction: \"\(service)#\(action)\"",
                "Content-Length: \(body.utf8.count)",
            ], body: body)
    }

    private init(_ method: String, _ location: HTTPLocation, headers: [String], body: String) {
        let host = location.server.dottedQuad ?? ""
        let lines =
            [
                "\(method) \(location.path) HTTP/1.1", "Host: \(host):\(location.server.port)",
                "Connection: close",
            ] + headers
        server = location.server
        bytes = Array((lines.joined(separator: "\r\n") + "\r\n\r\n" + body).utf8)
    }
}

/// What a gateway answered.
public struct HTTPResponse: Equatable, Sendable {
    /// The largest answer that is read: descriptions have 5 to 20 KB.
    public static let maximumByteCount = 131_072
    private static let maximumHeadByteCount = 8_192

    /// Whether bytes are an answer.
    public enum Reading: Equatable, Sendable {
        /// So far; more must come.
        case incomplete
        /// Whole.
        case whole(HTTPResponse)
        /// No answer, or a larger one than is read.
        case malformed
    }

    /// The status, 100 to 599.
    public let status: Int
    /// The document, with the chunks of a chunked one joined.
    public let body: [UInt8]

    /// Reads what has come.
    /// - Parameter isClosed: whether nothing more will come.
    public static func read(_ bytes: [UInt8], isClosed: Bool) -> Reading {
        guard bytes.count <= maximumByteCount else { return .malformed }
        guard let end = HTTPHead.end(of: bytes) else {
            return isClosed || bytes.count > maximumHeadByteCount ? .malformed : .incomplete
        }
        guard let head = HTTPHead(bytes[..<end]), let status = head.status else {
            return .malformed
        }
        let rest = bytes[end...]
        if head["transfer-encoding"]?.lowercased() == "chunked" {
            return read(chunks: rest, status: status, isClosed: isClosed)
        }
        if let text = head["content-length"] {
            guard let count = Int(decimal: Array(text.utf8)), count <= maximumByteCount else {
                return .malformed
            }
            guard rest.count >= count else { return isClosed ? .malformed : .incomplete }
            return .whole(HTTPResponse(status: status, body: Array(rest.prefix(count))))
        }
        return isClosed ? .whole(HTTPResponse(status: status, body: Array(rest))) : .incomplete
    }

    /// RFC 9112 §7.1, without trailers.
    private static func read(
        chunks: ArraySlice<UInt8>, status: Int, isClosed: Bool
    ) -> Reading {
        var (rest, body) = (chunks, [UInt8]())
        let unfinished: Reading = isClosed ? .malformed : .incomplete
        while true {
            guard let line = rest.firstIndex(of: UInt8(ascii: "\n")) else {
                return rest.count > 64 ? .malformed : unfinished
            }
            let digits = rest[..<line].prefix { ![0x0D, 0x3B, 0x20].contains($0) }
            guard (1...5).contains(digits.count),
                let count = Int(String(decoding: digits, as: UTF8.self), radix: 16), count >= 0
            else { return .malformed }
            rest = rest[(line + 1)...]
            if count == 0 { return .whole(HTTPResponse(status: status, body: body)) }
            guard rest.count >= count + 2 else { return unfinished }
            body += rest.prefix(count)
            rest = rest.dropFirst(count)
            guard rest.starts(with: [0x0D, 0x0A]) else { return .malformed }
            rest = rest.dropFirst(2)
        }
    }
}

/// The first line and the header fields of an HTTP message, over TCP or in a datagram.
struct HTTPHead {
    private static let maximumFieldCount = 64

    /// The first line.
    let firstLine: String
    private let fields: [String: String]

    /// Where the head ends, behind its empty line; nil where it is not all there.
    static func end(of bytes: [UInt8]) -> Int? {
        var isLineEmpty = false
        for (index, byte) in bytes.enumerated() {
            if byte == UInt8(ascii: "\n") {
                if isLineEmpty { return index + 1 }
                isLineEmpty = true
            } else if byte != UInt8(ascii: "\r") {
                isLineEmpty = false
            }
        }
        return nil
    }

    /// Reads the head; nil where it is none. Of a field that comes twice the first counts.
    init?(_ bytes: ArraySlice<UInt8>) {
        var lines = bytes.split(separator: UInt8(ascii: "\n")).map { line in
            String(
                decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line, as: UTF8.self)
        }
        guard !lines.isEmpty, lines.count <= Self.maximumFieldCount else { return nil }
        firstLine = lines.removeFirst()
        var fields: [String: String] = [:]
        for line in lines {
            guard let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")) else { continue }
            let name = line[..<colon].lowercased()
            let value = line[line.utf8.index(after: colon)...].trimmingBlanks
            if fields[name] == nil { fields[name] = value }
        }
        self.fields = fields
    }

    /// A field by its name in lower case.
    subscript(name: String) -> String? { fields[name] }

    /// The status of a response; nil where the first line is none of a response.
    var status: Int? {
        let parts = firstLine.utf8.split(separator: UInt8(ascii: " "), maxSplits: 2)
        guard parts.count >= 2, parts[0].starts(with: "HTTP/1.".utf8), parts[1].count == 3,
            let status = Int(decimal: parts[1]), (100...599).contains(status)
        else { return nil }
        return status
    }
}

extension StringProtocol {
    /// The text without spaces, tabs and line ends around it.
    var trimmingBlanks: String {
        let blanks: Set<UInt8> = [0x20, 0x09, 0x0D, 0x0A]
        let bytes = Array(utf8)
        guard let first = bytes.firstIndex(where: { !blanks.contains($0) }),
            let last = bytes.lastIndex(where: { !blanks.contains($0) })
        else { return "" }
        return String(decoding: bytes[first...last], as: UTF8.self)
    }
}

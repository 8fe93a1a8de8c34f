/// An `http` address at a numeric IPv4 host: what a gateway's documents are found at.
///
/// Names are not looked up, and every location that a gateway names must lie at the gateway: it could
/// otherwise send our requests to any service of the network (the attack of UPnP CVE-2020-12695, turned
/// round).
struct HTTPLocation: Equatable {
    private static let maximumByteCount = 1_024

    let server: TransportAddress
    /// Begins with a slash; printable ASCII without spaces.
    let path: String

    /// Reads `http://1.2.3.4[:port][/path]`; nil for anything else.
    init?(_ text: String) {
        let scheme = "http://"
        guard text.utf8.count <= Self.maximumByteCount,
            text.prefix(scheme.count).lowercased() == scheme
        else { return nil }
        let rest = text.dropFirst(scheme.count)
        let authority = rest.prefix { $0 != "/" }
        let parts = authority.split(
            separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let port = parts.count == 2 ? UInt16(decimal: Array(parts[1].utf8)) : 80
        guard let port, port > 0, let host = parts.first,
            let server = TransportAddress(dottedQuad: host, port: port)
        else { return nil }
        let path = rest.dropFirst(authority.count)
        self.init(server: server, path: path.isEmpty ? "/" : String(path))
    }

    private init?(server: TransportAddress, path: String) {
        guard path.utf8.count <= Self.maximumByteCount,
            path.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return nil }
        self.server = server
        self.path = path
    }

    /// The location that `reference` means in a document from here (RFC 3986 §5, as far as devices use
    /// it): a whole one, an absolute path, or a name beside the document. Nil where it leads to another
    /// host.
    func resolving(_ reference: String) -> HTTPLocation? {
        if reference.lowercased().hasPrefix("http:") {
            let found = HTTPLocation(reference)
            return found?.server.with(port: 0) == server.with(port: 0) ? found : nil
        }
        if reference.hasPrefix("/") { return HTTPLocation(server: server, path: reference) }
        let folder = path.prefix(
            upTo: path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex)
        return HTTPLocation(server: server, path: folder + reference)
    }
}

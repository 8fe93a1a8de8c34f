/// The search for a gateway that maps ports (SSDP, UPnP Device Architecture 1.1 §1.3).
enum DiscoverySearch {
    private static let maximumByteCount = 2_048
    private static let types = [
        "urn:schemas-upnp-org:device:InternetGatewayDevice:2",
        "urn:schemas-upnp-org:device:InternetGatewayDevice:1",
    ]

    /// The questions, one datagram each.
    static var requests: [[UInt8]] {
        types.map { type in
            Array(
                ("M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n"
                    + "MAN: \"ssdp:discover\"\r\nMX: 1\r\nST: \(type)\r\n\r\n").utf8)
        }
    }

    /// Where the gateway's description is, as a datagram from `gateway` says; nil where it is no answer,
    /// or names a place elsewhere.
    static func location(
        in datagram: UnsafeRawBufferPointer, from gateway: TransportAddress
    ) -> HTTPLocation? {
        guard datagram.count <= maximumByteCount, let head = HTTPHead(Array(datagram)[...]),
            head.status == 200, let location = head["location"].flatMap(HTTPLocation.init),
            location.server.with(port: 0) == gateway.with(port: 0),
            head["st"]?.hasPrefix("urn:schemas-upnp-org:") ?? true
        else { return nil }
        return location
    }
}

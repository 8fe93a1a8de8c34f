import SealiftBase
import Testing

@testable import SealiftTraversal

@Suite("A port mapped by UPnP")
struct UPnPMappingTests {
    private let client = address([192, 168, 1, 9], 40_000)
    private let gateway = address([192, 168, 1, 1], 0)

    private func mapping() throws -> UPnPMapping {
        try #require(UPnPMapping(client: client, gateway: gateway, seed: 1, now: .zero))
    }

    /// A mapping whose gateway was found and described.
    private func described(version: Int = 1) throws -> UPnPMapping {
        var mapping = try mapping()
        let searches = mapping.pollSearch(now: .zero)
        #expect(searches.count == 2)
        mapping.hear(UPnPSample.found("http://192.168.1.1:5000/root.xml"), from: gateway)
        let request = try mapping.next()
        #expect(request.server == gateway.with(port: 5_000))
        #expect(
            UPnPSample.text(request).hasPrefix(
                "GET /root.xml HTTP/1.1\r\nHost: 192.168.1.1:5000\r\n"))
        mapping.receive(UPnPSample.description(version: version), now: .zero)
        return mapping
    }

    /// The same, with its outer address known and the first mapping asked for.
    private func asking(version: Int = 1) throws -> (UPnPMapping, HTTPRequest) {
        var mapping = try described(version: version)
        let request = try mapping.next()
        #expect(UPnPSample.text(request).contains("#GetExternalIPAddress\""))
        mapping.receive(
            UPnPSample.answer("<NewExternalIPAddress>198.51.100.7</NewExternalIPAddress>"),
            now: .zero)
        let next = try mapping.next()
        return (mapping, next)
    }

    @Test("is found, described, made, renewed and taken back")
    func whole() throws {
        var (mapping, request) = try asking()
        let text = UPnPSample.text(request)
        #expect(text.hasPrefix("POST /ctl/IPConn HTTP/1.1\r\n"))
        for part in [
            "SOAPAction: \"urn:schemas-upnp-org:service:WANIPConnection:1#AddPortMapping\"",
            "<NewExternalPort>40000</NewExternalPort>", "<NewProtocol>UDP</NewProtocol>",
            "<NewInternalClient>192.168.1.9</NewInternalClient>",
            "<NewLeaseDuration>1800</NewLeaseDuration>",
        ] {
            #expect(text.contains(part), "\(part)")
        }
        mapping.receive(UPnPSample.answer(""), now: .zero)
        let granted = try #require(mapping.granted)
        #expect(granted.external == address([198, 51, 100, 7], 40_000) && granted.method == .upnp)
        #expect(mapping.nextTimeout == .zero + .seconds(900))
        let early = mapping.pollRequest(now: .zero + .seconds(899))
        let due = mapping.pollRequest(now: .zero + .seconds(900))
        #expect(early == nil && due == request)
        mapping.receive(UPnPSample.answer(""), now: .zero + .seconds(900))
        mapping.takeBack()
        let end = try mapping.next()
        #expect(UPnPSample.text(end).contains("#DeletePortMapping\""))
        mapping.receive(UPnPSample.answer(""), now: .zero)
        #expect(mapping.state == .released)
    }

    @Test("takes the port that a gateway of version 2 chooses")
    func anyPort() throws {
        var (mapping, request) = try asking(version: 2)
        #expect(UPnPSample.text(request).contains("WANIPConnection:2#AddAnyPortMapping\""))
        mapping.receive(UPnPSample.answer("<NewReservedPort>41234</NewReservedPort>"), now: .zero)
        #expect(mapping.granted?.external.port == 41_234)
    }

    @Test(
        "tries another port where somebody has it, a few times, and a lease without end where it must"
    )
    func errors() throws {
        var (mapping, _) = try asking()
        mapping.receive(UPnPSample.error(725), now: .zero)
        let lasting = try mapping.next()
        #expect(UPnPSample.text(lasting).contains("<NewLeaseDuration>0</NewLeaseDuration>"))
        var tries = 0
        mapping.receive(UPnPSample.error(718), now: .zero)
        while let request = mapping.pollRequest(now: .zero) {
            #expect(!UPnPSample.text(request).contains("<NewExternalPort>40000<"))
            mapping.receive(UPnPSample.error(718), now: .zero)
            tries += 1
        }
        #expect(tries == UPnPMapping.portAttempts && mapping.state == .failed)
    }

    @Test("fails where nobody answers the search")
    func silence() throws {
        var mapping = try mapping()
        var sent = 0
        while let due = mapping.nextTimeout { sent += mapping.pollSearch(now: due).count }
        #expect(sent == 6 && mapping.state == .failed)
    }

    @Test("listens to the gateway only, and follows no location to anywhere else")
    func elsewhere() throws {
        var mapping = try mapping()
        _ = mapping.pollSearch(now: .zero)
        mapping.hear(
            UPnPSample.found("http://192.168.1.1:5000/root.xml"),
            from: address([192, 168, 1, 77], 1_900))
        for place in [
            "http://192.168.1.77:5000/root.xml", "http://127.0.0.1:6379/", "http://evil.example/",
            "http://192.168.1.1.evil.example/", "http://192.168.1.1@10.0.0.1/",
            "https://192.168.1.1/", "http://0300.0250.1.1/", "http://192.168.1.1:0/",
            "http://192.168.1.1:99999/", "http://192.168.1.1/a b", "http://192.168.1.1/\u{1}",
            "http://192.168.001.1/", "http://[::1]/", "",
        ] {
            mapping.hear(UPnPSample.found(place), from: gateway)
            let request = mapping.pollRequest(now: .zero)
            #expect(request == nil, "\(place)")
        }
    }

    @Test("calls no action at another host, whatever the description says")
    func controlElsewhere() throws {
        for control in ["http://10.0.0.5/ctl", "http://127.0.0.1:22/", "HTTP://169.254.169.254/x"] {
            var mapping = try mapping()
            _ = mapping.pollSearch(now: .zero)
            mapping.hear(UPnPSample.found("http://192.168.1.1:5000/root.xml"), from: gateway)
            _ = mapping.pollRequest(now: .zero)
            mapping.receive(UPnPSample.description(version: 1, control: control), now: .zero)
            let request = mapping.pollRequest(now: .zero)
            #expect(request == nil && mapping.state == .failed)
        }
        // A base elsewhere does not count.
        let location = try #require(HTTPLocation("http://192.168.1.1:5000/a/root.xml"))
        let document = UPnPSample.description(
            version: 1, control: "ctl", base: "http://10.0.0.5/"
        ).body
        let found = try #require(DeviceDescription(document, from: location))
        #expect(found.service.control == HTTPLocation("http://192.168.1.1:5000/a/ctl"))
    }

    @Test("reads no document type, no endless nesting, no lie about lengths")
    func hostileDocuments() throws {
        let location = try #require(HTTPLocation("http://192.168.1.1:5000/root.xml"))
        let bomb =
            "<!DOCTYPE a [<!ENTITY b \"\(String(repeating: "x", count: 99))\">]><root>&b;</root>"
        for document in [
            bomb, String(repeating: "<a>", count: 1_000), "<a><b></a></b>", "<a", "<>", "</a>",
            "<a><![CDATA[x", "<!--", "&&&&;;;", "",
        ] {
            #expect(DeviceDescription(Array(document.utf8), from: location) == nil, "\(document)")
        }
        let crlf = "\r\n"
        for (text, isClosed) in [
            ("HTTP/1.1 200 OK" + crlf + "Content-Length: 99999999999" + crlf + crlf, false),
            ("HTTP/1.1 200 OK" + crlf + "Content-Length: -1" + crlf + crlf, false),
            ("HTTP/1.1 2000 OK" + crlf + crlf, true), ("SSH-2.0-x" + crlf + crlf, true),
            (
                "HTTP/1.1 200 OK" + crlf + "Transfer-Encoding: chunked" + crlf + crlf + "FFFFFF"
                    + crlf, false
            ),
            ("HTTP/1.1 200 OK" + crlf + "Content-Length: 5" + crlf + crlf + "abc", true),
            (String(repeating: "x", count: 9_000), false),
        ] {
            #expect(
                HTTPResponse.read(Array(text.utf8), isClosed: isClosed) == .malformed, "\(text)")
        }
        let huge = [UInt8](repeating: 0x41, count: HTTPResponse.maximumByteCount + 1)
        #expect(HTTPResponse.read(huge, isClosed: false) == .malformed)
    }

    @Test("reads answers with a length, in chunks, and until the end")
    func forms() {
        let head = "HTTP/1.1 200 OK\r\n"
        let expected = HTTPResponse.Reading.whole(
            HTTPResponse(status: 200, body: Array("abcde".utf8)))
        for text in [
            head + "content-length: 5\r\n\r\nabcde",
            head + "Transfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n",
            head + "\r\nabcde",
        ] {
            let bytes = Array(text.utf8)
            #expect(HTTPResponse.read(bytes, isClosed: true) == expected, "\(text)")
            for length in 0..<bytes.count - 8 {
                #expect(
                    HTTPResponse.read(Array(bytes.prefix(length)), isClosed: false) == .incomplete)
            }
        }
    }
}

extension UPnPMapping {
    fileprivate mutating func hear(_ text: String, from source: TransportAddress) {
        Array(text.utf8).withUnsafeBytes { receive($0, from: source) }
    }

    /// The request that is due.
    fileprivate mutating func next() throws -> HTTPRequest {
        let request = pollRequest(now: .zero)
        return try #require(request)
    }

    fileprivate var granted: PortMapping? {
        if case .mapped(let mapping) = state { mapping } else { nil }
    }
}

/// What a gateway says.
private enum UPnPSample {
    static func found(_ location: String) -> String {
        "HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=120\r\nLOCATION: \(location)\r\n"
            + "ST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\n\r\n"
    }

    static func description(
        version: Int, control: String = "/ctl/IPConn", base: String? = nil
    ) -> HTTPResponse {
        let text = """
            <?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0">
            \(base.map { "<URLBase>\($0)</URLBase>" } ?? "")<device><deviceType>x</deviceType>
            <serviceList><service><serviceType>urn:schemas-upnp-org:service:Layer3Forwarding:1
            </serviceType><controlURL>/ctl/L3F</controlURL></service></serviceList>
            <deviceList><device><!-- here --><serviceList><service>
            <serviceType>urn:schemas-upnp-org:service:WANIPConnection:\(version)</serviceType>
            <serviceId>urn:upnp-org:serviceId:WANIPConn1</serviceId><SCPDURL/>
            <controlURL>\(control)</controlURL></service></serviceList></device></deviceList>
            </device></root>
            """
        return HTTPResponse(status: 200, body: Array(text.utf8))
    }

    static func answer(_ values: String) -> HTTPResponse {
        HTTPResponse(
            status: 200,
            body: Array(
                ("<s:Envelope xmlns:s=\"x\"><s:Body><u:R>\(values)</u:R></s:Body></s:Envelope>")
                    .utf8))
    }

    static func error(_ code: Int) -> HTTPResponse {
        HTTPResponse(
            status: 500,
            body: Array(
                ("<s:Envelope><s:Body><s:Fault><detail><UPnPError><errorCode>\(code)</errorCode>"
                    + "</UPnPError></detail></s:Fault></s:Body></s:Envelope>").utf8))
    }

    static func text(_ request: HTTPRequest) -> String {
        String(decoding: request.bytes, as: UTF8.self)
    }
}

import SealiftBase
import SealiftTraversal

extension FuzzTarget {
    private static let client = TransportAddress(bytes: [192, 168, 1, 9], port: 40_000)
    private static let router = TransportAddress(bytes: [192, 168, 1, 1], port: 0)

    /// What a router answers to PCP and NAT-PMP, in any order and at any time: whatever it says, we send
    /// it few datagrams, and stop in the end.
    static let gateway = FuzzTarget(
        "gateway", maximumLength: 2_048,
        seeds: {
            let nonce = [UInt8](repeating: 7, count: 12)
            let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]
            let grant: [UInt8] =
                [2, 0x81, 0, 0, 0, 0, 2, 0x58, 0, 0, 0, 9] + [UInt8](repeating: 0, count: 12)
                + nonce + [17, 0, 0, 0, 0x9C, 0x40, 0x9C, 0x41] + mapped + [198, 51, 100, 7]
            let announcement: [UInt8] =
                [2, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] + [UInt8](repeating: 0, count: 12)
            func steps(_ datagrams: [[UInt8]]) -> [UInt8] {
                seed {
                    for datagram in datagrams {
                        $0.write(UInt8(1))
                        $0.writeRun(datagram)
                    }
                }
            }
            return [
                steps([grant, announcement, grant]),
                steps([
                    [0, 0x81, 0, 1, 0, 0, 0, 9], [0, 128, 0, 0, 0, 0, 0, 9, 198, 51, 100, 7],
                    [0, 129, 0, 0, 0, 0, 0, 9, 0x9C, 0x40, 0x9C, 0x41, 0, 0, 2, 0x58],
                ]),
                steps([[2, 0x81, 0, 2] + [UInt8](repeating: 0, count: 56)]),
            ]
        }
    ) { input throws(BrokenRule) in
        guard let client,
            var mapping = GatewayMapping(
                client: client, entropy: [UInt8](repeating: 7, count: 12), now: .zero)
        else { return }
        var now = Instant.zero
        var sent = 0
        var steps = 0
        while !input.isAtEnd, steps < 64 {
            steps += 1
            // Up to a quarter of an hour passes between two answers.
            if let due = mapping.nextTimeout, due <= now + .seconds(900) { now = max(now, due) }
            sent += mapping.pollTransmit(now: now).count
            now += .seconds(input.choice(4))
            let datagram = input.run(atMost: 1_500)
            datagram.withUnsafeBytes { mapping.receive($0, now: now) }
            if case .mapped(let granted) = mapping.state {
                try demand(
                    granted.lifetime >= .seconds(120) && granted.lifetime <= .seconds(86_400),
                    "a lifetime that makes us ask all the time")
            }
        }
        try demand(sent <= 4 * (steps + 1), "an answer led to more than a few datagrams")
        mapping.takeBack(now: now)
        var left = 0
        while let due = mapping.nextTimeout {
            _ = mapping.pollTransmit(now: due)
            left += 1
            try demand(left < 16, "the end never comes")
        }
    }

    /// What a router answers to the search, and over TCP: descriptions, values, errors.
    static let deviceDocuments = FuzzTarget(
        "device-documents", maximumLength: 8_192,
        seeds: {
            let found =
                "HTTP/1.1 200 OK\r\nLOCATION: http://192.168.1.1:5000/root.xml\r\n"
                + "ST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\n\r\n"
            let description =
                "<?xml version=\"1.0\"?><root><device><serviceList><service><serviceType>"
                + "urn:schemas-upnp-org:service:WANIPConnection:1</serviceType><controlURL>/c"
                + "</controlURL></service></serviceList></device></root>"
            func answer(_ body: String) -> String {
                "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n" + body
            }
            func steps(_ parts: [String]) -> [UInt8] {
                seed { for part in parts { $0.writeRun(part.utf8) } }
            }
            return [
                steps([
                    found, answer(description),
                    answer("<a><NewExternalIPAddress>198.51.100.7</NewExternalIPAddress></a>"),
                    answer("<a/>"), answer("<a/>"),
                ]),
                steps([
                    found,
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n<a>\r\n0\r\n\r\n",
                    "HTTP/1.1 500 X\r\n\r\n<a><errorCode>725</errorCode></a>",
                ]),
                steps([found, answer("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>")]),
            ]
        }
    ) { input throws(BrokenRule) in
        guard let client, let router,
            var mapping = UPnPMapping(client: client, gateway: router, seed: 1, now: .zero)
        else { return }
        _ = mapping.pollSearch(now: .zero)
        input.run(atMost: 2_048).withUnsafeBytes { mapping.receive($0, from: router) }
        var requests = 0
        while let request = mapping.pollRequest(now: .zero) {
            requests += 1
            try demand(requests < 16, "a router keeps us asking")
            try demand(request.server.bytes == router.bytes, "a request to another host")
            try demand(request.bytes.count < 4_096, "a request that grows")
            let text = String(decoding: request.bytes, as: UTF8.self)
            let head = text.components(before: "\r\n\r\n")
            try demand(
                head.utf8.allSatisfy { (0x20...0x7E).contains($0) || $0 == 0x0D || $0 == 0x0A },
                "a header that the router wrote")
            switch HTTPResponse.read(input.run(), isClosed: true) {
            case .whole(let response): mapping.receive(response, now: .zero)
            case .incomplete: throw BrokenRule(description: "an answer that is over is incomplete")
            case .malformed: mapping.receive(nil, now: .zero)
            }
        }
        mapping.takeBack()
        if mapping.pollRequest(now: .zero) != nil { mapping.receive(nil, now: .zero) }
        try demand(
            mapping.state == .released || mapping.state == .failed, "a mapping that cannot end")
    }
}

extension String {
    /// What stands before the first `separator`; everything where there is none.
    fileprivate func components(before separator: String) -> Substring {
        var rest = self[...]
        while !rest.isEmpty {
            if rest.hasPrefix(separator) { return self[..<rest.startIndex] }
            rest = rest.dropFirst()
        }
        return self[...]
    }
}

/// The actions of a gateway's service that sealift calls (UPnP WANIPConnection:1 §2.4, :2 §2.5).
struct ServiceAction {
    let name: String
    /// Names and values, in the order that the service states.
    let arguments: [(String, String)]

    static let externalAddress = ServiceAction(name: "GetExternalIPAddress", arguments: [])

    /// Maps a UDP port at the gateway to one of ours.
    static func map(
        external: UInt16, to client: TransportAddress, seconds: UInt32, gatewayChooses: Bool
    ) -> ServiceAction {
        ServiceAction(
            name: gatewayChooses ? "AddAnyPortMapping" : "AddPortMapping",
            arguments: [
                ("NewRemoteHost", ""), ("NewExternalPort", "\(external)"), ("NewProtocol", "UDP"),
                ("NewInternalPort", "\(client.port)"),
                ("NewInternalClient", client.dottedQuad ?? ""), ("NewEnabled", "1"),
                ("NewPortMappingDescription", "sealift"), ("NewLeaseDuration", "\(seconds)"),
            ])
    }

    /// Ends a mapping.
    static func unmap(external: UInt16) -> ServiceAction {
        ServiceAction(
            name: "DeletePortMapping",
            arguments: [
                ("NewRemoteHost", ""), ("NewExternalPort", "\(external)"), ("NewProtocol", "UDP"),
            ])
    }

    /// The call of the action. Arguments are our own numbers and words: nothing in them needs escaping.
    func request(to service: DeviceDescription.Service) -> HTTPRequest {
        let values = arguments.map { "<\($0.0)>\($0.1)</\($0.0)>" }.joined()
        let body =
            "<?xml version=\"1.0\"?>\r\n<s:Envelope "
            + "xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" "
            + "s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"><s:Body>"
            + "<u:\(name) xmlns:u=\"\(service.type)\">\(values)</u:\(name)></s:Body></s:Envelope>\r\n"
        return HTTPRequest(call: name, of: service.type, at: service.control, body: body)
    }
}

/// What a service answered to an action.
enum ServiceAnswer: Equatable {
    /// It was done; the values that came back, by name.
    case done([String: String])
    /// It was not, for this UPnP error (§3.2.6); 0 where none is named.
    case error(Int)

    /// Values kept of one answer.
    private static let maximumValueCount = 16

    init(_ response: HTTPResponse) {
        var values: [String: String] = [:]
        var reader = XMLReader(response.body)
        do throws(XMLReader.Malformation) {
            while let token = try reader.next() {
                guard case .text(let text) = token, let name = reader.path.last,
                    values.count < Self.maximumValueCount
                else { continue }
                values[name] = text
            }
        } catch {
            self = .error(0)
            return
        }
        self =
            response.status == 200
            ? .done(values)
            : .error(values["errorCode"].flatMap { Int(decimal: Array($0.utf8)) } ?? 0)
    }
}

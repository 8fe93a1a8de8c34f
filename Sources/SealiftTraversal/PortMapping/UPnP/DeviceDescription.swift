/// Where a gateway's description says that ports are mapped (UPnP Device Architecture 1.1 §2.3).
struct DeviceDescription: Equatable {
    /// A service that maps ports.
    struct Service: Equatable {
        /// Its type, as actions name it.
        let type: String
        /// Where its actions are called.
        let control: HTTPLocation

        /// Whether it chooses a free port by itself (WANIPConnection:2, §2.5.16).
        var choosesPort: Bool { type.hasSuffix(":WANIPConnection:2") }
    }

    /// The types that map ports, best first.
    private static let types = [
        "urn:schemas-upnp-org:service:WANIPConnection:2",
        "urn:schemas-upnp-org:service:WANIPConnection:1",
        "urn:schemas-upnp-org:service:WANPPPConnection:1",
    ]

    /// The best service.
    let service: Service

    /// Reads a description that came from `location`; nil where it is malformed, has no such service, or
    /// has it at another host.
    init?(_ document: [UInt8], from location: HTTPLocation) {
        var reader = XMLReader(document)
        var (base, type, control) = (location, "", "")
        var services: [Service] = []
        do throws(XMLReader.Malformation) {
            var depthOfService = 0
            while let token = try reader.next() {
                switch token {
                case .begin("service"):
                    (type, control) = ("", "")
                    depthOfService = reader.path.count
                case .begin:
                    break
                case .text(let text):
                    switch reader.path.last {
                    case "URLBase": base = location.resolving(text) ?? location
                    case "serviceType": type = text
                    case "controlURL": control = text
                    default: break
                    }
                case .end:
                    guard depthOfService > 0, reader.path.count == depthOfService - 1 else {
                        continue
                    }
                    depthOfService = 0
                    if Self.types.contains(type), let control = base.resolving(control) {
                        services.append(Service(type: type, control: control))
                    }
                }
            }
        } catch {
            return nil
        }
        let best = Self.types.lazy.compactMap { type in services.first { $0.type == type } }.first
        guard let best else { return nil }
        service = best
    }
}

import SealiftTraversal

/// The outer addresses that routers forward to our sockets now.
struct MappedPorts {
    private(set) var addresses: [TransportAddress] = []
    /// Grows with each change.
    private(set) var revision = 0

    /// Takes note of what a mapper found.
    mutating func take(_ event: PortMapper.Event) {
        switch event {
        case .mapped(let mapping):
            guard !addresses.contains(mapping.external) else { return }
            addresses.append(mapping.external)
        case .lost(let mapping):
            addresses.removeAll { $0 == mapping.external }
        }
        revision += 1
    }
}

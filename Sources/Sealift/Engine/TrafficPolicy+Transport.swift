import SealiftTransport

extension TrafficPolicy {
    /// Sets what the policy says in a connection's configuration.
    func apply(to configuration: inout ConnectionConfiguration) {
        configuration.congestion =
            switch control {
            case .bbr: .bbr()
            case .lossTolerant: .lossTolerant
            case .cubic: .cubic
            case .background: .background
            case .fixed(let bits): .fixedRate(bytesPerSecond: Double(bits) / 8)
            }
        configuration.maximumRate = maximumRate.map { Double($0) / 8 }
    }
}

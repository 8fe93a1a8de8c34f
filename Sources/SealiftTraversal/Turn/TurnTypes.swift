extension StunMessageType {
    static let allocateRequest = StunMessageType(rawValue: 0x0003)
    static let refreshRequest = StunMessageType(rawValue: 0x0004)
    static let permissionRequest = StunMessageType(rawValue: 0x0008)
    static let channelBindRequest = StunMessageType(rawValue: 0x0009)
    static let sendIndication = StunMessageType(rawValue: 0x0016)
    static let dataIndication = StunMessageType(rawValue: 0x0017)

    /// The success of a request of this type (RFC 8489 §5).
    var success: StunMessageType { StunMessageType(rawValue: rawValue | 0x0100) }
    /// Its failure.
    var failure: StunMessageType { StunMessageType(rawValue: rawValue | 0x0110) }
}

extension StunAttributeType {
    static let channelNumber = StunAttributeType(rawValue: 0x000C)
    static let lifetime = StunAttributeType(rawValue: 0x000D)
    static let xorPeerAddress = StunAttributeType(rawValue: 0x0012)
    static let data = StunAttributeType(rawValue: 0x0013)
    static let realm = StunAttributeType(rawValue: 0x0014)
    static let nonce = StunAttributeType(rawValue: 0x0015)
    static let xorRelayedAddress = StunAttributeType(rawValue: 0x0016)
    static let requestedAddressFamily = StunAttributeType(rawValue: 0x0017)
    static let requestedTransport = StunAttributeType(rawValue: 0x0019)
    static let messageIntegritySHA256 = StunAttributeType(rawValue: 0x001C)
    static let passwordAlgorithm = StunAttributeType(rawValue: 0x001D)
    static let passwordAlgorithms = StunAttributeType(rawValue: 0x8002)
}

/// What a TURN server gave, and until when it must be asked again (RFC 8656 §7.3).
public struct TurnAllocation: Equatable, Sendable {
    /// Where peers reach us, through the server.
    public let relayed: TransportAddress
    /// What the server sees us as; nil where it does not say.
    public let mapped: TransportAddress?
}

/// Why there is no relay.
public enum TurnFailure: Error, Equatable, Sendable {
    /// The server does not answer, or not any more.
    case noAnswer
    /// The user name or password is wrong (401 again, 441).
    case wrongCredentials
    /// The server lets us not (403).
    case forbidden
    /// Too many allocations of this user (486).
    case quotaReached
    /// The server is full (508).
    case insufficientCapacity
    /// The server has, or lost, an allocation for our port (437).
    case allocationMismatch
    /// The server names another one (300), which the user did not.
    case redirected
    /// Another error, or an answer that breaks the form (0).
    case refused(Int)

    init(code: Int) {
        self =
            switch code {
            case 300: .redirected
            case 401, 441: .wrongCredentials
            case 403: .forbidden
            case 437: .allocationMismatch
            case 486: .quotaReached
            case 508: .insufficientCapacity
            default: .refused(code)
            }
    }
}

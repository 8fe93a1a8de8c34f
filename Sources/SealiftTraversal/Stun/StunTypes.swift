/// A STUN message's method and class (RFC 8489 §5).
public struct StunMessageType: RawRepresentable, Hashable, Sendable {
    /// The 16 bits on the wire; the top two are zero.
    public let rawValue: UInt16

    /// Takes the bits as they are.
    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// A request for the address that we are seen at.
    public static let bindingRequest = StunMessageType(rawValue: 0x0001)
    /// Keeps a mapping alive; nobody answers.
    public static let bindingIndication = StunMessageType(rawValue: 0x0011)
    /// The answer.
    public static let bindingSuccess = StunMessageType(rawValue: 0x0101)
    /// The answer to a request that could not be served.
    public static let bindingError = StunMessageType(rawValue: 0x0111)
}

/// The type of a STUN attribute (RFC 8489 §18.3).
public struct StunAttributeType: RawRepresentable, Hashable, Sendable {
    /// The number on the wire.
    public let rawValue: UInt16

    /// Takes the number as it is.
    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    static let mappedAddress = StunAttributeType(rawValue: 0x0001)
    static let username = StunAttributeType(rawValue: 0x0006)
    static let messageIntegrity = StunAttributeType(rawValue: 0x0008)
    static let errorCode = StunAttributeType(rawValue: 0x0009)
    static let unknownAttributes = StunAttributeType(rawValue: 0x000A)
    static let xorMappedAddress = StunAttributeType(rawValue: 0x0020)
    static let priority = StunAttributeType(rawValue: 0x0024)
    static let useCandidate = StunAttributeType(rawValue: 0x0025)
    static let software = StunAttributeType(rawValue: 0x8022)
    static let fingerprint = StunAttributeType(rawValue: 0x8028)

    /// Whether a receiver that does not know the attribute must refuse the message.
    var isRequired: Bool { rawValue < 0x8000 }

    /// Whether a Binding server may pass over it.
    var isKnown: Bool {
        switch self {
        case .mappedAddress, .username, .messageIntegrity, .errorCode, .unknownAttributes,
            .xorMappedAddress, .priority, .useCandidate:
            true
        default: false
        }
    }
}

/// Stands where the handshake's result will be.
public struct EstablishedSession: Sendable {}

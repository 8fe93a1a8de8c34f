import SealiftBase

extension Connection {
    var keyDeadline: Instant? { nil }
    mutating func serviceKeys(now: Instant) {}
    var ratchetHasWork: Bool { false }
    mutating func writeRatchet(into frames: inout FrameWriter) -> Bool { false }
    mutating func receiveRatchetOffer(_ part: RatchetPart, now: Instant) throws(Violation) {}
    mutating func receiveRatchetAnswer(_ part: RatchetPart, now: Instant) throws(Violation) {}
    mutating func ratchetOfferPartAcknowledged(number: UInt64, part: UInt8) {}
    mutating func ratchetAnswerPartAcknowledged(number: UInt64, part: UInt8) {}
    mutating func ratchetOfferPartLost(number: UInt64, part: UInt8) {}
    mutating func ratchetAnswerPartLost(number: UInt64, part: UInt8) {}
}

import SealiftBase
import SealiftCrypto

/// The ratchets of one session, one at a time: offers at the initiator, answers at the responder
/// (PROTOCOL §6.8).
struct RatchetExchange {
    /// The offer without an answer; initiator only.
    private var offer: RatchetOffer?
    /// The latest number offered, or at the responder answered.
    private(set) var latestNumber: UInt64 = 0
    private var outgoing: RatchetMessageParts?
    private var incoming: RatchetMessageAssembly?
    private var lastOfferAt: Instant
    private var bytesAtLastOffer: UInt64 = 0

    /// Starts before the first ratchet.
    init(now: Instant) {
        lastOfferAt = now
    }

    /// Whether an offer waits for its answer.
    var isUnanswered: Bool { offer != nil }
    /// Whether a part waits to be sent.
    var hasWork: Bool { outgoing?.hasWork ?? false }

    /// Whether the initiator should offer: after so many bytes or so much time.
    func isDue(
        bytes: UInt64, interval: (bytes: UInt64, time: Duration), now: Instant
    ) -> Bool {
        offer == nil
            && (bytes - min(bytes, bytesAtLastOffer) >= interval.bytes
                || now - lastOfferAt >= interval.time)
    }

    /// Makes an offer of new keys, to be sent from now on.
    /// - Throws: ``RatchetError`` if the library fails.
    mutating func makeOffer(
        bytes: UInt64, entropy: inout some EntropySource, now: Instant
    ) throws(RatchetError) {
        let made = try RatchetOffer(number: latestNumber + 1, entropy: &entropy)
        latestNumber = made.number
        offer = made
        outgoing = RatchetMessageParts(number: made.number, message: made.message)
        incoming = nil
        lastOfferAt = now
        bytesAtLastOffer = bytes
    }

    /// Writes waiting parts and reports the index of each.
    mutating func write(
        _ type: FrameType, into frames: inout FrameWriter, wrote: (UInt64, UInt8) -> Void
    ) {
        guard var parts = outgoing else { return }
        let number = parts.number
        outgoing = nil
        parts.write(type, into: &frames) { wrote(number, $0) }
        outgoing = parts
    }

    /// Takes in part of an offer; responder only.
    /// - Returns: the mix, once the offer is whole and its answer made.
    mutating func receiveOffer(
        _ part: RatchetPart, entropy: inout some EntropySource
    ) throws(Violation) -> SecretBytes? {
        // A part of an offer answered before was repeated: the answer takes care of itself.
        guard part.number > latestNumber else { return nil }
        guard part.number == latestNumber + 1 else { throw .unexpectedRatchet }
        guard let message = try assemble(part) else { return nil }
        let answer = message.withUnsafeBytes { bytes in
            try? RatchetAnswer(to: bytes, entropy: &entropy)
        }
        guard let answer, answer.number == part.number else { throw .malformedRatchet }
        latestNumber = answer.number
        outgoing = RatchetMessageParts(number: answer.number, message: answer.message)
        return answer.mix
    }

    /// Takes in part of an answer; initiator only.
    /// - Returns: the mix, once the answer is whole.
    mutating func receiveAnswer(_ part: RatchetPart) throws(Violation) -> SecretBytes? {
        guard part.number <= latestNumber else { throw .unexpectedRatchet }
        guard let offer, part.number == latestNumber else { return nil }
        guard let message = try assemble(part) else { return nil }
        let mix = message.withUnsafeBytes { try? offer.finish(with: $0) }
        guard let mix else { throw .malformedRatchet }
        self.offer = nil
        outgoing = nil
        return mix
    }

    private mutating func assemble(_ part: RatchetPart) throws(Violation) -> [UInt8]? {
        var assembly = incoming ?? RatchetMessageAssembly(part)
        if assembly.number != part.number { assembly = RatchetMessageAssembly(part) }
        let message = try assembly.receive(part)
        incoming = message == nil ? assembly : nil
        return message
    }

    /// A part this end sent arrived.
    mutating func acknowledged(number: UInt64, part: UInt8) {
        if outgoing?.number == number { outgoing?.acknowledged(part: part) }
    }

    /// A part this end sent was lost.
    mutating func lost(number: UInt64, part: UInt8) {
        if outgoing?.number == number { outgoing?.lost(part: part) }
    }
}

/// What a sent packet carried that matters once its fate is known: the content is named, never
/// copied, so that a loss sends the range again and an acknowledgement lets it go.
enum SentFrame: Equatable {
    /// Bytes of the object in this slot of the sender's table. The id tells whether the slot still
    /// holds that object.
    case objectData(slot: UInt32, ObjectID, offset: UInt32, length: UInt32)
    case controlData(offset: UInt64, length: UInt32)
    case controlCredit(limit: UInt64)
    /// An ACK of the peer's packets under `sequence` up to `largest`; never sent again.
    case acknowledgement(sequence: UInt32, largest: UInt64)
    case acknowledgementFrequency(sequence: UInt64)
    case ratchetOffer(number: UInt64, part: UInt8)
    case ratchetAnswer(number: UInt64, part: UInt8)
}

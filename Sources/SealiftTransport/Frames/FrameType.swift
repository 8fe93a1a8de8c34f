/// The first byte of a frame (PROTOCOL §6).
enum FrameType: UInt8 {
    case padding = 0x00
    case ping = 0x01
    case acknowledgement = 0x02
    case acknowledgementWithECN = 0x03
    case objectData = 0x04
    case controlData = 0x05
    case controlCredit = 0x06
    case pathChallenge = 0x07
    case pathResponse = 0x08
    case ratchetOffer = 0x09
    case ratchetAnswer = 0x0A
    case immediateAcknowledgement = 0x0B
    case acknowledgementFrequency = 0x0C
    case close = 0x0D
}

/// What one local connection id needs to send.
struct SendPath: Sendable {
    let sequence: UInt32
    let connectionID: UInt64
    /// The present generation's cipher.
    var cipher: PacketCipher
    /// The lowest packet number that may be sealed next; never falls, whatever the generation.
    var nextNumber: UInt64 = 0
    /// `nextNumber` when the present generation began: numbers from here on belong to it.
    var firstNumberOfGeneration: UInt64 = 0
    /// Packets sealed in the present generation.
    var sealedInGeneration: UInt64 = 0
}

/// What one of the peer's connection ids needs to receive.
struct ReceivePath: Sendable {
    let sequence: UInt32
    let connectionID: UInt64
    /// Numbers received under this id, in all generations.
    var window = ReplayWindow()
    /// The cipher of g − 1, until it is discarded.
    var previous: PacketCipher?
    /// The cipher of g, made when it is first needed.
    var current: PacketCipher?
    /// The cipher of g + 1 with the present mix, made when such a packet is first tried.
    var next: PacketCipher?
}

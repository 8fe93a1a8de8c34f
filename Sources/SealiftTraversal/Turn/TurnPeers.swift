import SealiftBase

/// The peers that a relay lets through, each with a channel (RFC 8656 §12).
struct TurnPeers: Sendable {
    /// As many as there are candidates of two ends; a server that names more is not followed.
    static let limit = 32
    /// Permissions last five minutes, channels ten (§9, §12): one request renews both.
    static let renewal = Duration.seconds(240)

    struct Peer: Sendable {
        let address: TransportAddress
        let channel: UInt16
        /// Whether the server confirmed the channel.
        var isBound = false
        /// When the channel is to be asked for; nil while it is being.
        var due: Instant?
    }

    private(set) var peers: [Peer] = []

    subscript(address: TransportAddress) -> Peer? { peers.first { $0.address == address } }

    /// Whose channel it is.
    func address(ofChannel channel: UInt16) -> TransportAddress? {
        let index = Int(channel) - Int(ChannelData.numbers.lowerBound)
        return peers.indices.contains(index) ? peers[index].address : nil
    }

    /// The earliest due time.
    var next: Instant? { peers.compactMap(\.due).min() }

    /// Lets a peer in; false where there are too many.
    mutating func add(_ address: TransportAddress, now: Instant) -> Bool {
        if self[address] != nil { return true }
        guard peers.count < Self.limit else { return false }
        let channel = ChannelData.numbers.lowerBound + UInt16(peers.count)
        peers.append(Peer(address: address, channel: channel, due: now))
        return true
    }

    /// The next peer whose channel is due; from now on it is being asked for.
    mutating func takeDue(now: Instant) -> Peer? {
        guard let index = peers.firstIndex(where: { $0.due.map { $0 <= now } ?? false }) else {
            return nil
        }
        peers[index].due = nil
        return peers[index]
    }

    /// The server confirmed, or refused, a channel. A refused one is asked for again later.
    mutating func settle(channel: UInt16, isBound: Bool, now: Instant) {
        guard let index = peers.firstIndex(where: { $0.channel == channel }) else { return }
        peers[index].isBound = isBound
        peers[index].due = now + Self.renewal
    }

    /// Everything is to be asked for anew: the allocation is another one.
    mutating func reset(now: Instant) {
        for index in peers.indices {
            peers[index].isBound = false
            peers[index].due = now
        }
    }
}

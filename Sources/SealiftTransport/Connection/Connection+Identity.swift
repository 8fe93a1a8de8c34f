public import SealiftBase
public import SealiftCrypto

extension Connection {
    /// The connection ids under which the peer's packets for this connection come, now and after its
    /// next moves: what whoever shares a socket between connections looks packets up by.
    public var acceptedConnectionIDs: [ConnectionID] { protection.acceptedConnectionIDs }

    /// The highest sequence of the peer's connection ids that a packet came under; when it grows,
    /// ``acceptedConnectionIDs`` are others.
    public var peerSequence: UInt32 { protection.highestPeerSequence }

    /// When the last packet of the peer opened; before the first, when the connection began.
    public var lastHeard: Instant { lastOpenedAt }
}

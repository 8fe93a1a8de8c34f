extension PacketProtection {
    /// The connection id in the clear header of a packet; nil for what is no packet. Nothing is
    /// authenticated yet: it only says which session may try to open the datagram.
    public static func connectionID(
        ofPacket datagram: UnsafeRawBufferPointer
    ) -> ConnectionID? {
        PacketHeader(datagram).map { ConnectionID(rawValue: $0.connectionID) }
    }
}

/// The memory that packets are opened into; one packet at a time, frames are read from it in place.
final class PlaintextScratch: @unchecked Sendable {
    // @unchecked Sendable: the memory has no lock; it belongs to the one connection that made it,
    // and is touched only inside `Connection.receive`, which is exclusive.

    /// Room for the largest datagram of UDP.
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 64)

    deinit {
        bytes.deallocate()
    }
}

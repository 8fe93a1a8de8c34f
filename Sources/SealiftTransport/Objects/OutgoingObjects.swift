import DequeModule
import SealiftBase

/// The objects this end sends: first come, first sent, in chunks of whatever fits a packet. A lost
/// chunk is sent again before anything new.
///
/// Objects sit in slots that are used again; what a packet carried names slot and id, so that
/// neither sending nor acknowledging looks anything up by hash.
struct OutgoingObjects {
    private struct Slot {
        var id: ObjectID
        /// Nil while the slot is free.
        var buffer: ObjectBuffer?
        /// Bytes of the object.
        var length: UInt32
        /// Bytes before this were sent at least once.
        var sent: UInt32 = 0
        /// Bytes the peer has.
        var acknowledged = IntervalSet()
        /// Bytes to send again.
        var lost = IntervalSet()
        /// Whether the slot stands in the queue of losses.
        var isQueuedForLoss = false

        init(id: ObjectID, buffer: ObjectBuffer) {
            self.id = id
            self.buffer = buffer
            length = UInt32(buffer.count)
        }
    }

    /// A run of bytes to put in a packet.
    struct Chunk {
        var slot: UInt32
        var id: ObjectID
        var offset: UInt32
        var bytes: UnsafeRawBufferPointer
    }

    // Changed in place, field by field: with every packet and every ACK.
    private var slots: [Slot] = []
    private var freeSlots: [UInt32] = []
    private var fresh = Deque<UInt32>()
    private var withLosses = Deque<UInt32>()
    /// Object bytes not yet sent once.
    private(set) var unsentByteCount = 0

    /// Objects of which a byte was not yet sent once.
    var unsentCount: Int { fresh.count }

    /// Whether there is anything to send.
    var hasWork: Bool { !fresh.isEmpty || !withLosses.isEmpty }

    /// Queues an object behind the others.
    mutating func append(_ id: ObjectID, _ buffer: ObjectBuffer) {
        precondition(buffer.count > 0 && buffer.count <= Int(UInt32.max), "1 byte to 4 GiB")
        let slot: UInt32
        if let free = freeSlots.popLast() {
            slot = free
            slots[Int(free)] = Slot(id: id, buffer: buffer)
        } else {
            slot = UInt32(slots.count)
            slots.append(Slot(id: id, buffer: buffer))
        }
        fresh.append(slot)
        unsentByteCount += buffer.count
    }

    /// Takes the run for an object frame of at most `space` bytes, losses first; nil if nothing waits or no
    /// byte has room.
    mutating func nextChunk(space: Int) -> Chunk? {
        nextLostChunk(space) ?? nextFreshChunk(space)
    }

    private mutating func nextLostChunk(_ space: Int) -> Chunk? {
        while let index = withLosses.first {
            let slot = Int(index)
            var range: Range<UInt64>?
            if let first = slots[slot].lost.bounds?.lowerBound {
                let room = FrameWriter.objectRoom(
                    of: space, slots[slot].id, offset: UInt32(first))
                guard room > 0 else { return nil }
                range = slots[slot].lost.popFirst(atMost: UInt64(room))
            }
            if slots[slot].lost.isEmpty {
                slots[slot].isQueuedForLoss = false
                withLosses.removeFirst()
            }
            guard let range else { continue }
            return chunk(
                index, offset: UInt32(range.lowerBound),
                length: UInt32(range.upperBound - range.lowerBound))
        }
        return nil
    }

    private mutating func nextFreshChunk(_ space: Int) -> Chunk? {
        guard let index = fresh.first else { return nil }
        let slot = Int(index)
        let offset = slots[slot].sent
        let room = FrameWriter.objectRoom(of: space, slots[slot].id, offset: offset)
        let length = min(UInt32(room), slots[slot].length - offset)
        guard length > 0 else { return nil }
        slots[slot].sent = offset + length
        if offset + length == slots[slot].length { fresh.removeFirst() }
        unsentByteCount -= Int(length)
        // The next run is fetched while this one is sealed.
        let next = Int(offset + length)
        slots[slot].buffer?.prefetch(forReading: next..<(next + Int(length)))
        return chunk(index, offset: offset, length: length)
    }

    private func chunk(_ index: UInt32, offset: UInt32, length: UInt32) -> Chunk? {
        guard let buffer = slots[Int(index)].buffer else { return nil }
        return Chunk(
            slot: index, id: slots[Int(index)].id, offset: offset,
            bytes: UnsafeRawBufferPointer(
                rebasing: buffer.bytes[Int(offset)..<Int(offset + length)]))
    }

    /// Whether a slot holds this object still.
    private func holds(_ index: UInt32, _ id: ObjectID) -> Bool {
        Int(index) < slots.count && slots[Int(index)].id == id && slots[Int(index)].buffer != nil
    }

    /// A chunk arrived.
    /// - Returns: the object's id if that was the last byte missing; its buffer is then let go.
    mutating func acknowledged(
        slot index: UInt32, id: ObjectID, offset: UInt32, length: UInt32
    ) -> ObjectID? {
        guard holds(index, id) else { return nil }
        let slot = Int(index)
        let range = UInt64(offset)..<(UInt64(offset) + UInt64(length))
        slots[slot].acknowledged.insert(range)
        if slots[slot].isQueuedForLoss { slots[slot].lost.remove(range) }
        guard slots[slot].acknowledged.contains(0..<UInt64(slots[slot].length)) else { return nil }
        // An empty slot may be used again at once: it must not be left in the queue of losses.
        if slots[slot].isQueuedForLoss { withLosses.removeAll { $0 == index } }
        slots[slot].buffer = nil
        slots[slot].acknowledged = IntervalSet()
        slots[slot].lost = IntervalSet()
        freeSlots.append(index)
        return id
    }

    /// A chunk was lost: what the peer does not have of it is queued again.
    mutating func lost(slot index: UInt32, id: ObjectID, offset: UInt32, length: UInt32) {
        guard holds(index, id) else { return }
        let slot = Int(index)
        let range = UInt64(offset)..<(UInt64(offset) + UInt64(length))
        let missing = slots[slot].acknowledged.gaps(in: range)
        guard !missing.isEmpty else { return }
        for part in missing { slots[slot].lost.insert(part) }
        if !slots[slot].isQueuedForLoss {
            slots[slot].isQueuedForLoss = true
            withLosses.append(index)
        }
    }

    /// Lets every buffer go: the session is over.
    mutating func removeAll() {
        self = OutgoingObjects()
    }
}

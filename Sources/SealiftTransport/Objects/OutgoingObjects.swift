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
        var buffer: ObjectBuffer
        /// Bytes before this were sent at least once.
        var sent: UInt32 = 0
        /// Bytes the peer has.
        var acknowledged = IntervalSet()
        /// Bytes to send again.
        var lost = IntervalSet()
        /// Whether the slot stands in the queue of losses.
        var isQueuedForLoss = false
    }

    /// A run of bytes to put in a packet.
    struct Chunk {
        var slot: UInt32
        var id: ObjectID
        var offset: UInt32
        var bytes: UnsafeRawBufferPointer
    }

    private var slots: [Slot?] = []
    private var freeSlots: [UInt32] = []
    private var fresh = Deque<UInt32>()
    private var withLosses = Deque<UInt32>()
    /// Object bytes not yet sent once.
    private(set) var unsentByteCount = 0
    /// Lost bytes waiting to be sent again; an upper bound, for an ACK may still thin them.
    private(set) var lostByteCount = 0

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

    /// Takes the next run of at most `room` bytes, losses first; nil if nothing waits.
    mutating func nextChunk(room: Int) -> Chunk? {
        guard room > 0 else { return nil }
        return nextLostChunk(room: room) ?? nextFreshChunk(room: room)
    }

    private mutating func nextLostChunk(room: Int) -> Chunk? {
        while let index = withLosses.first {
            let range = slots[Int(index)]?.lost.popFirst(atMost: UInt64(room))
            if slots[Int(index)]?.lost.isEmpty ?? true {
                slots[Int(index)]?.isQueuedForLoss = false
                withLosses.removeFirst()
            }
            guard let range, let slot = slots[Int(index)] else { continue }
            let length = Int(range.upperBound - range.lowerBound)
            lostByteCount -= length
            return chunk(index, slot, offset: UInt32(range.lowerBound), length: length)
        }
        return nil
    }

    private mutating func nextFreshChunk(room: Int) -> Chunk? {
        guard let index = fresh.first, let slot = slots[Int(index)] else { return nil }
        let length = min(room, slot.buffer.count - Int(slot.sent))
        slots[Int(index)]?.sent += UInt32(length)
        if Int(slot.sent) + length == slot.buffer.count { fresh.removeFirst() }
        unsentByteCount -= length
        return chunk(index, slot, offset: slot.sent, length: length)
    }

    private func chunk(_ index: UInt32, _ slot: Slot, offset: UInt32, length: Int) -> Chunk {
        Chunk(
            slot: index, id: slot.id, offset: offset,
            bytes: UnsafeRawBufferPointer(
                rebasing: slot.buffer.bytes[Int(offset)..<(Int(offset) + length)]))
    }

    /// A chunk arrived.
    /// - Returns: the object's id if that was the last byte missing; its buffer is then let go.
    mutating func acknowledged(
        slot index: UInt32, id: ObjectID, offset: UInt32, length: UInt32
    ) -> ObjectID? {
        guard Int(index) < slots.count, slots[Int(index)]?.id == id else { return nil }
        let range = UInt64(offset)..<(UInt64(offset) + UInt64(length))
        slots[Int(index)]?.acknowledged.insert(range)
        if slots[Int(index)]?.isQueuedForLoss == true { withdrawLoss(index, range) }
        guard let slot = slots[Int(index)],
            slot.acknowledged.contains(0..<UInt64(slot.buffer.count))
        else { return nil }
        // An empty slot may be used again at once: it must not be left in the queue of losses.
        if slot.isQueuedForLoss { withLosses.removeAll { $0 == index } }
        slots[Int(index)] = nil
        freeSlots.append(index)
        return id
    }

    private mutating func withdrawLoss(_ index: UInt32, _ range: Range<UInt64>) {
        guard var lost = slots[Int(index)]?.lost else { return }
        let before = lost.count
        lost.remove(range)
        lostByteCount -= Int(before - lost.count)
        slots[Int(index)]?.lost = lost
    }

    /// A chunk was lost: what the peer does not have of it is queued again.
    mutating func lost(slot index: UInt32, id: ObjectID, offset: UInt32, length: UInt32) {
        guard Int(index) < slots.count, slots[Int(index)]?.id == id else { return }
        let range = UInt64(offset)..<(UInt64(offset) + UInt64(length))
        guard let acknowledged = slots[Int(index)]?.acknowledged else { return }
        var missing = IntervalSet(range)
        if !acknowledged.isEmpty {
            for known in acknowledged.ranges where known.overlaps(range) { missing.remove(known) }
        }
        guard !missing.isEmpty, var lost = slots[Int(index)]?.lost else { return }
        let before = lost.count
        for part in missing.ranges { lost.insert(part) }
        lostByteCount += Int(lost.count - before)
        slots[Int(index)]?.lost = lost
        if slots[Int(index)]?.isQueuedForLoss == false {
            slots[Int(index)]?.isQueuedForLoss = true
            withLosses.append(index)
        }
    }

    /// Lets every buffer go: the session is over.
    mutating func removeAll() {
        self = OutgoingObjects()
    }
}

import SealiftBase

/// The objects this end asked for. A request is the credit: nothing else is accepted, and memory is
/// bounded by what was asked (PROTOCOL §6.2).
struct IncomingObjects {
    /// What became of an object frame.
    enum OnFrame {
        case accepted
        /// The object is whole.
        case complete(ObjectID, ObjectBuffer)
        /// Acceptable but not now: the packet must not be acknowledged, so that it comes again.
        case refused
    }

    private var slots: [IncomingObject?] = []
    private var freeSlots: [Int] = []
    private var slotOfID: [ObjectID: Int] = [:]
    /// Ids from here on were never requested.
    private(set) var nextID = ObjectID(0)
    // Chunks of one object come in runs: the slot found last is nearly always the next one.
    private var latestID: ObjectID?
    private var latestSlot = 0

    /// Objects requested and not complete.
    var expectedCount: Int { slotOfID.count }

    /// Expects objects of consecutive ids.
    /// - Precondition: `first` is the next unused id, every length at least 1.
    mutating func expect(first: ObjectID, lengths: some Collection<Int>) {
        precondition(first == nextID, "object ids are consecutive")
        for length in lengths {
            precondition(length > 0 && length <= Int(UInt32.max), "1 byte to 4 GiB")
            let object = IncomingObject(id: nextID, length: length)
            if let free = freeSlots.popLast() {
                slots[free] = object
                slotOfID[nextID] = free
            } else {
                slotOfID[nextID] = slots.count
                slots.append(object)
            }
            nextID.rawValue += 1
        }
    }

    /// Gives up an object: what still comes of it is ignored.
    mutating func withdraw(_ id: ObjectID) {
        guard let slot = slotOfID[id] else { return }
        release(slot, id)
    }

    private mutating func release(_ slot: Int, _ id: ObjectID) {
        slots[slot] = nil
        freeSlots.append(slot)
        slotOfID[id] = nil
        if latestID == id { latestID = nil }
    }

    /// Takes in an object frame.
    /// - Throws: ``Violation/unrequestedObject``, ``Violation/objectOverrun``.
    mutating func receive(
        _ id: ObjectID, offset: UInt64, bytes: UnsafeRawBufferPointer
    ) throws(Violation) -> OnFrame {
        guard id < nextID else { throw .unrequestedObject }
        if latestID != id {
            // Complete or withdrawn before: ignored.
            guard let slot = slotOfID[id] else { return .accepted }
            latestID = id
            latestSlot = slot
        }
        let slot = latestSlot
        switch slots[slot]?.receive(offset: offset, bytes: bytes) {
        case .overrun: throw .objectOverrun
        case .refused: return .refused
        case .complete:
            let buffer = slots[slot]?.buffer
            release(slot, id)
            return buffer.map { .complete(id, $0) } ?? .accepted
        case .stored, .duplicate, nil: return .accepted
        }
    }

    /// Lets every buffer go: the session is over. Ids stay used.
    mutating func removeAll() {
        let next = nextID
        self = IncomingObjects()
        nextID = next
    }
}

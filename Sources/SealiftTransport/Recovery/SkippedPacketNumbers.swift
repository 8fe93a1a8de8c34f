import SealiftBase

/// Chooses now and then a packet number to skip, and remembers the latest ones: an ACK that names
/// one was made without receiving, to inflate the window (RFC 9000 §21.4).
struct SkippedPacketNumbers {
    /// How many skipped numbers are remembered.
    static let memory = 8

    private var generator: SeededGenerator
    private var next: UInt64
    private var numbers: [UInt64] = []
    private var oldest = 0

    /// Starts with an unpredictable seed. The first skip falls early, while the window is small.
    init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
        next = UInt64.random(in: 8...64, using: &generator)
        numbers.reserveCapacity(Self.memory)
    }

    /// Whether `number` is to be skipped; if so, it is remembered.
    mutating func shouldSkip(_ number: UInt64) -> Bool {
        guard number >= next else { return false }
        next = number + UInt64.random(in: 128...4096, using: &generator)
        if numbers.count < Self.memory {
            numbers.append(number)
        } else {
            numbers[oldest] = number
            oldest = (oldest + 1) % Self.memory
        }
        return true
    }

    /// Whether one of the remembered numbers lies in `range`.
    func contains(anyOf range: ClosedRange<UInt64>) -> Bool {
        for number in numbers where range.contains(number) { return true }
        return false
    }
}

/// Tells from a plateau of the delivery rate that the pipe is full (draft-ietf-ccwg-bbr-06
/// §5.3.1.2): three rounds in a row in which it grew by less than a quarter.
struct FullPipeDetector: Equatable {
    static let growth = 1.25
    static let rounds = 3

    /// Whether the pipe was ever full: the end of start-up.
    var wasReached = false
    /// Whether it is full since the search began.
    private(set) var isFull = false
    private var baseline = 0.0
    private var plateauRounds = 0

    /// Begins a new search, from a rate in bytes per second.
    mutating func restart(from rate: Double = 0) {
        baseline = rate
        plateauRounds = 0
        isFull = false
    }

    /// Takes in the rate at the end of a round, if it was not the application that set it.
    mutating func roundEnded(rate: Double) {
        guard !isFull else { return }
        guard rate < baseline * Self.growth else { return restart(from: rate) }
        plateauRounds += 1
        guard plateauRounds >= Self.rounds else { return }
        isFull = true
        wasReached = true
    }
}

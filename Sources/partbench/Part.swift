/// One part of the data path, alone in memory: what it does again and again while it is measured.
protocol Part {
    /// As it is called on the command line and in `docs/PERFORMANCE.md`.
    static var name: String { get }
    /// What one ``run()`` works on.
    static var bytesPerRun: Int { get }
    /// Packets in one run; 0 where the part knows no packets.
    static var packetsPerRun: Int { get }

    init() throws

    /// Makes ready what the next run needs. Not measured.
    mutating func prepare() throws
    /// The work.
    mutating func run() throws
}

/// Why a part could not be measured.
enum PartFailure: Error {
    /// The library under the part refused what a transfer would never meet.
    case refused(String)
}

/// One parser or machine that reads bytes of a peer or of a disk, in the form that a fuzzer drives:
/// bytes in, nothing out, and a ``BrokenRule`` where the answer is wrong though nothing trapped.
///
/// The same functions run under libFuzzer (`make fuzz`) and in the tests, which replay every seed and
/// every input that was ever found to break something.
public struct FuzzTarget: Sendable {
    /// Its name: on the command line, and of its folder of regressions.
    public let name: String
    /// The longest input worth trying, in bytes.
    public let maximumLength: Int
    /// Valid inputs to begin with.
    public let seeds: @Sendable () -> [[UInt8]]
    /// Runs one input.
    private let body: @Sendable (inout FuzzInput) throws(BrokenRule) -> Void

    init(
        _ name: String, maximumLength: Int, seeds: @escaping @Sendable () -> [[UInt8]],
        body: @escaping @Sendable (inout FuzzInput) throws(BrokenRule) -> Void
    ) {
        self.name = name
        self.maximumLength = maximumLength
        self.seeds = seeds
        self.body = body
    }

    /// Runs one input.
    /// - Throws: ``BrokenRule`` where something that must always hold did not.
    public func run(_ bytes: UnsafeRawBufferPointer) throws(BrokenRule) {
        var input = FuzzInput(bytes)
        try body(&input)
    }

    /// Every target, those that strangers reach first.
    public static let all: [FuzzTarget] = [
        .handshakeResponder, .handshakeInitiator, .packets, .deviceKeys, .probes, .calls,
        .connection, .controlMessages, .measurement, .receiverSession, .senderSession,
        .deviceChain, .peopleTexts, .pairing, .contact, .link,
        .listing, .listingEntry, .names, .holes,
        .stun, .rendezvousMessages, .rendezvousServer, .codeEnds, .sealedBox, .meeting,
        .gateway, .deviceDocuments, .turn, .turnStream,
        .ticket, .pairingCode, .ticketRecord, .pieceJournal, .pieceHashCache, .placedFile,
        .manifestLine, .auditLog, .backup,
    ]

    /// The target called `name`; nil if there is none.
    public static func named(_ name: String) -> FuzzTarget? { all.first { $0.name == name } }
}

/// A rule that must hold for every input, and did not for this one.
public struct BrokenRule: Error, Equatable, CustomStringConvertible {
    /// The rule, in words.
    public let description: String
}

/// Holds the machine under test to a rule.
func demand(
    _ condition: @autoclosure () -> Bool, _ rule: @autoclosure () -> String
) throws(BrokenRule) {
    guard condition() else { throw BrokenRule(description: rule()) }
}
